"""Sanity checks: what has to hold before "not fooled" means anything."""

from advkeras.evaluation.sanity.accuracy import CleanAccuracy
from advkeras.evaluation.sanity.accuracy import check_accuracy
from advkeras.evaluation.sanity.accuracy import clean_accuracy
from advkeras.evaluation.sanity.cards import check_card
from advkeras.evaluation.sanity.check import Check
from advkeras.evaluation.sanity.check import Checks
from advkeras.evaluation.sanity.trust import trust

__all__ = [
    "Check",
    "Checks",
    "CleanAccuracy",
    "check_accuracy",
    "check_card",
    "clean_accuracy",
    "trust",
]
