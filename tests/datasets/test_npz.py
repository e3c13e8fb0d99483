"""An .npz file of images and labels."""

import zipfile

import numpy as np
import pytest

import advkeras as ak
from advkeras.datasets import arrays
from tests.datasets.pictures import greys


def images(n, start=0):
    """Images whose pixels are their place."""
    return np.full((n, 3, 2), 1, np.uint8) * np.arange(
        start, start + n, dtype=np.uint8
    ).reshape(-1, 1, 1)


@pytest.fixture(params=[np.savez, np.savez_compressed])
def keras_file(request, tmp_path):
    """As keras.datasets.mnist.load_data's file: ten to train on, four not."""
    request.param(
        tmp_path / "digits.npz",
        x_train=images(10),
        y_train=np.arange(10, dtype=np.uint8) % 3,
        x_test=images(4, 100),
        y_test=np.arange(4, dtype=np.uint8) % 2,
    )
    return str(tmp_path / "digits.npz")


# One row at a time, and all at once.
@pytest.mark.parametrize("size", [1, 13, 2**24])
@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", range(10)),
        ("test", range(100, 104)),
        ("test[1:3]", [101, 102]),
        ("train[7:]+test[:1]", [7, 8, 9, 100]),
        ("test[2:]+train[5:]+train[:2]", [102, 103, 5, 6, 7, 8, 9, 0, 1]),
        ("all", [*range(10), *range(100, 104)]),
    ],
)
def test_splits_of_keras(keras_file, monkeypatch, size, split, expected):
    monkeypatch.setattr(arrays, "_BYTES", size)
    data = ak.datasets.load(keras_file, split)
    expected = np.array([*expected])
    assert greys(data) == expected.tolist()
    own = np.where(expected < 100, expected % 3, expected % 100 % 2)
    assert data.labels.tolist() == own.tolist()
    assert (data.image_shape, data.class_names) == ((3, 2, 1), ("0", "1", "2"))
    chosen = np.arange(len(expected)) % 3 == 1
    kept = [int(x.numpy()[0, 0, 0]) for x, _ in data.choose(chosen)]
    assert kept == expected[chosen].tolist()


def test_images_and_labels_have_a_fifth_to_test_on(tmp_path):
    file = tmp_path / "mine.npz"
    names = np.array(["cat", "dog"])
    np.savez(
        file,
        images=images(20),
        labels=np.arange(20) // 10,
        class_names=names,
    )
    train, test = ak.datasets.load(str(file))
    assert train.class_names == ("cat", "dog")
    assert [len(train), len(test)] == [16, 4]
    assert sorted(greys(train) + greys(test)) == list(range(20))
    # Each in the order of the file.
    assert greys(test) == sorted(greys(test))
    assert train.labels.tolist() == [grey // 10 for grey in greys(train)]


def test_only_images_to_test_on(tmp_path):
    np.savez(tmp_path / "t.npz", x_test=images(4), y_test=[[0], [1], [0], [1]])
    assert len(ak.datasets.load(str(tmp_path / "t.npz"), "test")) == 4
    with pytest.raises(ValueError, match="`split` must be of test, or"):
        ak.datasets.load(str(tmp_path / "t.npz"), "train")


GOOD = {"images": images(3), "labels": np.arange(3)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"images": images(3) / 255}, "`images of .*must be uint8"),
        ({"images": images(3)[0]}, "`images of .*must be of shape"),
        ({"images": np.asfortranarray(images(3))}, "Fortran"),
        ({"labels": np.arange(2)}, r"labels.shape=\(2,\)"),
        ({"labels": np.int64(2)}, r"labels.shape=\(\)"),
        ({"labels": np.arange(3) - 1}, "labels of .*t.npz with -1"),
        ({"class_names": np.array(["a", "b"])}, "labels of .*t.npz with 2"),
        ({"labels": np.array([{}, {}, {}])}, "Object arrays"),
    ],
)
def test_arrays_that_are_wrong(tmp_path, changed, said):
    np.savez(tmp_path / "t.npz", **GOOD | changed)
    with pytest.raises(ValueError, match=said) as caught:
        ak.datasets.load(str(tmp_path / "t.npz"), "all")
    assert "t.npz" in str(caught.value)
    assert "Received: " in str(caught.value)


def test_arrays_of_other_names(tmp_path):
    np.savez(tmp_path / "t.npz", x=images(3), y=np.arange(3))
    with pytest.raises(
        ValueError, match=r"must be an \.npz with the"
    ) as caught:
        ak.datasets.load(str(tmp_path / "t.npz"), "all")
    assert str(caught.value).endswith(" with x, y")


def test_files_that_are_no_npz(tmp_path):
    file = tmp_path / "t.npz"
    for content in (b"", b"text", b"PK\x03\x04half"):
        file.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"must be an \.npz file that NumPy"
        ):
            ak.datasets.load(str(file), "all")
    np.save(tmp_path / "one.npy", images(3))
    (tmp_path / "one.npy").rename(file)
    with pytest.raises(ValueError, match=r"must be an \.npz file that NumPy"):
        ak.datasets.load(str(file), "all")


def test_images_that_are_fewer_than_their_header_says(tmp_path):
    path = tmp_path / "fewer.npz"
    np.savez(path, images=images(4), labels=np.arange(4))
    with zipfile.ZipFile(path) as pack:
        held = {name: pack.read(name) for name in pack.namelist()}
    held["images.npy"] = held["images.npy"][:-1]
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in held.items():
            pack.writestr(name, content)
    with pytest.raises(ValueError, match=r"`dataset` .* has 23 bytes"):
        ak.datasets.load(str(path))


def test_images_that_were_damaged(tmp_path):
    """The sum of a packed array is known where it ends."""
    path = tmp_path / "damaged.npz"
    many = np.zeros((9999, 3, 2), np.uint8)
    np.savez(path, images=many, labels=np.arange(9999) % 3)
    content = bytearray(path.read_bytes())
    content[content.index(many.tobytes()) + many.size - 1] ^= 1
    path.write_bytes(content)
    data = ak.datasets.load(str(path), "all")
    for read in (lambda: data.images, lambda: data.fingerprint):
        with pytest.raises(
            ValueError, match=r"`dataset` must .*BadZip"
        ) as told:
            read()
        assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match=r"`images` must .*BadZip"):
        next(ak.datasets.given.batches_of(data, None, (3, 2, 1), 4))
