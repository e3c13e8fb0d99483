"""Sets of TFDS: what is on disk is read, what is not is said in one line."""

import time

import numpy as np
import pytest
import requests
import tensorflow as tf
import tensorflow_datasets as tfds

import advkeras as ak

HEIGHTS = [5, 6, 7, 8]  # of the images of `stripes`, in turn


@pytest.fixture(scope="module", params=["tfrecord", "array_record"])
def stripes(request, tmp_path_factory):
    """A folder that holds a small set of images that differ in size."""
    folder = tmp_path_factory.mktemp("tfds")
    write_set(
        folder / "stripes",
        tfds.features.FeaturesDict(
            {
                "picture": tfds.features.Image(shape=(None, 6, 3)),
                "kind": tfds.features.ClassLabel(names=["dark", "light"]),
                "id": tfds.features.Text(),
            }
        ),
        ("picture", "kind"),
        request.param,
        {
            split: [
                {
                    "picture": np.full(
                        (HEIGHTS[i % 4], 6, 3), 20 * i, np.uint8
                    ),
                    "kind": i % 2,
                    "id": str(i),
                }
                for i in range(n)
            ]
            for split, n in (("train", 10), ("test", 4))
        },
    )
    return str(folder)


def write_set(folder, features, keys, kind, examples):
    """Writes a set as TFDS would, three examples a file.

    Args:
        folder: Where; its name is the set's.
        features: Of an example.
        keys: Which are the image and its label.
        kind: Format of the files.
        examples: Split -> examples.
    """
    where = folder / "1.0.0"
    where.mkdir(parents=True)
    info = tfds.core.DatasetInfo(
        builder=tfds.core.DatasetIdentity(
            name=folder.name,
            version=tfds.core.Version("1.0.0"),
            data_dir=str(where),
            module_name="",
        ),
        features=features,
        supervised_keys=keys,
    )
    info.set_file_format(kind)
    writer = tfds.core.SequentialWriter(
        info, max_examples_per_shard=3, file_format=kind
    )
    writer.initialize_splits([*examples])
    writer.add_examples(examples)
    writer.close_all()
    assert [*where.glob(f"*.{kind}-*")]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Folders of the same JPEGs of many sizes, as ImageNet's: format -> it."""
    random = np.random.default_rng(0)
    made = [
        random.integers(0, 256, (8, 7, 3), np.uint8)
        .repeat(8 + i, axis=0)
        .repeat(9, axis=1)
        for i in range(12)
    ]
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(encoding_format="jpeg"),
            "label": tfds.features.ClassLabel(num_classes=1000),
            "file_name": tfds.features.Text(),
        }
    )
    folders = {}
    for kind in ("tfrecord", "array_record"):
        folders[kind] = tmp_path_factory.mktemp(kind)
        write_set(
            folders[kind] / "photographs",
            features,
            ("image", "label"),
            kind,
            {
                "validation": [
                    {"image": image, "label": 83 * i, "file_name": str(i)}
                    for i, image in enumerate(made)
                ]
            },
        )
    return folders


@pytest.fixture
def no_network(monkeypatch):
    """A machine without a network, and TFDS kept from trying for minutes."""
    asked = []

    def head(url, **_):
        asked.append(url)
        raise requests.ConnectionError("Name or service not known")

    monkeypatch.setattr(requests, "head", head)
    monkeypatch.setattr(
        tfds.core.DatasetBuilder,
        "download_and_prepare",
        lambda *_: pytest.fail("began to download"),
    )
    return asked


def refusal(*arguments, **options):
    """Returns the message of the error that `load` raises: one line."""
    start = time.monotonic()
    with pytest.raises(ValueError) as caught:
        ak.datasets.load(*arguments, **options)
    assert time.monotonic() - start < 20  # TFDS alone goes on for minutes
    message = str(caught.value)
    assert "\n" not in message
    assert "Received: " in message
    return message


# A set that lies on disk.


def test_a_set_is_found_by_its_name(stripes):
    data = ak.datasets.load(
        "stripes", "train", data_dir=stripes, image_size=(4, 4)
    )
    assert len(data) == 10
    assert data.name == "stripes"
    assert data.class_names == ("dark", "light")
    assert data.image_shape == (4, 4, 3)
    assert data.labels.tolist() == [0, 1] * 5
    # Each image is of one grey, which resizing keeps.
    expected = 20 * np.arange(10) / 255
    for axes in (np.min, np.max):
        found = axes(data.images, axis=(1, 2, 3))
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_either_format_has_the_same_pixels(photographs):
    """TFDS itself decodes a JPEG otherwise by the number of an example."""
    found = {
        kind: ak.datasets.load(
            "photographs", "validation", data_dir=folder, image_size=(32, 32)
        )
        for kind, folder in photographs.items()
    }
    stream, picked = found["tfrecord"], found["array_record"]
    assert stream.labels.tolist() == [83 * i for i in range(12)]
    np.testing.assert_array_equal(picked.images, stream.images)
    np.testing.assert_array_equal(picked.labels, stream.labels)
    assert picked.fingerprint == stream.fingerprint
    for n, seed in ((5, 0), (7, 3), (12, 1)):
        for one, other in zip(
            picked.sample(n, seed), stream.sample(n, seed), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_what_is_not_chosen_is_not_read(photographs):
    """Of the files of three images each one is left."""
    folder = photographs["array_record"]
    data = ak.datasets.load(
        "photographs", "validation", data_dir=folder, image_size=(8, 8)
    )
    whole = data.images
    files = sorted((folder / "photographs" / "1.0.0").glob("*array_record-*"))
    assert len(files) == 4
    kept = files[2].read_bytes()
    files[2].write_bytes(kept[: len(kept) // 2])
    try:
        chosen = np.arange(12) < 6
        ((images, labels),) = data.batches_of(chosen, 6)
        np.testing.assert_array_equal(images, whole[:6])
        assert labels.tolist() == [83 * i for i in range(6)]
        with pytest.raises(ValueError, match="can be read to the end"):
            list(data.batches_of(~chosen, 6))
    finally:
        files[2].write_bytes(kept)


@pytest.mark.parametrize(
    ("split", "greys"),
    [
        ("test", [0, 20, 40, 60]),
        ("train[3:6]", [60, 80, 100]),
        ("train[80%:]", [160, 180]),
        ("test[:1]+train[9:]", [0, 180]),
    ],
)
def test_splits_and_bounds(stripes, split, greys):
    data = ak.datasets.load(
        "stripes",
        split,
        data_dir=stripes,
        image_size=(2, 2),
        bounds=(0, 255),
    )
    assert len(data) == len(greys)
    assert data.images[:, 0, 0, 0].tolist() == greys


def test_the_order_and_the_fingerprint_are_fixed(stripes):
    prints = [
        ak.datasets.load(
            "stripes", split, data_dir=stripes, image_size=(4, 4)
        ).fingerprint
        for split in ("train", "train", "train[1:]")
    ]
    assert prints[0] == prints[1] != prints[2]


def test_images_of_many_sizes_need_one(stripes):
    message = refusal("stripes", "train", data_dir=stripes)
    assert message.startswith("`image_size` must be given for stripes")


@pytest.mark.parametrize("split", ["nosuch", "train[:11]", "train[", ""])
def test_no_such_split(stripes, split):
    message = refusal("stripes", split, data_dir=stripes, image_size=(4, 4))
    assert message.startswith("`split` must be of ")
    assert "train" in message
    assert message.endswith(f"Received: split={split!r}")


def test_an_empty_split(stripes):
    message = refusal(
        "stripes", "train[4:4]", data_dir=stripes, image_size=(4, 4)
    )
    assert message.startswith("`split` must have at least one image")


def test_a_set_that_names_no_pair(tmp_path):
    """As `store_as_tfds_dataset` makes it: no supervised_keys."""
    pixels = np.arange(3, dtype=np.uint8)[:, None, None, None]
    examples = tf.data.Dataset.from_tensor_slices(
        {
            "class": [1, 0, 1],
            "id": [7, 8, 9],
            "picture": pixels * np.ones((1, 4, 5, 3), np.uint8),
        }
    )
    tfds.dataset_builders.store_as_tfds_dataset(
        "mine",
        "1.0.0",
        data_dir=str(tmp_path),
        split_datasets={"test": examples},
        features=tfds.features.FeaturesDict(
            {
                "class": tfds.features.ClassLabel(names=["a", "b"]),
                "id": tfds.features.Scalar(np.int32),
                "picture": tfds.features.Image(shape=(4, 5, 3)),
            }
        ),
        disable_shuffling=True,
    )
    data = ak.datasets.load("mine", "test", data_dir=str(tmp_path))
    assert data.image_shape == (4, 5, 3)
    assert data.class_names == ("a", "b")
    greys = (data.images[:, 0, 0, 0] * 255).round().astype(int).tolist()
    assert dict(zip(greys, data.labels, strict=True)) == {0: 1, 1: 0, 2: 1}


def test_a_sample_is_of_the_images(stripes):
    data = ak.datasets.load(
        "stripes", "train", data_dir=stripes, image_size=(2, 2)
    )
    images, labels = data.sample(4, seed=2)
    places = (images[:, 0, 0, 0] * 255 / 20).round().astype(int)
    assert (np.diff(places) > 0).all()
    np.testing.assert_array_equal(labels, places % 2)
    np.testing.assert_array_equal(images, data.images[places])


# A set that does not.


def test_unknown_set(no_network, tmp_path):
    message = refusal("nosuch", "train", data_dir=str(tmp_path))
    assert message.startswith("`dataset` must be 'mnist5k' or the TFDS name")
    assert "Received: dataset='nosuch'" in message


@pytest.mark.parametrize("name", ["mnist", "cifar10", "fashion_mnist"])
def test_a_set_that_cannot_be_fetched(no_network, tmp_path, name):
    message = refusal(name, "train", data_dir=str(tmp_path))
    assert f"`dataset` '{name}' is not on this machine" in message
    assert "--data_dir" in message
    assert "TFDS_DATA_DIR" in message
    assert "--dataset=mnist5k" in message
    assert "ConnectionError" in message
    assert f"Received: dataset='{name}', data_dir='{tmp_path}'" in message
    assert len(no_network) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_must_be_fetched_by_hand(no_network, tmp_path):
    message = refusal(
        "imagenet2012", "train", data_dir=str(tmp_path), image_size=(8, 8)
    )
    assert "`dataset` 'imagenet2012' is not on this machine" in message


def test_a_set_whose_images_differ_in_size(no_network, tmp_path):
    message = refusal("imagenet2012", "train", data_dir=str(tmp_path))
    assert message.startswith("`image_size` must be given for imagenet2012")
    assert not no_network


@pytest.mark.parametrize("name", ["coco", "glue"])
def test_a_set_of_other_things(no_network, tmp_path, name):
    message = refusal(name, "train", data_dir=str(tmp_path))
    assert message.startswith(
        "`dataset` must be a set of images with one class"
    )
    assert f"Received: dataset='{name}'" in message
    assert not no_network


# Real MNIST.


@pytest.mark.tfds
def test_mnist(tfds_dir):
    train, test = ak.datasets.load("mnist", data_dir=tfds_dir)
    assert [len(train), len(test)] == [60000, 10000]
    assert test.image_shape == (28, 28, 1)
    assert test.class_names == tuple("0123456789")
    # The counts of LeCun's t10k-labels file.
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(test.labels).tolist() == counts


@pytest.fixture(scope="module")
def halves(tfds_dir):
    """The two halves of the training set: image -> label."""
    return [
        {
            image.tobytes(): label
            for images, labels in half.stream().batch(1000)
            for image, label in zip(images.numpy(), labels.numpy(), strict=True)
        }
        for half in ak.datasets.load(
            "mnist", ("train[:30000]", "train[30000:]"), data_dir=tfds_dir
        )
    ]


@pytest.mark.tfds
def test_the_halves_of_mnist_share_no_image(halves):
    assert [len(half) for half in halves] == [30000, 30000]
    assert not halves[0].keys() & halves[1].keys()


@pytest.mark.tfds
def test_mnist_streams_as_it_is_read(tfds_dir):
    data = ak.datasets.load("mnist", "test[:2500]", data_dir=tfds_dir)
    start = 0
    for images, labels in data.batches(999):
        rows = slice(start, start + len(images))
        np.testing.assert_array_equal(images, data.images[rows])
        np.testing.assert_array_equal(labels, data.labels[rows])
        start = rows.stop
    assert start == 2500
    again = ak.datasets.load("mnist", "test[:2500]", data_dir=tfds_dir)
    assert again.fingerprint == data.fingerprint


@pytest.mark.tfds
def test_mnist5k_is_of_mnist(halves):
    """The embedded digits are MNIST's training digits, with their labels."""
    digits = ak.datasets.load("mnist5k", "train+test", bounds=(0, 255))
    known = halves[0] | halves[1]
    found = [known.get(x.tobytes()) for x in digits.images.astype(np.uint8)]
    assert found == digits.labels.tolist()
