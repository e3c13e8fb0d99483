import numpy as np
import pytest
import tensorflow as tf

from advkeras.attacks import projections


def inside(rows, norm, radii):
    images = np.array(rows, np.float32).reshape(len(rows), -1, 1, 1)
    found = projections.onto_ball(
        tf.constant(images), norm, tf.constant(radii, tf.float32)
    )
    assert found.shape == images.shape
    return found.numpy().reshape(len(rows), -1).round(5).tolist()


@pytest.mark.parametrize(
    ("norm", "radius", "expected"),
    [
        ("linf", 2.0, [2, -2, 0]),
        ("l2", 2.5, [1.5, -2, 0]),
        # 4 and 3 less 2.5, and 1.5 less 1: what is left is 2 in sum.
        ("l1", 2.0, [0.5, -1.5, 0]),
        ("l1", 0.5, [0, -0.5, 0]),
        ("l0", 1.0, [0, -4, 0]),
        ("l0", 2.9, [3, -4, 0]),
    ],
)
def test_the_nearest_point(norm, radius, expected):
    assert inside([[3, -4, 0]], norm, [radius]) == [expected]


@pytest.mark.parametrize("norm", ["linf", "l2", "l1", "l0"])
def test_each_row_has_its_radius_and_what_is_inside_stays(norm):
    rows = [[0.5, -0.25, 0.25], [3, 4, 0], [0, 0, 0]]
    first, second, third = inside(rows, norm, [9.0, 0.0, 0.0])
    assert first == rows[0]
    assert second == third == [0, 0, 0]


def test_of_equals_the_first_are_kept():
    assert inside([[1, -2, 1, 1, 2]], "l0", [4.0]) == [[1, -2, 1, 0, 2]]
    assert inside([[1, 1]], "l0", [7.0]) == [[1, 1]]
