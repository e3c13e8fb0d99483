"""Lines around activations hold on a grid, and are tight where they can be."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from advkeras.analysis.certificates import curves

CURVES = {
    "relu": (curves.rectifier("relu"), lambda z: np.maximum(z, 0)),
    "leaky": (
        curves.rectifier("leaky", 0.2),
        lambda z: np.maximum(z, 0.2 * z),
    ),
    "sigmoid": (curves.sigmoid("sigmoid"), lambda z: 1 / (1 + np.exp(-z))),
    "tanh": (curves.tanh("tanh"), np.tanh),
}


@pytest.mark.parametrize("name", CURVES)
@hypothesis.given(
    st.floats(-30, 30), st.one_of(st.floats(0, 60), st.floats(0, 1e-8))
)
def test_lines_hold_on_a_grid(name, least, width):
    curve, function = CURVES[name]
    ends = np.full((1, 1), least), np.full((1, 1), least + width)
    z = np.linspace(least, least + width, 1001)
    lines = [float(part[0, 0]) for part in curve.lines(*ends)]
    low_slope, low, high_slope, high = lines
    y = function(z)
    assert (low_slope * z + low <= y + 1e-14).all()
    assert (high_slope * z + high >= y - 1e-14).all()
    low, high = (float(end[0, 0]) for end in curve.range(*ends))
    np.testing.assert_allclose([low, high], [y[0], y[-1]], rtol=1e-12)


def test_lines_of_a_rectifier():
    curve = curves.rectifier("relu")
    lines = curve.lines(
        np.array([[-1.0, -3.0, 1.0, -2.0]]), np.array([[3.0, 1.0, 2.0, -1.0]])
    )
    np.testing.assert_array_equal(lines.low_slope, [[1, 0, 1, 0]])
    np.testing.assert_allclose(lines.high_slope, [[0.75, 0.25, 1, 0]])
    np.testing.assert_allclose(lines.high, [[0.75, 0.75, 0, 0]], atol=1e-11)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_lines_are_no_further_than_they_have_to_be(name):
    # Concave on [1, 2]: the chord below touches both ends, the tangent above
    # the middle.
    curve, function = CURVES[name]
    lines = curve.lines(np.array([[1.0]]), np.array([[2.0]]))
    low_slope, low, high_slope, high = (float(part[0, 0]) for part in lines)
    for z in (1.0, 2.0):
        assert low_slope * z + low == pytest.approx(function(z), abs=1e-9)
    assert high_slope * 1.5 + high == pytest.approx(function(1.5), abs=1e-9)


@hypothesis.given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_planes_around_a_maximum_hold(seed, size):
    random = np.random.default_rng(seed)
    inside = np.ones((3, size), bool)
    inside[0, 1:] = random.random(size - 1) < 0.5
    window = curves.WindowMax("max", inside)
    least = random.normal(size=(1, 3 * size))
    wide = random.random(least.shape) < 0.8
    greatest = least + wide * random.exponential(size=least.shape)
    lines = window.lines(least, greatest)
    share = random.random((400, 3 * size))
    share[200:] = share[200:] > 0.5  # corners too
    z = least + share * (greatest - least)
    top = np.where(inside, z.reshape(-1, 3, size), -np.inf).max(2)

    def plane(slope, constant):
        return (slope * z + constant).reshape(-1, 3, size).sum(2)

    assert (plane(lines.low_slope, lines.low) <= top + 1e-12).all()
    assert (plane(lines.high_slope, lines.high) >= top - 1e-12).all()
    low, high = window.range(least, greatest)
    assert (low <= top).all()
    assert (top <= high).all()


def test_a_maximum_with_one_winner_is_passed_as_it_is():
    window = curves.WindowMax("max", np.ones((1, 3), bool))
    least, greatest = np.array([[0.0, 5.0, 1.0]]), np.array([[2.0, 6.0, 4.0]])
    lines = window.lines(least, greatest)
    np.testing.assert_array_equal(lines.low_slope, [[0, 1, 0]])
    np.testing.assert_array_equal(lines.high_slope, [[0, 1, 0]])
    np.testing.assert_allclose(lines.high.sum(), 0, atol=1e-11)
    assert not window.bent(least, greatest).any()
