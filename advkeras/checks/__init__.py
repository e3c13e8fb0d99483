"""Checks of arguments: each names the argument and says what it received."""

from advkeras.checks.examples import NO_ANSWER
from advkeras.checks.examples import as_array
from advkeras.checks.examples import channels_hint
from advkeras.checks.examples import check_given
from advkeras.checks.examples import check_images
from advkeras.checks.examples import check_labels
from advkeras.checks.examples import check_rows
from advkeras.checks.examples import check_shape
from advkeras.checks.examples import is_shape
from advkeras.checks.examples import naming
from advkeras.checks.examples import same_values
from advkeras.checks.settings import Bounds
from advkeras.checks.settings import check_amount
from advkeras.checks.settings import check_bounds
from advkeras.checks.settings import check_channels
from advkeras.checks.settings import check_choice
from advkeras.checks.settings import check_count
from advkeras.checks.settings import check_not_negative
from advkeras.checks.settings import check_positive
from advkeras.checks.settings import check_seed
from advkeras.checks.settings import check_share

__all__ = [
    "NO_ANSWER",
    "Bounds",
    "as_array",
    "channels_hint",
    "check_amount",
    "check_bounds",
    "check_channels",
    "check_choice",
    "check_count",
    "check_given",
    "check_images",
    "check_labels",
    "check_not_negative",
    "check_positive",
    "check_rows",
    "check_seed",
    "check_shape",
    "check_share",
    "is_shape",
    "naming",
    "same_values",
]
