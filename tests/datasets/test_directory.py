"""One folder a class: real PNG and JPEG files."""

import numpy as np
import pytest

import advkeras as ak
from tests.datasets.pictures import greys
from tests.datasets.pictures import write


@pytest.fixture
def photos(tmp_path):
    """Ten cats of grey 0 .. 9 and ten dogs of 100 .. 109."""
    for i in range(10):
        write(tmp_path / "photos" / "dog" / f"{i}.png", 100 + i)
        write(tmp_path / "photos" / "cat" / f"{i}.png", i)
    return tmp_path / "photos"


def test_classes_are_sorted_folders(photos):
    data = ak.datasets.from_directory(photos)
    assert data.class_names == ("cat", "dog")
    assert data.image_shape == (6, 8, 3)
    assert len(data) == 20
    assert data.split == "all"
    assert data.unreadable == ()
    seen = greys(data)
    assert sorted(seen) == [*range(10), *range(100, 110)]
    assert data.labels.tolist() == [int(grey >= 100) for grey in seen]
    np.testing.assert_allclose(data.images.max(), 109 / 255, rtol=1e-6)


def test_keras_gives_the_same_classes(photos):
    import keras

    theirs = keras.utils.image_dataset_from_directory(
        photos, image_size=(6, 8), batch_size=None, shuffle=False, verbose=False
    )
    assert tuple(theirs.class_names) == ("cat", "dog")
    known = {int(x.numpy()[0, 0, 0]): int(y) for x, y in theirs}
    data = ak.datasets.from_directory(photos)
    assert known == dict(zip(greys(data), data.labels.tolist(), strict=True))


def test_a_fifth_is_to_test_on_and_each_slice_is_of_both_classes(photos):
    train, test = ak.datasets.load(str(photos))
    assert [len(train), len(test)] == [16, 4]
    assert sorted(greys(train) + greys(test)) == [
        *range(10),
        *range(100, 110),
    ]
    assert greys(ak.datasets.load(str(photos), "test[1:3]")) == greys(test)[1:3]
    assert {*train.labels[:8]} == {0, 1}
    again = ak.datasets.load(photos, "test")  # a Path
    assert again.fingerprint == test.fingerprint != train.fingerprint


def test_folders_named_train_and_test_are_splits(tmp_path):
    for i, split in enumerate(("train", "test", "validation")):
        for j, name in enumerate("ab"):
            write(tmp_path / split / name / "x.png", 10 * i + j)
    # A class that a split has no picture of.
    write(tmp_path / "train" / "c" / "deep" / "x.png", 2)
    train, test = ak.datasets.load(str(tmp_path))
    assert sorted(greys(train)) == [0, 1, 2]
    assert sorted(greys(test)) == [10, 11]
    assert test.class_names == train.class_names == ("a", "b", "c")
    whole = ak.datasets.from_directory(tmp_path)
    assert sorted(greys(whole)) == [0, 1, 2, 10, 11, 20, 21]
    one = ak.datasets.from_directory(tmp_path, split="validation[:1]")
    assert greys(one)[0] in (20, 21)


def test_train_may_be_a_class(tmp_path):
    write(tmp_path / "car" / "x.png", 0)
    write(tmp_path / "train" / "x.png", 1)
    data = ak.datasets.from_directory(tmp_path)
    assert data.class_names == ("car", "train")


def test_a_class_of_a_folder_against_the_others(photos):
    data = ak.datasets.load(f"{photos}=dog", "all")
    assert data.class_names == ("other", "dog")
    assert np.bincount(data.labels).tolist() == [10, 10]
    images, labels = data.sample(6)
    assert (labels == (images[:, 0, 0, 0] * 255 > 50)).all()


def test_a_path_may_have_an_equals_sign(tmp_path):
    write(tmp_path / "run=3" / "a" / "x.png", 7)
    data = ak.datasets.load(str(tmp_path / "run=3"), "all")
    assert greys(data) == [7]


def test_a_folder_is_found_from_another_place(photos, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    data = ak.datasets.load("photos", "all")
    monkeypatch.chdir("/")
    assert data.name == "photos"
    assert len(greys(data)) == 20


def test_a_name_of_tfds_is_not_taken_for_a_folder(monkeypatch, tmp_path):
    write(tmp_path / "mnist" / "a" / "x.png", 7)
    monkeypatch.chdir(tmp_path)
    assert greys(ak.datasets.load("./mnist", "all")) == [7]
    write(tmp_path / "imagenet2012" / "a" / "x.png", 7)
    with pytest.raises(ValueError, match="must be given for imagenet2012"):
        ak.datasets.load("imagenet2012", "all", data_dir=str(tmp_path / "no"))


def test_hidden_files_are_no_pictures(photos):
    (photos / "cat" / ".DS_Store").write_bytes(b"x")
    (photos / ".cache").mkdir()
    data = ak.datasets.from_directory(photos)
    assert (len(data), data.unreadable) == (20, ())


def test_an_empty_class(photos):
    (photos / "eel").mkdir()
    with pytest.raises(ValueError, match="picture in the folder") as caught:
        ak.datasets.from_directory(photos)
    assert str(caught.value).endswith(f"no file in {photos / 'eel'}")


def test_no_folder_and_nothing_in_it(tmp_path):
    with pytest.raises(ValueError, match=r"must be a folder\. Received: path="):
        ak.datasets.from_directory(tmp_path / "nosuch")
    with pytest.raises(ValueError, match="a folder of PNG or JPEG files"):
        ak.datasets.from_directory(tmp_path)


@pytest.mark.parametrize("size", [(0, 3), (3,), 3, "ab", (2.5, 3), (True, 3)])
def test_a_size_that_is_none(photos, size):
    with pytest.raises(ValueError, match="`image_size` must be ") as caught:
        ak.datasets.from_directory(photos, image_size=size)
    assert str(caught.value).endswith(f"Received: image_size={size!r}")
