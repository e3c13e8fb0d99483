"""Measurements: success, distortion, transfer, and the noise beside them."""

from advkeras.evaluation.answers import answers_of
from advkeras.evaluation.means import Mean
from advkeras.evaluation.perturbations import amplify
from advkeras.evaluation.perturbations import gaussian_noise
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.rates import fields_from_json
from advkeras.evaluation.rates import fields_to_json
from advkeras.evaluation.robust_accuracy import RobustAccuracy
from advkeras.evaluation.robust_accuracy import robust_accuracy
from advkeras.evaluation.robustness import Robustness
from advkeras.evaluation.robustness import robustness
from advkeras.evaluation.sanity import Check
from advkeras.evaluation.sanity import Checks
from advkeras.evaluation.sanity import check_accuracy
from advkeras.evaluation.sanity import check_card
from advkeras.evaluation.sanity import clean_accuracy
from advkeras.evaluation.sanity import trust
from advkeras.evaluation.success import SuccessRates
from advkeras.evaluation.success import success_rates
from advkeras.evaluation.transfer import TransferMatrix
from advkeras.evaluation.transfer import transfer_matrix

__all__ = [
    "Check",
    "Checks",
    "Mean",
    "Rate",
    "RobustAccuracy",
    "Robustness",
    "SuccessRates",
    "TransferMatrix",
    "amplify",
    "answers_of",
    "check_accuracy",
    "check_card",
    "clean_accuracy",
    "fields_from_json",
    "fields_to_json",
    "gaussian_noise",
    "robust_accuracy",
    "robustness",
    "success_rates",
    "transfer_matrix",
    "trust",
]
