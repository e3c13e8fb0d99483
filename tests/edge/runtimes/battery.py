"""The runtimes that tests go through; what is not installed is skipped."""

import os

import pytest

import advkeras as ak
from advkeras.edge.runtimes import HERE

# What the extra `test` does not bring.
OPTIONAL = ("tosa",)


def runtimes(*names):
    """Returns a mark that goes through runtimes; all, if none are named."""
    return pytest.mark.parametrize(
        "runtime",
        [
            pytest.param(name, marks=pytest.mark.skipif(**_here(name)))
            for name in names or HERE
        ],
    )


def _here(name):
    demanded = os.environ.get("CI") == "true" and name not in OPTIONAL
    return {
        "condition": not ak.edge.installed([name]) and not demanded,
        "reason": f"{name} is not installed: {HERE[name].remedy}",
    }
