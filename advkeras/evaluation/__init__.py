"""Measurements: success, distortion, transfer, and the noise beside them."""

from advkeras.evaluation.means import Mean
from advkeras.evaluation.perturbations import amplify
from advkeras.evaluation.perturbations import gaussian_noise
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.rates import fields_from_json
from advkeras.evaluation.rates import fields_to_json
from advkeras.evaluation.success import SuccessRates
from advkeras.evaluation.success import success_rates
from advkeras.evaluation.transfer import TransferMatrix
from advkeras.evaluation.transfer import transfer_matrix

__all__ = [
    "Mean",
    "Rate",
    "SuccessRates",
    "TransferMatrix",
    "amplify",
    "fields_from_json",
    "fields_to_json",
    "gaussian_noise",
    "success_rates",
    "transfer_matrix",
]
