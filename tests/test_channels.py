"""Amounts that are one number, or one number a channel."""

import json

import numpy as np
import pytest

import advkeras as ak
from advkeras import channels
from advkeras import checks
from tests import normalised

SHAPE = (28, 28, 3)


@pytest.mark.parametrize(
    "bounds",
    [
        ((0, 1, 2), (3, 4, 5)),
        ([0, 1, 2], [3, 4, 5]),
        (np.arange(3), np.arange(3, 6)),
        np.arange(6).reshape(2, 3),
        [np.arange(3, dtype=np.float32), (3.0, 4, 5)],
    ],
)
def test_bounds_of_channels_however_they_are_written(bounds):
    found = checks.check_bounds(bounds, SHAPE)
    assert found == ((0.0, 1.0, 2.0), (3.0, 4.0, 5.0))
    assert {type(end) for ends in found for end in ends} == {float}
    assert hash(found) == hash(((0, 1, 2), (3, 4, 5)))
    assert checks.check_bounds(json.loads(json.dumps(found))) == found


@pytest.mark.parametrize(
    "bounds",
    [
        (0, 1),
        ("0", "1"),
        ([0, 0], [1, 1]),
        (0, [1, 1, 1]),
        ([0], [1]),
        ([0], 1),
    ],
)
def test_channels_that_are_alike_are_two_floats(bounds):
    found = checks.check_bounds(bounds, SHAPE)
    assert found == (0.0, 1.0)
    assert [type(end) for end in found] == [float, float]


def test_one_number_beside_one_a_channel():
    assert checks.check_bounds((0, [1, 2, 3]), SHAPE) == (
        (0.0, 0.0, 0.0),
        (1.0, 2.0, 3.0),
    )
    assert checks.check_bounds(([-1, -2, -3], 1)) == (
        (-1.0, -2.0, -3.0),
        (1.0, 1.0, 1.0),
    )


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param((0, [1, 0, 1]), id="lower is upper in one"),
        pytest.param(([0, 2, 0], [1, 1, 1]), id="lower above upper in one"),
        pytest.param(([0, np.nan, 0], 1), id="NaN"),
        pytest.param((0, [1, np.inf, 2]), id="infinite"),
        pytest.param(([0, 0], [1, 2, 3]), id="two and three"),
        pytest.param(([], [1, 2, 3]), id="none"),
        pytest.param(([], []), id="none at all"),
        pytest.param(([[0, 0, 0]], [[1, 2, 3]]), id="two axes"),
        pytest.param(([0, [0]], 1), id="ragged"),
        pytest.param((["a", "b"], 1), id="words"),
        pytest.param((0, 1, 2), id="three"),
        pytest.param(np.zeros((3, 2)), id="three pairs"),
        pytest.param({}, id="a dict"),
        pytest.param(None, id="nothing"),
    ],
)
def test_no_bounds(bounds):
    with pytest.raises(ValueError, match=r"^`bounds` must be two finite ") as e:
        checks.check_bounds(bounds)
    assert "Received: bounds=" in str(e.value)


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 28, 4), (28, 28), (3,)])
def test_bounds_of_other_channels(shape):
    bounds = ([0, 0, 0], [1, 2, 3])
    with pytest.raises(ValueError, match=r"^`bounds` must be of \d channel"):
        checks.check_bounds(bounds, shape)


def test_a_model_of_any_channels_takes_its_images_by_the_bounds():
    shape = (None, None, None)
    bounds = checks.check_bounds(([0, 0, 0], [1, 2, 3]), shape)
    images = np.ones((2, 4, 4, 3))
    assert checks.check_images(images, bounds, shape).shape == images.shape
    with pytest.raises(ValueError, match=r"^`images` must have 3 channels"):
        checks.check_images(images[..., :2], bounds, shape)


def test_each_channel_has_bounds_of_its_own():
    bounds = checks.check_bounds(([0, -1, 0], [1, 2, 3]))
    images = np.zeros((2, 4, 4, 3))
    images[1, 2, 2] = (1, 2, 3)
    images[0, 1, 1] = (0, -1, 0)
    assert checks.check_images(images, bounds, (4, 4, 3)).dtype == np.float32
    for channel, value in ((0, 1.1), (1, -1.1), (2, 3.1)):
        outside = images.copy()
        outside[1, 3, 3, channel] = value
        with pytest.raises(ValueError, match="must be within bounds=") as e:
            checks.check_images(outside, bounds, (4, 4, 3))
        assert "bounds=((0, -1, 0), (1, 2, 3))" in str(e.value)


@pytest.mark.parametrize("digits", [1e-9, 1 / 3, 0.1])
def test_white_and_black_are_within(digits):
    """However their float32 is rounded."""
    lower = np.array([0.0, 1.0, 2.0]) - digits
    bounds = checks.check_bounds((lower, lower + 1))
    for end in bounds:
        images = np.broadcast_to(np.float32(end), (1, 2, 2, 3))
        checks.check_images(images, bounds, (2, 2, 3))


def test_arithmetic_by_channels():
    bounds = checks.check_bounds(([0, -1, 0], [1, 2, 4]))
    assert channels.range_of(bounds) == (1.0, 3.0, 4.0)
    assert channels.share_of(bounds, 0.5) == (0.5, 1.5, 2.0)
    assert channels.range_of((0.0, 0.3)) == 0.3
    assert channels.apply(min, 2.0, (1.0, 3.0)) == (1.0, 2.0)
    assert channels.in_words((0.25, 1.0)) == "(0.25, 1)"
    assert channels.bounds_in_words((0.0, 1.0)) == "0 .. 1"
    lower, upper = channels.lower_upper(bounds)
    assert (upper - lower).tolist() == [1, 3, 4]


def test_a_classifier_says_its_bounds(pair):
    bounds = checks.check_bounds(normalised.BOUNDS)
    assert pair.normalised.bounds == bounds
    assert f"bounds={bounds}" in repr(pair.normalised)
    right = pair.plain.predict(pair.images)
    np.testing.assert_array_equal(pair.normalised.predict(pair.theirs), right)
    double = pair.normalised.in_float64()
    assert double.bounds == bounds
    with pytest.raises(ValueError, match=r"^`bounds` must be of 3 channels, "):
        ak.Classifier(pair.plain.model, bounds=([0, 0], [1, 2]))


def test_a_card_keeps_them(pair, tmp_path):
    path = tmp_path / "net.keras"
    bounds = pair.normalised.bounds
    ak.models.save_with_card(
        pair.normalised.model, path, {"bounds": list(bounds)}
    )
    loaded = ak.load(path)
    assert (loaded.bounds, loaded.bounds_from) == (bounds, "card")


@pytest.mark.parametrize("levels", [2, 256])
def test_levels_of_each_channel(levels):
    bounds = checks.check_bounds(normalised.BOUNDS)
    of_channels = ak.levels.Levels.between(bounds, levels)
    of_all = ak.levels.Levels.between((0.0, 1.0), levels)
    images = np.float32(np.random.default_rng(0).random((4, 5, 5, 3)))
    nearest = of_channels.nearest(normalised.there(images)).numpy()
    np.testing.assert_allclose(
        normalised.back(nearest), of_all.nearest(images).numpy(), atol=1e-6
    )
    assert of_channels.count == levels
    assert hash(of_channels)
    step = np.array(of_channels.whole(of_channels.step))
    np.testing.assert_allclose(step, of_channels.step)


def test_levels_of_an_input_that_all_channels_share():
    bounds = checks.check_bounds(([0, -1, 0], [1, 1, 2]))
    levels = ak.levels.Levels.of_input(0.1, 0, "int8", bounds)
    assert (levels.first, levels.last) == ((0, -10, 0), (10, 10, 20))
    assert levels.count == 21
    images = np.float32([[[[0.96, -0.96, 2.0]]]])
    np.testing.assert_allclose(
        levels.nearest(images), [[[[1.0, -1.0, 2.0]]]], atol=1e-6
    )
    with pytest.raises(ValueError, match=r"^`bounds` must hold pixels that "):
        ak.levels.Levels.of_input(1.5, 0, "int8", bounds)


def test_images_of_a_set_are_within(digits):
    pixels = normalised.pixels(digits)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    data = ak.datasets.from_arrays(
        pixels, digits.labels, bounds=normalised.BOUNDS
    )
    np.testing.assert_allclose(
        data.images, normalised.there(pixels / 255), atol=1e-6
    )
    checks.check_images(data.images, data.bounds, data.image_shape)
    plain = ak.datasets.from_arrays(pixels, digits.labels)
    assert data.fingerprint == plain.fingerprint


def test_a_set_of_other_channels(digits, tmp_path):
    for load in (
        lambda: ak.datasets.load("mnist5k", bounds=normalised.BOUNDS),
        lambda: ak.datasets.from_arrays(
            np.uint8(digits.images), digits.labels, bounds=normalised.BOUNDS
        ),
    ):
        with pytest.raises(ValueError, match=r"^`bounds` must be of 1 channel"):
            load()


def test_a_set_fits_a_model_of_the_same_bounds(pair, digits):
    pixels = normalised.pixels(digits)
    data = ak.datasets.from_arrays(
        pixels, digits.labels, bounds=normalised.BOUNDS
    )
    pair.normalised.check_fits(data)
    with pytest.raises(ValueError, match=r"^`dataset` must fit"):
        pair.plain.check_fits(data)
