import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak

SHAPE = (4, 5, 1)
UNIT = (0.0, 1.0)


def pixels(n=7, shape=SHAPE):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), np.uint8)


def image_set(n=7, bounds=UNIT):
    return ak.datasets.from_arrays(pixels(n), np.arange(n) % 3, bounds=bounds)


def pairs(n=7):
    data = image_set(n)
    return tf.data.Dataset.from_tensor_slices((data.images, data.labels))


def refusal(function, *arguments):
    with pytest.raises(ValueError) as raised:
        function(*arguments)
    assert "\n" not in str(raised.value)
    assert "Received: " in str(raised.value)
    return str(raised.value)


KINDS = {
    "set": lambda: image_set(),
    "pairs": lambda: pairs(),
    "batches": lambda: pairs().batch(3),
    "one batch": lambda: pairs().batch(100),
    "one-hot": lambda: pairs().map(lambda x, y: (x, tf.one_hot(y, 3))),
    "columns": lambda: pairs().map(lambda x, y: (x, y[None])).batch(2),
    "unknown length": lambda: pairs().filter(lambda x, y: True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_set_gives_images_and_their_labels(kind):
    data = image_set()
    images, labels = ak.datasets.examples_of(KINDS[kind](), None, UNIT, SHAPE)
    np.testing.assert_array_equal(images, data.images)
    assert images.dtype == np.float32
    labels = ak.datasets.examples_of(KINDS[kind](), None, None, None)[1]
    found = labels.argmax(axis=1) if kind == "one-hot" else labels.ravel()
    assert found.tolist() == data.labels.tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 2, 7, 10])
def test_batches_are_no_larger_than_asked_for(kind, size):
    found = list(ak.datasets.batches_of(KINDS[kind](), UNIT, SHAPE, size))
    assert all(1 <= len(batch) <= size for batch in found)
    np.testing.assert_array_equal(np.concatenate(found), image_set().images)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_given_once(kind):
    message = refusal(
        ak.datasets.examples_of, KINDS[kind](), np.zeros(7, int), UNIT, SHAPE
    )
    assert message.startswith("`labels` must be None")


@pytest.mark.parametrize("batched", [False, True])
def test_images_alone_go_with_the_labels_given(batched):
    images = pairs().map(lambda x, y: x)
    images = images.batch(2) if batched else images
    labels = [0, 1, 2, 0, 1, 2, 0]
    found = ak.datasets.examples_of(images, labels, UNIT, SHAPE)
    np.testing.assert_array_equal(found[0], image_set().images)
    assert found[1].tolist() == labels
    assert ak.datasets.examples_of(images, None, UNIT, SHAPE)[1] is None


def test_a_tuple_of_one_has_no_labels():
    data = tf.data.Dataset.from_tensor_slices((image_set().images,))
    images, labels = ak.datasets.examples_of(data, None, UNIT, SHAPE)
    assert images.shape == (7, *SHAPE)
    assert labels is None


@pytest.mark.parametrize("batched", [False, True])
def test_a_data_set_without_end_is_refused_before_it_is_read(batched):
    read = []

    def note(image, label):
        read.append(1)
        return image, label

    data = pairs().map(
        lambda x, y: tf.numpy_function(note, [x, y], [tf.float32, tf.int64])
    )
    data = data.map(lambda x, y: (tf.ensure_shape(x, SHAPE), y)).repeat()
    data = data.batch(2) if batched else data
    for read_it in (
        lambda: ak.datasets.examples_of(data, None, UNIT, SHAPE),
        lambda: list(ak.datasets.batches_of(data, UNIT, SHAPE, 2)),
    ):
        assert "must end" in refusal(read_it)
    assert not read


def test_the_bounds_of_a_set_must_be_the_same():
    message = refusal(ak.datasets.images_of, image_set(), (0.0, 255.0), SHAPE)
    assert message.startswith("`images` must be within bounds=(0.0, 255.0)")
    assert "within (0.0, 1.0)" in message
    ak.datasets.images_of(image_set(), None, SHAPE)


def test_pixels_of_tf_data_must_be_within_the_bounds():
    data = tf.data.Dataset.from_tensor_slices(pixels())
    message = refusal(ak.datasets.images_of, data, UNIT, SHAPE)
    assert message.startswith("`images` must be within bounds=(0, 1)")


@pytest.mark.parametrize(
    "data",
    [
        lambda: tf.data.Dataset.range(3),
        lambda: tf.data.Dataset.zip(pairs(), pairs()),
        lambda: tf.data.Dataset.zip(*[pairs().map(lambda x, y: x)] * 3),
        lambda: pairs().map(lambda x, y: {"image": x, "label": y}),
        lambda: pairs().map(lambda x, y: tf.sparse.from_dense(x)),
        lambda: tf.data.Dataset.from_generator(
            lambda: iter(image_set().images), output_types=tf.float32
        ),
    ],
)
def test_other_elements_are_refused(data):
    message = refusal(ak.datasets.images_of, data(), UNIT, SHAPE)
    assert "element_spec=" in message


def test_no_image_is_refused():
    for data in (pairs().take(0), pairs().batch(2).take(0)):
        message = refusal(ak.datasets.images_of, data, UNIT, SHAPE)
        assert message.startswith("`images` must have an image")


def test_images_of_several_sizes_are_refused():
    def sizes():
        yield np.zeros((4, 4, 1), np.float32)
        yield np.zeros((5, 4, 1), np.float32)

    data = tf.data.Dataset.from_generator(
        sizes, output_signature=tf.TensorSpec((None, 4, 1))
    )
    shape = (None, 4, 1)
    assert "of one size" in refusal(ak.datasets.images_of, data, UNIT, shape)
    batches = data.batch(1)
    assert "of one size" in refusal(ak.datasets.images_of, batches, UNIT, shape)
    # One by one they are no trouble.
    found = list(ak.datasets.batches_of(batches, UNIT, shape, 1))
    assert [batch.shape[1] for batch in found] == [4, 5]


def test_a_data_set_that_fails_is_named():
    data = pairs().map(
        lambda x, y: (tf.debugging.check_numerics(x / 0, "no"), y)
    )
    message = refusal(ak.datasets.images_of, data, UNIT, SHAPE)
    assert "must be a tf.data.Dataset that can be read" in message


def test_a_set_of_another_shape_is_refused_before_it_is_read():
    data = image_set()
    message = refusal(ak.datasets.images_of, data, UNIT, (4, 5, 3))
    assert "images.shape=(7, 4, 5, 1): grey images" in message
    assert "_arrays" not in vars(data)
