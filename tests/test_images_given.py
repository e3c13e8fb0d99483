"""Whatever takes images takes an array, a list, a tensor or a data set."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from tests.takers import TAKERS
from tests.takers import N
from tests.takers import takers


@pytest.fixture(scope="module")
def data(test_digits):
    """A few digits: uint8 in memory."""
    pixels = np.round(test_digits.images[:N] * 255).astype(np.uint8)
    return ak.datasets.from_arrays(
        pixels, test_digits.labels[:N], test_digits.class_names
    )


@pytest.fixture(scope="module")
def classifier(classifiers):
    return classifiers["linear"]


@pytest.fixture(scope="module")
def tflite(classifier, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tflite")
    return ak.edge.export(classifier, folder, "int8", data)["int8"]


def tf_data(data):
    return tf.data.Dataset.from_tensor_slices((data.images, data.labels))


# Kind -> what a caller gives: images, and labels where they have none.
KINDS = {
    "array": lambda data: (data.images, data.labels),
    "list": lambda data: (data.images.tolist(), data.labels.tolist()),
    "tensor": lambda data: (tf.constant(data.images), tf.constant(data.labels)),
    "ImageSet": lambda data: (data, None),
    "tf.data": lambda data: (tf_data(data), None),
    "tf.data in batches": lambda data: (tf_data(data).batch(5), None),
    "tf.data without labels": lambda data: (
        tf_data(data).map(lambda image, label: image).batch(5),
        data.labels,
    ),
}


# Of what trains a large net, which takes seconds.
TRAINED = {kind: KINDS[kind] for kind in ("array", "ImageSet")}


@pytest.mark.parametrize("name", TAKERS)
def test_all_kinds_of_images_give_the_same(
    name, data, classifier, tflite, tmp_path
):
    expected = None
    kinds = (
        TRAINED
        if name in ("training.pretrain_stages", "training.fit_layerwise")
        else KINDS
    )
    for i, (kind, give) in enumerate(kinds.items()):
        found = takers(classifier, tflite, tmp_path / str(i))[name](*give(data))
        expected = found if expected is None else expected
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6, err_msg=kind)


# Those that are told what pixels the images have.
BOUNDED = [
    "attacks.Attack.__call__",
    "classifier.Classifier.predict",
    "edge.TfliteClassifier.predict",
    "evaluation.trust",
    "evaluation.robust_accuracy",
    "evaluation.clean_accuracy",
    "evaluation.check_accuracy",
    "evaluation.transfer_matrix",
    "evaluation.gaussian_noise",
    "evaluation.amplify",
    "analysis.radii",
    "analysis.nearest",
    "analysis.features",
    "edge.export",
    "report.AttackMonitor",
    "training.fit_layerwise",
    "training.pretrain_encoder",
    "report.Run.attack",
    "report.trust_report",
    "report.transfer_report",
    "report.survival_report",
    "report.white_box_report",
]


@pytest.mark.parametrize("name", BOUNDED)
def test_a_set_of_other_bounds_is_refused(
    name, data, classifier, tflite, tmp_path
):
    other = dataclasses.replace(data, bounds=(0.0, 255.0))
    with pytest.raises(ValueError, match="Received") as raised:
        takers(classifier, tflite, tmp_path)[name](other, None)
    assert "within (0.0, 255.0)" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", TAKERS)
def test_a_data_set_without_end_is_refused(
    name, data, classifier, tflite, tmp_path
):
    endless = tf_data(data).repeat()
    with pytest.raises(ValueError, match="must end") as raised:
        takers(classifier, tflite, tmp_path)[name](endless, None)
    assert "\n" not in str(raised.value)


def test_labels_are_given_once(data, classifier):
    for images in (data, tf_data(data)):
        with pytest.raises(ValueError, match="`labels` must be None"):
            ak.attacks.FGSM(0.1)(classifier, images, data.labels)


def test_without_labels_an_attack_has_the_model_s_own(data, classifier):
    images = tf_data(data).map(lambda image, label: image)
    result = ak.attacks.FGSM(0.1)(classifier, images)
    expected = classifier.predict(data)
    assert result.labels.tolist() == expected.tolist()


def test_what_needs_labels_says_so(data, classifier):
    for measure in (ak.evaluation.clean_accuracy, ak.evaluation.trust):
        with pytest.raises(ValueError, match="`labels` must be given"):
            measure(classifier, data.images)


def test_prediction_streams(data, classifier):
    held = []

    def note(image):
        held.append(1)
        return image

    images = tf_data(data).map(
        lambda image, label: tf.ensure_shape(
            tf.numpy_function(note, [image], tf.float32), (28, 28, 1)
        )
    )
    batches = classifier.batches(images, batch_size=4)
    next(batches)
    assert len(held) < N
    assert classifier.predict(images, batch_size=4).shape == (N,)


def test_grey_images_of_a_colour_model(data):
    model = ak.models.build("conv-cifar10", seed=0)
    classifier = ak.Classifier(model)
    grey = ak.datasets.from_arrays(np.zeros((2, 32, 32, 1), np.uint8), [0, 1])
    for images in (grey, grey.images, tf_data(grey)):
        with pytest.raises(ValueError, match="grayscale_to_rgb") as raised:
            classifier.predict(images)
        assert "grey images, one channel" in str(raised.value)
    found = tf_data(grey).map(lambda x, y: (tf.image.grayscale_to_rgb(x), y))
    assert classifier.predict(found).shape == (2,)
