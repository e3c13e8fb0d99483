"""Whatever takes images takes an array, a list, a tensor or a data set."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak

N = 12


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


def trained(images, labels, train):
    model = ak.models.build("fc10", seed=0)
    train(model, images, labels)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def monitored(images, labels):
    monitor = ak.report.AttackMonitor(ak.attacks.FGSM(0.1), images, labels)
    return np.append(monitor.images.ravel(), monitor.labels)


def encoded(images):
    model = ak.models.build("ae400-10", seed=0)
    ak.training.pretrain_encoder(model, images, epochs=1)
    return model.get_layer("encoder").get_weights()[0]


def staged(images):
    model = ak.models.build("quocnet", input_shape=(28, 28, 1), maps=1)
    return ak.training.pretrain_stages(model, images, epochs=1)


def sheet(comparison, images, path):
    path.parent.mkdir()
    ak.report.unit_sheet(comparison.to_json(), images, path)
    return len(path.read_bytes())


def on_runtime(path, name):
    def run(images):
        with ak.edge.start(path, "litert") as runtime:
            found = getattr(runtime, name)(images)
        return found.outputs if name == "predict" else len(found)

    return run


def inspected(path, images):
    with ak.edge.runtimes.Inspector(path) as inspector:
        index = inspector.input["index"]
        return inspector.tensors(images, [index])[index]


def functions(classifier, tflite, folder):
    """Name -> what takes images and labels, and returns numbers."""
    attack = ak.attacks.FGSM(0.1)
    units = ak.analysis.units
    phi = np.random.default_rng(0).random((N, 6)).astype(np.float32)

    def run(name):
        return ak.report.Run(folder / name, {})

    names = [str(i) for i in range(10)]
    recipe = ak.training.Recipe("lbfgs", epochs=1)
    return {
        "attack": lambda x, y: attack(classifier, x, y).images,
        "predict": lambda x, y: classifier.predict(x, batch_size=4),
        "predict of a .tflite": lambda x, y: ak.load(tflite).predict(x, 4),
        "trust": lambda x, y: [
            check.holds
            for check in ak.evaluation.trust(
                classifier, x, y, examples=4
            ).checks
        ],
        "clean_accuracy": lambda x, y: (
            ak.evaluation.clean_accuracy(classifier, x, y).right.count
        ),
        "check_accuracy": lambda x, y: (
            ak.evaluation.check_accuracy(classifier, x, y).right.count
        ),
        "transfer_matrix": lambda x, y: (
            ak.evaluation.transfer_matrix({"a": classifier}, attack, x, y)
            .rows[0]
            .distortion
        ),
        "gaussian_noise": lambda x, y: ak.evaluation.gaussian_noise(x, 0.1),
        "amplify": lambda x, y: ak.evaluation.amplify(x, x, 0.1),
        "radii": lambda x, y: ak.analysis.certificates.radii(
            classifier, x, labels=y
        ),
        "nearest": lambda x, y: (
            ak.analysis.certificates.nearest(classifier, x, 1, attack).images
        ),
        "features": lambda x, y: units.features(classifier, x, batch_size=4),
        "compare": lambda x, y: (
            units.compare(phi, y, x, k=3).of_units.similarity
        ),
        "basis_test": lambda x, y: units.basis_test(
            phi, y, x, k=3, bases=9
        ).natural["similarity"],
        "unit_sheet": lambda x, y: sheet(
            units.compare(phi, y, x, k=3), x, folder / "sheet.png"
        ),
        "spectrum": lambda x, y: (
            ak.analysis.spectrum.bounds(classifier.model, images=x).lower
        ),
        "calibration": lambda x, y: len(
            ak.edge.export(classifier, folder / "tflite", "int8", x)[
                "int8"
            ].read_bytes()
        ),
        "agreement": lambda x, y: ak.edge.agreement(tflite, x).n,
        "runtime": lambda x, y: on_runtime(tflite, "predict")(x),
        "latencies": lambda x, y: on_runtime(tflite, "latencies")(x),
        "inspector": lambda x, y: inspected(tflite, x),
        "write_c_source": lambda x, y: len(
            ak.edge.write_c_source(tflite, folder / "c", x, y)[3].read_text()
        ),
        "monitor": monitored,
        "train": lambda x, y: trained(
            x, y, lambda *given: ak.training.train(*given, recipe)
        ),
        "fit_lbfgs": lambda x, y: trained(
            x, y, lambda *given: ak.training.fit_lbfgs(*given, 1)
        ),
        "fit_layerwise": lambda x, y: trained(
            x,
            y,
            lambda *given: ak.training.fit_layerwise(*given, {}, epochs=1),
        ),
        "pretrain_encoder": lambda x, y: encoded(x),
        "pretrain_stages": lambda x, y: staged(x),
        "run": lambda x, y: (
            run("run").attack("a", attack, classifier, x, y).images
        ),
        "trust_report": lambda x, y: len(
            ak.report.trust_report(run("trust"), {"a": classifier}, x, y, 0.1)
        ),
        "transfer_report": lambda x, y: ak.report.transfer_report(
            run("transfer"),
            {"a": classifier},
            {"fgsm": attack},
            x,
            y,
            names,
        )["matrices"]["fgsm"]["n"],
        "survival_report": lambda x, y: ak.report.survival_report(
            run("survival"),
            "a",
            classifier,
            {"fgsm": attack},
            x,
            y,
            {"int8": tflite},
            runtimes=("litert",),
        )["survival"]["attacks"]["fgsm"]["n"],
        "white_box_report": lambda x, y: ak.report.white_box_report(
            run("white"),
            "a",
            None,
            {"fgsm": attack},
            x,
            y,
            {"int8": tflite},
            bounds=(0.0, 1.0),
            share=0.1,
        )["rows"][0]["clean"]["count"],
    }


NAMES = list(functions(None, None, Path()))


@pytest.mark.parametrize("name", NAMES)
def test_all_kinds_of_images_give_the_same(
    name, data, classifier, tflite, tmp_path
):
    expected = None
    kinds = TRAINED if name in ("pretrain_stages", "fit_layerwise") else KINDS
    for i, (kind, give) in enumerate(kinds.items()):
        found = functions(classifier, tflite, tmp_path / str(i))[name](
            *give(data)
        )
        expected = found if expected is None else expected
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6, err_msg=kind)


# Those that are told what pixels the images have.
BOUNDED = [
    "attack",
    "predict",
    "predict of a .tflite",
    "trust",
    "clean_accuracy",
    "check_accuracy",
    "transfer_matrix",
    "gaussian_noise",
    "amplify",
    "radii",
    "nearest",
    "features",
    "calibration",
    "monitor",
    "fit_layerwise",
    "pretrain_encoder",
    "run",
    "trust_report",
    "transfer_report",
    "survival_report",
    "white_box_report",
]


@pytest.mark.parametrize("name", BOUNDED)
def test_a_set_of_other_bounds_is_refused(
    name, data, classifier, tflite, tmp_path
):
    other = dataclasses.replace(data, bounds=(0.0, 255.0))
    with pytest.raises(ValueError, match="Received") as raised:
        functions(classifier, tflite, tmp_path)[name](other, None)
    assert "within (0.0, 255.0)" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_without_end_is_refused(
    name, data, classifier, tflite, tmp_path
):
    endless = tf_data(data).repeat()
    with pytest.raises(ValueError, match="must end") as raised:
        functions(classifier, tflite, tmp_path)[name](endless, None)
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
