"""Rounding, overshoot and the camera, by hand and by invariants."""

import hypothesis
import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import strategies as st

from advkeras.edge import pixels
from advkeras.edge.standalone import run_on_device

BOUNDS = [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0), (-0.5, 0.5), (-3.0, 7.0)]


def row(*values, dtype=np.float32):
    return np.array(values, dtype).reshape(1, 1, -1, 1)


def picture(channels=3, n=2, size=24):
    """Returns smooth pictures with an edge, uint8."""
    y, x = np.mgrid[:size, :size]
    values = 60 + 4 * x + 2 * y + 60 * (x > y)
    scaled = [values * (1 - 0.2 * i) for i in range(channels)]
    one = np.stack(scaled, -1).clip(0, 255).astype(np.uint8)
    return np.stack([one] + [255 - one] * (n - 1))


def test_halves_go_to_the_even_neighbour():
    values = row(0.5, 1.5, 2.5, 253.5, 254.5, 0.4999, 1.501)
    found = pixels.to_uint8(values, (0, 255)).ravel()
    assert found.tolist() == [0, 2, 2, 254, 254, 0, 2]
    assert found.dtype == np.uint8


def test_what_is_beyond_the_bounds_is_clipped():
    values = row(-0.2, 0, 1, 1.7, 1e30, -1e30)
    found = pixels.to_uint8(values, (0, 1)).ravel()
    assert found.tolist() == [0, 0, 255, 255, 255, 0]


@pytest.mark.parametrize("bounds", BOUNDS)
def test_every_pixel_comes_back(bounds):
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = run_on_device.from_uint8(every, bounds)
    assert images.dtype == np.float32
    assert images.min() == bounds[0] and images.max() == bounds[1]
    np.testing.assert_array_equal(pixels.to_uint8(images, bounds), every)


@hypothesis.given(
    values=hypothesis.extra.numpy.arrays(
        np.float32, (1, 3, 4, 1), elements=st.floats(0, 1, width=32)
    ),
    lower=st.floats(-300, 300),
    width=st.floats(0.01, 1000),
)
def test_rounding_moves_by_half_a_step_and_settles(values, lower, width):
    bounds = (lower, lower + width)
    images = (lower + values * width).astype(np.float32)
    rounded = pixels.to_uint8(images, bounds)
    again = run_on_device.from_uint8(rounded, bounds)
    slack = 1e-6 * (abs(lower) + width)
    clipped = images.clip(*bounds)
    assert np.abs(again - clipped).max() <= width / 255 / 2 + slack
    if slack < width / 255 / 10:
        np.testing.assert_array_equal(pixels.to_uint8(again, bounds), rounded)


def test_overshoot_in_closed_form():
    originals, images = row(0.5, 0.5, 0.5, 0.2), row(0.6, 0.4, 0.5, 0.95)
    same = pixels.overshoot(originals, images, 1, (0, 1))
    assert same is images
    found = pixels.overshoot(originals, images, 1.2, (0, 1))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, row(0.62, 0.38, 0.5, 1.0), atol=1e-7)
    half = pixels.overshoot(originals, images, 0.5, (0, 1))
    np.testing.assert_allclose(half, row(0.55, 0.45, 0.5, 0.575), atol=1e-7)


def test_overshoot_leaves_images_beyond_the_bounds_where_they_are():
    originals, images = row(0.9, 0.1), row(1.1, -0.2)
    found = pixels.overshoot(originals, images, 2, (0, 1))
    np.testing.assert_array_equal(found, images)


@hypothesis.given(
    moves=hypothesis.extra.numpy.arrays(
        np.float32, (2, 3, 3, 1), elements=st.floats(-1, 1, width=32)
    ),
    factor=st.floats(0.1, 3),
)
def test_overshoot_keeps_the_bounds_and_the_direction(moves, factor):
    originals = np.full_like(moves, 0.25)
    images = (originals + moves).clip(0, 1)
    found = pixels.overshoot(originals, images, factor, (0, 1))
    assert found.min() >= 0 and found.max() <= 1
    moved, before = found - originals, images - originals
    assert (moved * before >= 0).all()
    if factor >= 1:
        assert (np.abs(moved) >= np.abs(before) - 1e-6).all()


def test_no_step_changes_nothing_whatever_the_channels():
    for channels in (1, 2, 3, 4):
        images = np.zeros((1, 4, 4, channels), np.uint8) + 7
        np.testing.assert_array_equal(pixels.camera(images, ()), images)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_loses_more_at_a_lower_quality(channels):
    images = picture(channels)
    losses = []
    for quality in (100, 75, 20, 1):
        found = pixels.camera(images, [f"jpeg:{quality}"])
        assert found.shape == images.shape and found.dtype == np.uint8
        losses.append(np.abs(found.astype(int) - images).mean())
    assert losses == sorted(losses)
    assert losses[0] < 2 and losses[1] > 0 and losses[-1] > 5


@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_multiplies_and_clips(channels):
    images = picture(channels)
    for factor in (0.5, 1.0, 1.5):
        found = pixels.camera(images, [f"brightness:{factor}"])
        expected = (images * factor).clip(0, 255)
        assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_keeps_what_is_flat_and_blurs_what_is_not(channels):
    flat = np.full((1, 9, 14, channels), 77, np.uint8)
    np.testing.assert_array_equal(pixels.camera(flat, ["resize:0.3"]), flat)
    images = picture(channels)
    np.testing.assert_array_equal(pixels.camera(images, ["resize:1"]), images)
    found = pixels.camera(images, ["resize:0.5"])
    assert found.shape == images.shape
    steps = [
        np.abs(np.diff(i.astype(int), axis=2)).max() for i in (images, found)
    ]
    assert steps[1] < steps[0]


def test_resize_never_to_nothing():
    images = picture(n=1)
    found = pixels.camera(images, ["resize:0.001"])
    assert found.shape == images.shape
    assert (found == found[:, :1, :1]).all()


def test_the_order_of_the_steps_matters():
    images = picture()
    steps = ("brightness:2", "brightness:0.5")
    one = pixels.camera(images, steps)
    other = pixels.camera(images, steps[::-1])
    assert one.max() <= 128 < other.max()
    by_hand = images
    for step in ("jpeg:30", "resize:0.5", "brightness:1.2"):
        by_hand = pixels.camera(by_hand, [step])
    chain = ("jpeg:30", "resize:0.5", "brightness:1.2")
    np.testing.assert_array_equal(pixels.camera(images, chain), by_hand)


def test_each_picture_on_its_own_and_none_is_changed():
    images = picture(n=3)
    before = images.copy()
    together = pixels.camera(images, ["jpeg:50", "resize:0.7"])
    alone = [pixels.camera(i[None], ["jpeg:50", "resize:0.7"]) for i in images]
    np.testing.assert_array_equal(together, np.concatenate(alone))
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    "step",
    [
        *("jpeg", "jpeg:", "jpeg:0", "jpeg:0.4", "jpeg:101", "jpeg:fine"),
        *("resize:0", "resize:1.1", "resize:-0.5", "resize:nan"),
        *("brightness:0", "brightness:-1", "brightness:inf", "blur:3", ""),
        *(75, None, ("jpeg", 75)),
    ],
)
def test_wrong_steps_are_named(step):
    with pytest.raises(ValueError, match="`camera` must hold") as raised:
        pixels.camera(picture(), ["brightness:1", step])
    assert f"Received: {step!r}" in str(raised.value)


def test_steps_in_one_string_are_no_steps():
    with pytest.raises(ValueError, match="Received: 'jpeg:75'"):
        pixels.camera(picture(), "jpeg:75")


def test_neither_grey_nor_colour():
    with pytest.raises(ValueError, match="1 or 3 channels"):
        pixels.camera(np.zeros((1, 4, 4, 2), np.uint8), ["jpeg:75"])
