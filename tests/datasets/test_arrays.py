"""Arrays of images, in memory or in a memory map."""

import numpy as np
import pytest

import advkeras as ak

# Four images whose pixels are their place.
IMAGES = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones(
    (1, 3, 2), np.uint8
)
LABELS = np.array([1, 0, 2, 1])


def test_images_keep_their_order():
    data = ak.datasets.from_arrays(IMAGES, LABELS, bounds=(0, 255))
    assert data.image_shape == (3, 2, 1)
    assert (data.name, data.split) == ("arrays", "all")
    assert data.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(data.images[..., 0], IMAGES)
    np.testing.assert_array_equal(data.labels, LABELS)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS[:, None],
        LABELS.astype(np.uint8),
        LABELS.tolist(),
        np.eye(3)[LABELS],
    ],
)
def test_labels_of_other_shapes(labels):
    data = ak.datasets.from_arrays(IMAGES, labels, class_names="abc")
    assert data.labels.tolist() == LABELS.tolist()
    assert data.class_names == ("a", "b", "c")


def test_images_are_resized():
    colour = np.repeat(IMAGES[..., None], 3, axis=-1)
    data = ak.datasets.from_arrays(
        colour, LABELS, bounds=(0, 255), image_size=(5, 6)
    )
    assert data.images.shape == (4, 5, 6, 3)
    assert data.images[:, 2, 2, 1].tolist() == [0, 1, 2, 3]


def test_a_sample_of_a_memory_map_reads_only_its_rows(tmp_path):
    images = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(1000, 64, 64, 3))
    images[:] = np.arange(1000).reshape(-1, 1, 1, 1) % 251
    read = []

    class Watched:
        dtype, shape = images.dtype, images.shape

        def __len__(self):
            return len(images)

        def __getitem__(self, rows):
            read.extend(rows)
            return images[rows]

    data = ak.datasets.from_arrays(Watched(), np.arange(1000) % 7)
    chosen, labels = data.sample(5, seed=3)
    assert len(read) == 5
    np.testing.assert_array_equal(labels, np.array(read) % 7)
    np.testing.assert_allclose(
        chosen[:, 9, 9, 2] * 255, np.array(read) % 251, atol=1e-4
    )
    # More than is read at once, in order.
    read.clear()
    assert sum(len(x) for x, _ in data.batches(300)) == 1000
    assert read == list(range(1000))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (IMAGES / 255, "`images` must be uint8"),
        (IMAGES.astype(np.int64), "`images` must be uint8"),
        (IMAGES[0], "`images` must be of shape"),
        (IMAGES[:0], "`images` must be of shape"),
        (np.zeros((4, 3, 2, 4), np.uint8), "`images` must be of shape"),
    ],
)
def test_images_that_are_none(images, said):
    with pytest.raises(ValueError, match=said) as caught:
        ak.datasets.from_arrays(images, LABELS)
    assert "Received: " in str(caught.value)


def test_floats_are_told_how():
    with pytest.raises(ValueError, match=r"\(images \* 255\).round\(\)"):
        ak.datasets.from_arrays(IMAGES / 255, LABELS)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0, 1, 2], r"labels.shape=\(3,\)"),
        ([0, 1, 2, 3], "labels with 3"),
        ([0, 1, 2, -1], "labels with -1"),
        ([0.5, 1, 2, 0], "labels.dtype=float64"),
        (["a", "b", "a", "b"], "labels.dtype=<U1"),
    ],
)
def test_labels_that_are_none(labels, said):
    with pytest.raises(ValueError, match=f"`labels` must .*Received: {said}"):
        ak.datasets.from_arrays(IMAGES, labels, class_names=["a", "b", "c"])
