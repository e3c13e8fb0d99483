"""The runtimes that tests go through; what is not installed is skipped."""

import os

import pytest

import advkeras as ak
from advkeras.edge.runtimes import HERE

# What the extra `test` does not bring.
OPTIONAL = ("litertjs", "tosa")
# LiteRT.js has no int8 inputs; tests/edge/runtimes/test_litertjs.py is its own.
INT8 = tuple(name for name in HERE if name != "litertjs")


def runtimes(*names):
    """Returns a mark that goes through runtimes; those of int8, without any."""
    return pytest.mark.parametrize(
        "runtime",
        [
            pytest.param(name, marks=pytest.mark.skipif(**_here(name)))
            for name in names or INT8
        ],
    )


def _here(name):
    demanded = os.environ.get("CI") == "true" and name not in OPTIONAL
    return {
        "condition": not ak.edge.installed([name]) and not demanded,
        "reason": f"{name} is not installed: {HERE[name].remedy}",
    }


def skip_where_sums_saturate(session):
    """Skips what is exact on CPUs with instructions of 8-bit integers alone."""
    if "without VNNI" in session.version:
        pytest.skip(
            "OpenVINO's sums of two products saturate at 16 bits on a CPU "
            "without VNNI"
        )
