"""One split: scaled, streamed, sampled and fingerprinted."""

import dataclasses
import hashlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import advkeras as ak
from advkeras import checks
from advkeras.datasets import ImageSet
from advkeras.datasets import image_set as module


def image_set(pixels, labels=None, bounds=(0.0, 1.0)):
    """An ImageSet of pixels that are held in memory."""
    pixels = np.asarray(pixels, np.uint8)
    labels = np.zeros(len(pixels)) if labels is None else np.asarray(labels)
    return ImageSet(
        name="pixels",
        split="all",
        class_names=("no", "yes"),
        bounds=bounds,
        image_shape=pixels.shape[1:],
        length=len(pixels),
        stream=lambda: tf.data.Dataset.from_tensor_slices(
            (pixels, labels.astype(np.int64))
        ),
    )


def numbered(n):
    """Images of two bytes that spell their place in the set."""
    return image_set(
        [[[[i // 256, i % 256]]] for i in range(n)], np.arange(n) % 2
    )


def places(images):
    return (images.reshape(-1, 2) * 255).round() @ [256, 1]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0.0, 1.0), [0.0, 0.2, 1.0]),
        ((0.0, 255.0), [0.0, 51.0, 255.0]),
        ((-1.0, 1.0), [-1.0, -0.6, 1.0]),
        ((-0.5, 0.5), [-0.5, -0.3, 0.5]),
    ],
)
def test_black_and_white_become_the_bounds(bounds, expected):
    images = image_set([[[[0]]], [[[51]]], [[[255]]]], bounds=bounds).images
    assert images.dtype == np.float32
    assert images.shape == (3, 1, 1, 1)
    np.testing.assert_allclose(images.ravel(), expected, rtol=1e-6)


@given(
    st.floats(-300, 300, allow_subnormal=False),
    st.floats(0.01, 600, allow_subnormal=False),
)
def test_images_pass_the_check_of_their_own_bounds(lower, width):
    bounds = checks.check_bounds((lower, lower + width))
    ramp = image_set(np.arange(256).reshape(-1, 1, 1, 1), bounds=bounds)
    checks.check_images(ramp.images, bounds, (1, 1, 1))
    assert (np.diff(ramp.images.ravel()) >= 0).all()


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10, 1000])
def test_batches_are_the_images_in_order(batch_size):
    data = numbered(10)
    batches = [(x.numpy(), y.numpy()) for x, y in data.batches(batch_size)]
    sizes = [len(images) for images, _ in batches]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == len(data) == 10
    images, labels = map(np.concatenate, zip(*batches, strict=True))
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(images, data.images)
    np.testing.assert_array_equal(labels, data.labels)


def test_images_of_more_than_one_read_are_complete_and_in_order():
    data = numbered(2345)
    np.testing.assert_array_equal(places(data.images), np.arange(2345))
    np.testing.assert_array_equal(data.labels, np.arange(2345) % 2)


def test_images_are_read_once():
    opened = []
    data = numbered(4)
    stream = data.stream
    data = dataclasses.replace(
        data, stream=lambda: opened.append(1) or stream()
    )
    assert not opened
    assert data.images is data.images
    assert data.labels is data.labels
    assert len(opened) == 1


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_a_sample_is_of_n_different_images_in_order(n, seed):
    data = numbered(20)
    images, labels = data.sample(n, seed)
    chosen = places(images)
    assert len(images) == len(labels) == min(n, 20)
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(labels, chosen % 2)


def test_a_sample_is_chosen_by_its_seed():
    data = numbered(2345)
    chosen = [places(data.sample(50, seed)[0]).tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    # Beyond what is read at once too: 57 % of the images lie there.
    assert max(chosen[0]) >= 1000


def test_a_larger_sample_holds_the_smaller():
    data = numbered(100)
    small, large = (set(places(data.sample(n, 7)[0])) for n in (10, 30))
    assert small < large


def test_samples_reach_every_image():
    data = numbered(5)
    seen = {place for s in range(40) for place in places(data.sample(1, s)[0])}
    assert seen == set(range(5))  # missed by chance once in 1,500 times


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "3"])
def test_a_sample_or_batch_of_no_images(wrong):
    with pytest.raises(ValueError, match=f"Received: n={wrong!r}"):
        numbered(5).sample(wrong)
    with pytest.raises(ValueError, match=f"Received: batch_size={wrong!r}"):
        numbered(5).batches(wrong)


def test_fingerprint_is_of_bytes_and_labels():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    labels = bytes([1, *[0] * 7, 0, *[0] * 7])  # 1 and 0, little-endian
    expected = hashlib.sha256(bytes(range(24)) + labels).hexdigest()
    assert image_set(pixels, [1, 0]).fingerprint == expected


@pytest.mark.parametrize("n", [999, 1000, 1001])
def test_fingerprint_of_large_pictures_is_read_in_parts(n):
    """In thousands, whatever is read at once: of these, 250."""
    pixels = np.zeros((n, 96, 96, 1), np.uint8)
    pixels[:, 3, 5, 0] = np.arange(n) % 251
    labels = np.arange(n) % 2
    expected = hashlib.sha256()
    for part in (slice(1000), slice(1000, None)):
        expected.update(pixels[part].tobytes())
        expected.update(labels[part].astype("<i8").tobytes())
    data = image_set(pixels, labels)
    assert data.fingerprint == expected.hexdigest()
    np.testing.assert_array_equal(data.labels, labels)
    found = (data.images[:, 3, 5, 0] * 255).round()
    np.testing.assert_array_equal(found, np.arange(n) % 251)


def test_fingerprint_changes_with_a_pixel_a_label_and_the_order():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    first = image_set(pixels, [1, 0]).fingerprint
    pixel = pixels.copy()
    pixel[1, 2, 3, 0] ^= 1
    assert image_set(pixel, [1, 0]).fingerprint != first
    assert image_set(pixels, [0, 1]).fingerprint != first
    assert image_set(pixels[::-1], [0, 1]).fingerprint != first
    assert image_set(pixels, [1, 0], bounds=(-1, 1)).fingerprint == first


def test_the_name_of_a_set_can_be_printed():
    assert repr(numbered(3)) == (
        "ImageSet(name='pixels', split='all', class_names=('no', 'yes'), "
        "bounds=(0.0, 1.0), image_shape=(1, 1, 2), length=3)"
    )


def test_an_image_that_is_not_shown_is_not_resized(monkeypatch):
    """To choose a few large ones, or to fingerprint all, takes none of it."""
    resized = []
    resize = module.resize

    def counted(image, shape):
        tf.py_function(lambda: resized.append(shape), [], [])
        return resize(image, shape)

    monkeypatch.setattr(module, "resize", counted)
    data = ak.datasets.load("mnist5k=7", "test", image_size=(90, 80))
    assert len(data.fingerprint) == 64
    assert not resized
    images, labels = data.sample(6)
    assert resized == [(90, 80, 1)] * 6
    whole = ak.datasets.load("mnist5k=7", "test[:300]", image_size=(90, 80))
    assert images.shape == (6, *whole.image_shape)
    first = whole.sample(1)[0]
    assert any((first == one).all() for one in whole.images)
    assert set(labels) == {0, 1}


def test_fingerprint_of_resized_images_is_of_what_was_stored_and_the_size():
    pixels = np.arange(48, dtype=np.uint8).reshape(3, 4, 4, 1)

    def fingerprint(pixels, image_size):
        data = ak.datasets.from_arrays(pixels, [0, 1, 0], image_size=image_size)
        return data.fingerprint

    assert fingerprint(pixels, (4, 4)) == fingerprint(pixels, None)
    seen = {fingerprint(pixels, size) for size in ((4, 4), (2, 8), (8, 2))}
    seen.add(fingerprint(pixels.reshape(3, 2, 8, 1), (8, 2)))
    assert len(seen) == 4
