"""Levels: on the grid, within the bounds, and never further than asked."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from advkeras.edge.standalone import run_on_device
from advkeras.levels import Levels

INPUTS = ("int8", "uint8", "int16")


def random_images(seed, lower, upper, n=200):
    """Pixels of lower .. upper, both among them."""
    random = np.random.default_rng(seed)
    images = random.uniform(lower, upper, n).astype(np.float32)
    images[:2] = lower, upper
    return images.clip(np.float32(lower), np.float32(upper))


def of_range(lower, upper, dtype):
    """The levels of an input that was calibrated to lower .. upper."""
    ends = np.iinfo(dtype)
    scale = float(np.float32((upper - lower) / (ends.max - ends.min)))
    zero_point = round(ends.min - lower / scale)
    return Levels.of_input(scale, zero_point, dtype, (lower, upper))


bounds = st.tuples(st.floats(-2, 1), st.floats(0.25, 300)).map(
    lambda pair: (pair[0] * pair[1], (pair[0] + 1) * pair[1])
)
pictures = st.builds(
    Levels.between, bounds, st.sampled_from((2, 3, 16, 256, 1000))
)
inputs = st.builds(
    of_range,
    st.floats(-3, 0, width=32),
    st.floats(0.25, 300, width=32),
    st.sampled_from(INPUTS),
)
any_levels = pictures | inputs


def k_of(images, levels):
    """Where pixels are on the grid, float64."""
    return (np.asarray(images, np.float64) - levels.zero) / levels.step


def test_two_levels_are_the_bounds():
    levels = Levels.between((-1.0, 3.0), 2)
    found = levels.nearest(tf.constant([-1.0, 0.9, 1.1, 3.0]))
    assert found.numpy().tolist() == [-1.0, -1.0, 3.0, 3.0]
    assert levels.count == 2


def test_pictures_of_eight_bits_stay_as_they_are():
    levels = Levels.between((0.0, 1.0), 256)
    pixels = np.arange(256, dtype=np.float32)
    np.testing.assert_allclose(
        levels.nearest(pixels / 255), pixels / 255, rtol=1e-7
    )
    whole = Levels.between((0.0, 255.0), 256)
    assert (whole.nearest(pixels).numpy() == pixels).all()
    assert whole.step == 1.0


def test_a_tie_goes_to_the_even_level():
    levels = Levels.between((0.0, 4.0), 5)
    found = levels.nearest(tf.constant([0.5, 1.5, 2.5, 3.5]))
    assert found.numpy().tolist() == [0.0, 2.0, 2.0, 4.0]


def test_what_is_outside_goes_to_the_end():
    levels = Levels.between((0.0, 1.0), 3)
    found = levels.nearest(tf.constant([-7.0, 7.0]))
    assert found.numpy().tolist() == [0.0, 1.0]


def test_toward_by_hand():
    """Steps of 1 from 2: forwards and back, whole ones only."""
    levels = Levels.between((0.0, 4.0), 5)
    images = tf.constant([2.0, 2.9, 3.0, 3.9, 9.0, 1.1, 1.0, 0.1, -9.0])
    found = levels.toward(images, tf.fill(images.shape, 2.0))
    assert found.numpy().tolist() == [2, 2, 3, 3, 4, 2, 1, 1, 0]


def test_toward_forgives_what_float32_rounds():
    """8 of 255: 0.1 + 8 / 255 in float32 is some 1e-8 short of it."""
    levels = Levels.between((0.0, 1.0), 256)
    originals = levels.nearest(random_images(0, 0, 200 / 255))
    images = originals + np.float32(8 / 255)
    found = k_of(levels.toward(images, originals), levels)
    np.testing.assert_allclose(found - k_of(originals, levels), 8, atol=1e-4)


def test_the_gradient_is_that_of_no_rounding():
    levels = Levels.between((0.0, 1.0), 2)
    x = tf.constant([0.2, 0.7])
    with tf.GradientTape() as tape:
        tape.watch(x)
        seen = levels.straight_through(x)
        value = tf.reduce_sum(seen * [3.0, 5.0])
    assert seen.numpy().tolist() == [0.0, 1.0]
    assert tape.gradient(value, x).numpy().tolist() == [3.0, 5.0]


@pytest.mark.parametrize(
    ("size", "steps"),
    [(0.1, 25), (8 / 255, 8), (7.99 / 255, 7), (0.5 / 255, 0), (1.0, 255)],
)
def test_whole_steps_of_a_size(size, steps):
    levels = Levels.between((0.0, 1.0), 256)
    assert levels.whole(size) == pytest.approx(steps / 255, rel=1e-12)
    # A scale is what float32 has of 1 / 255.
    of_input = Levels.of_input(
        float(np.float32(1 / 255)), -128, "int8", (0.0, 1.0)
    )
    assert of_input.whole(size) == pytest.approx(steps / 255, rel=1e-6)


@given(levels=any_levels, seed=st.integers(0, 100))
def test_nearest_is_near_within_bounds_and_idempotent(levels, seed):
    lower, upper = levels.bounds
    images = random_images(seed, lower, upper)
    once = levels.nearest(images).numpy()
    assert once.dtype == np.float32
    assert np.float32(lower) <= once.min() and once.max() <= np.float32(upper)
    assert (levels.nearest(once).numpy() == once).all()
    inside = (k_of(images, levels) >= levels.first) & (
        k_of(images, levels) <= levels.last
    )
    moved = np.abs(k_of(once, levels) - k_of(images, levels))[inside]
    assert (moved <= 0.5 + 0.02).all()


@given(levels=any_levels, seed=st.integers(0, 100))
def test_toward_never_goes_further(levels, seed):
    lower, upper = levels.bounds
    originals = levels.nearest(random_images(seed, lower, upper)).numpy()
    images = random_images(seed + 1, lower - 1, upper + 1)
    found = levels.toward(images, originals).numpy()
    assert (levels.nearest(found).numpy() == found).all()
    went, allowed = found - originals, images - originals
    size = max(abs(lower), abs(upper), upper - lower)
    assert (np.abs(went) <= np.abs(allowed) + 2e-6 * size).all()
    assert (went * allowed >= 0).all()
    # Nor is a whole step left, unless the end was in the way.
    left = np.abs(allowed) - np.abs(went)
    end = np.isin(np.rint(k_of(found, levels)), (levels.first, levels.last))
    assert (end | (left <= levels.step + 2e-6 * size)).all()
    assert (levels.toward(originals, originals).numpy() == originals).all()


@given(levels=any_levels, size=st.floats(1e-4, 500))
def test_whole_never_exceeds(levels, size):
    whole = levels.whole(size)
    assert whole <= size * (1 + 1e-6)
    assert size < (whole + levels.step) * (1 + 1e-6)
    assert whole / levels.step == pytest.approx(round(whole / levels.step))


@given(levels=pictures)
def test_the_bounds_are_levels(levels):
    ends = np.array(levels.bounds, np.float32)
    np.testing.assert_allclose(
        levels.nearest(ends), ends, atol=1e-6 * np.ptp(ends)
    )


@given(
    dtype=st.sampled_from(INPUTS),
    scale=st.floats(2.0**-16, 2, width=32),
    shift=st.floats(0, 1),
    inner=st.booleans(),
    seed=st.integers(0, 100),
)
def test_an_inputs_levels_are_what_its_integers_stand_for(
    dtype, scale, shift, inner, seed
):
    """Through `quantize`, which sends images to devices, and back."""
    ends = np.iinfo(dtype)
    zero_point = int(ends.min + shift * (ends.max - ends.min))
    limits = ((ends.min - zero_point) * scale, (ends.max - zero_point) * scale)
    middle = sum(limits) / 2
    bounds = (
        tuple(middle + (limit - middle) / 3 for limit in limits)
        if inner
        else limits
    )
    levels = Levels.of_input(scale, zero_point, dtype, bounds)
    least = max(bounds[0], levels.first * scale)
    most = min(bounds[1], levels.last * scale)
    images = random_images(seed, least, most)
    # Ties too.
    images[2:50] = np.rint(images[2:50] / scale) * np.float32(scale)
    images[2:50] += np.float32(scale / 2)
    images = images.clip(np.float32(least), np.float32(most))
    given_input = {
        "dtype": dtype,
        "scale": scale,
        "zero_point": zero_point,
        "shape": [-1, *images.shape[1:]],
    }
    integers = run_on_device.quantize(images, given_input)
    back = (integers.astype(np.float32) - zero_point) * np.float32(scale)
    found = levels.nearest(images).numpy()
    assert (found == back.clip(*map(np.float32, bounds))).all()
    assert (run_on_device.quantize(found, given_input) == integers).all()
    if not inner:
        assert levels.count == ends.max - ends.min + 1


def test_an_input_that_holds_a_little_more_than_the_bounds():
    """255 steps of this scale are 1.0000002: white is still white."""
    scale = float(np.float32(1.0000002 / 255))
    levels = Levels.of_input(scale, -128, "int8", (0.0, 1.0))
    assert (levels.first, levels.last) == (0, 255)
    assert levels.nearest(tf.constant([1.0])).numpy().tolist() == [1.0]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "levels=0"),
        (1, "levels=1"),
        (-2, "levels=-2"),
        (2.0, "levels=2.0"),
        ("256", "levels='256'"),
        (True, "levels=True"),
        (1 << 20, "levels=1048576"),
    ],
)
def test_a_count_that_cannot_be(count, said):
    with pytest.raises(ValueError, match=f"`levels` must .* Received: {said}"):
        Levels.between((0.0, 1.0), count)


@pytest.mark.parametrize("bounds", [(70.0, 80.0), (0.0, 0.1), (-90.0, -65.0)])
def test_bounds_that_an_input_does_not_hold(bounds):
    with pytest.raises(ValueError, match="`bounds` must hold") as error:
        Levels.of_input(0.5, 0, "int8", bounds)
    assert "-64 .. 63.5, by 0.5. Received: bounds=" in str(error.value)
