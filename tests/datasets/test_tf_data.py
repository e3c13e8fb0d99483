"""Any tf.data.Dataset as a set."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from tests.datasets.pictures import greys
from tests.datasets.pictures import write

PIXELS = np.arange(5, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones(
    (1, 4, 6, 3), np.uint8
)
LABELS = np.array([0, 1, 1, 0, 1], np.int32)


def pairs(pixels=PIXELS, labels=LABELS):
    return tf.data.Dataset.from_tensor_slices((pixels, labels))


@pytest.mark.parametrize("batch", [None, 2])
def test_examples_come_as_they_are(batch):
    given = pairs() if batch is None else pairs().batch(batch)
    data = ak.datasets.from_tf_data(given, ["no", "yes"], bounds=(-1, 1))
    assert (len(data), data.image_shape) == (5, (4, 6, 3))
    assert (data.class_names, data.bounds) == (("no", "yes"), (-1.0, 1.0))
    assert greys(data) == [0, 1, 2, 3, 4]
    assert data.labels.tolist() == LABELS.tolist()
    images, labels = data.sample(2, seed=1)
    rows = np.round((images[:, 0, 0, 0] + 1) * 127.5).astype(int)
    assert labels.tolist() == LABELS[rows].tolist()


def test_images_of_many_sizes_need_one():
    def both():
        for height in (2, 4):
            yield np.full((height, 3, 1), 9, np.uint8), 0

    given = tf.data.Dataset.from_generator(
        both,
        output_signature=(
            tf.TensorSpec((None, None, 1), tf.uint8),
            tf.TensorSpec((), tf.int64),
        ),
    )
    with pytest.raises(ValueError, match="`image_size` must be given for mine"):
        ak.datasets.from_tf_data(given, ["a"], name="mine")
    data = ak.datasets.from_tf_data(given, ["a"], image_size=(5, 5))
    assert data.images.shape == (2, 5, 5, 1)
    assert greys(data) == [9, 9]


def test_pictures_that_keras_reads(tmp_path):
    for i, name in enumerate("ab"):
        write(tmp_path / name / "x.png", 100 + i)
    theirs = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(6, 8), shuffle=False, verbose=False
    )
    with pytest.raises(ValueError, match=r"tf.cast\(tf.round\(image\)"):
        ak.datasets.from_tf_data(theirs, theirs.class_names)
    data = ak.datasets.from_tf_data(
        theirs.map(lambda x, y: (tf.cast(tf.round(x), tf.uint8), y)),
        theirs.class_names,
    )
    assert greys(data) == [100, 101]
    assert data.class_names == ("a", "b")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 2], "element_spec=None"),
        (pairs().map(lambda x, _: x), "element_spec=TensorSpec"),
        (pairs(PIXELS[..., :2]), "element_spec="),
        (pairs(labels=np.eye(2)[LABELS]), "element_spec="),
        (pairs().repeat(), "one that repeats"),
        (pairs().take(0), "none"),
        (pairs(labels=LABELS + 1), "labels with 2"),
    ],
)
def test_data_that_is_none(given, said):
    with pytest.raises(ValueError, match=f"must .*Received: {said}"):
        ak.datasets.from_tf_data(given, ["no", "yes"])
