"""Every check names its argument and says what it received."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from advkeras import checks

INTEGERS = [
    np.dtype(f"{sign}int{bits}")
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
]


def refusal(check, *arguments):
    """Returns the message of the error that `check` raises: one line."""
    with pytest.raises(ValueError) as caught:
        check(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def images(n=3, dtype=np.float32, value=0.5):
    return np.full((n, 4, 5, 1), value, dtype)


# Choices, numbers and counts.


def test_choice_lists_what_there_is():
    checks.check_choice("norm", "l2", ("linf", "l2"))
    message = refusal(checks.check_choice, "norm", "l3", ("linf", "l2"))
    assert message.startswith("`norm` must be one of: l2, linf.")
    assert message.endswith("Received: norm='l3'")


@pytest.mark.parametrize("value", [1, 1e-9, np.float32(0.5), np.int8(3)])
def test_positive_numbers(value):
    checks.check_positive("epsilon", value)


@pytest.mark.parametrize(
    "value",
    [0, -1, -0.0, np.nan, np.inf, "0.1", None, 1j, [0.1], np.array([0.1])],
)
def test_not_a_positive_number(value):
    message = refusal(checks.check_positive, "epsilon", value)
    assert message.startswith("`epsilon` must be a finite number above 0")
    assert message.endswith(f"Received: epsilon={value!r}")


@pytest.mark.parametrize("value", [0, -0.0, 1e-9, np.float32(0.5), np.int8(3)])
def test_numbers_that_are_not_negative(value):
    checks.check_not_negative("l1", value)


@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf, "0.1", None, True])
def test_not_a_number_of_at_least_0(value):
    message = refusal(checks.check_not_negative, "l1", value)
    assert message.startswith("`l1` must be a finite number of at least 0")
    assert message.endswith(f"Received: l1={value!r}")


@pytest.mark.parametrize("value", [1, 1000, np.uint8(7)])
def test_counts(value):
    checks.check_count("batch_size", value)


@pytest.mark.parametrize("value", [0, -3, 1.0, np.float32(2), "3", None])
def test_not_a_count(value):
    message = refusal(checks.check_count, "batch_size", value)
    assert message.startswith("`batch_size` must be a whole number")
    assert message.endswith(f"Received: batch_size={value!r}")


# Bounds.


@pytest.mark.parametrize(
    "bounds", [(0, 255), [0, 255], ("0", "255"), np.array([0, 255])]
)
def test_bounds_become_floats(bounds):
    lower, upper = checks.check_bounds(bounds)
    assert (lower, upper) == (0.0, 255.0)
    assert type(lower) is type(upper) is float


@pytest.mark.parametrize(
    "bounds",
    [
        (1, 0),
        (1, 1),
        (0, np.inf),
        (np.nan, 1),
        (0,),
        (0, 1, 2),
        (0, None),
        ("black", "white"),
        1,
        None,
    ],
)
def test_not_bounds(bounds):
    message = refusal(checks.check_bounds, bounds)
    assert message.startswith("`bounds` must be two finite numbers")
    assert message.endswith(f"Received: bounds={bounds!r}")


# Images.


@given(
    hnp.arrays(
        np.float32,
        (2, 4, 5, 1),
        elements=st.floats(-1, 1, width=32),
    )
)
def test_images_within_the_bounds_pass_unchanged(pixels):
    checked = checks.check_images(pixels, (-1.0, 1.0), (4, 5, 1))
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, pixels)


@pytest.mark.parametrize("dtype", [*INTEGERS, np.float16, np.float64])
def test_images_of_every_number_type_become_float32(dtype):
    pixels = images(dtype=dtype, value=1)
    checked = checks.check_images(pixels, (0, 1), (4, 5, 1))
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, 1)


def test_images_may_be_tensors_and_lists():
    for pixels in (tf.constant(images()), images().tolist()):
        checked = checks.check_images(pixels, (0, 1), (4, 5, 1))
        np.testing.assert_array_equal(checked, images())


def test_a_pixel_may_lie_on_a_bound_that_float32_cannot_hold():
    # 0.1 is 0.100000001490116... in float32, which is above 0.1 in float64.
    assert float(np.float32(0.1)) > 0.1
    checks.check_images(images(value=0.1), (0, 0.1), (4, 5, 1))


def test_any_size_where_the_shape_says_none():
    checks.check_images(images(), None, (None, None, 1))
    message = refusal(checks.check_images, images(), None, (None, None, 3))
    assert "`images` must be of shape (n, any, any, 3)" in message


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((4, 5, 3), ": grey images"),
        ((4, 5), ": the same values in another shape, which classifier.taking"),
        ((5, 4, 1), None),
        ((4, 5, 1, 1), ": the same values"),
    ],
    ids=str,
)
def test_images_of_another_shape(shape, hint):
    message = refusal(checks.check_images, images(), (0, 1), shape)
    expected = ", ".join(map(str, shape))
    assert message.startswith(f"`images` must be of shape (n, {expected})")
    said = "Received: images.shape=(3, 4, 5, 1)"
    assert message.endswith(said) if hint is None else said + hint in message


def test_no_images():
    message = refusal(checks.check_images, images(0), (0, 1), (4, 5, 1))
    assert message.endswith("n >= 1. Received: images.shape=(0, 4, 5, 1)")


@pytest.mark.parametrize("dtype", [bool, "U3", object])
def test_images_that_are_no_numbers(dtype):
    pixels = images(dtype=np.float32).astype(dtype)
    message = refusal(checks.check_images, pixels, (0, 1), (4, 5, 1))
    assert message.startswith("`images` must be numbers.")
    assert message.endswith(f"Received: images.dtype={pixels.dtype}")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bounds", [(0, 1), None])
def test_images_that_are_not_finite(value, bounds):
    pixels = images(5)
    pixels[[2, 4], 1, 1, 0] = value
    message = refusal(checks.check_images, pixels, bounds, (4, 5, 1))
    assert message.startswith("`images` must be finite.")
    assert "Received: NaN or infinity in 2 of 5 images" in message
    assert message.endswith("first in images[2]")


def test_images_in_0_to_255_with_bounds_0_to_1():
    pixels = np.arange(60).reshape(3, 4, 5, 1) * 255 / 59
    message = refusal(checks.check_images, pixels, (0, 1), (4, 5, 1))
    assert message.startswith("`images` must be within bounds=(0, 1).")
    assert "Received: values from 0 to 255." in message


@given(st.floats(2**-10, 2**10), st.booleans(), st.integers(0, 59))
def test_one_pixel_outside_the_bounds_is_enough(excess, above, where):
    pixels = images()
    pixels.flat[where] = 1 + excess if above else -excess
    message = refusal(checks.check_images, pixels, (0, 1), (4, 5, 1))
    assert message.startswith("`images` must be within bounds=(0, 1).")
    checks.check_images(pixels, None, (4, 5, 1))


# Labels.


@given(
    st.data(),
    st.sampled_from(INTEGERS),
    st.integers(2, 12),
    st.integers(1, 20),
)
def test_labels_of_every_integer_type(data, dtype, classes, n):
    values = data.draw(
        st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)
    )
    checked = checks.check_labels(np.array(values, dtype), n, classes)
    assert checked.dtype == np.int64
    assert checked.tolist() == values


@given(st.data(), st.sampled_from([*INTEGERS, bool, np.float16, np.float64]))
def test_one_hot_labels_are_integer_labels(data, dtype):
    values = data.draw(st.lists(st.integers(0, 4), min_size=1))
    one_hot = np.eye(5, dtype=dtype)[values]
    checked = checks.check_labels(one_hot, len(values), 5)
    assert checked.dtype == np.int64
    assert checked.tolist() == values


def test_labels_may_be_tensors():
    for labels in (tf.constant([2, 0]), tf.one_hot([2, 0], 3)):
        assert checks.check_labels(labels, 2, 3).tolist() == [2, 0]


@pytest.mark.parametrize("wrong", [10, -1, 255])
def test_label_10_of_10(wrong):
    message = refusal(checks.check_labels, np.array([3, wrong, 1]), 3, 10)
    assert message.startswith("`labels` must be 0 .. 9")
    assert message.endswith(f"Received: labels with {wrong}")


@pytest.mark.parametrize(
    "row", [[1, 1, 0], [0, 0, 0], [0.5, 0.5, 0], [2, 0, 0], [1, np.nan, 0]]
)
def test_rows_that_are_not_one_hot(row):
    labels = np.array([row, [0, 0, 1]])
    message = refusal(checks.check_labels, labels, 2, 3)
    assert message.startswith("`labels` of shape (n, classes) must be one-hot")
    assert f"Received: labels[0]={labels[0].tolist()}" in message


@pytest.mark.parametrize(
    "labels", [[0], [0, 1, 2], 0, [[0], [1], [2]], [[1, 0], [0, 1]]]
)
def test_labels_of_another_shape(labels):
    message = refusal(checks.check_labels, labels, 2, 3)
    assert message.startswith(
        "`labels` must be of shape (2,), (2, 1) or (2, 3)."
    )
    assert message.endswith(f"Received: labels.shape={np.shape(labels)}")


@pytest.mark.parametrize("labels", [[0.0, 1.0], ["0", "1"], [True, False]])
def test_labels_that_are_no_integers(labels):
    message = refusal(checks.check_labels, labels, 2, 3)
    assert message.startswith("`labels` must be integers. Received: ")


@pytest.mark.parametrize("labels", [[0, 9], [0.0, 1.0], [0], [[1, 1, 0]] * 2])
def test_labels_are_called_what_the_argument_is_called(labels):
    message = refusal(checks.check_labels, labels, 2, 3, "targets")
    assert message.startswith("`targets` ")
    assert "targets" in message.partition("Received: ")[2]
    assert "labels" not in message
