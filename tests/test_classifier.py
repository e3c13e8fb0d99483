import copy
import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.classifier import as_classifier


def images(n=6, shape=(8, 8, 3), upper=1.0):
    random = np.random.default_rng(0)
    return (upper * random.random((n, *shape))).astype(np.float32)


def small(activation=None, classes=4, dtype=None):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", dtype=dtype),
            layers.BatchNormalization(dtype=dtype),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(classes, activation=activation, dtype=dtype),
        ]
    )


class Subclassed(keras.Model):
    """A model without a graph, with any head."""

    def __init__(self, head):
        super().__init__()
        self.dense = layers.Dense(4)
        self.head = head

    def call(self, x, training=False):
        return self.head(self.dense(keras.ops.reshape(x, (-1, 192))))


def subclassed(head):
    model = Subclassed(head)
    model.build((None, 8, 8, 3))
    model(images())
    return model


def test_logits_and_labels_of_a_model_with_logits():
    model = small()
    classifier = ak.Classifier(model)
    assert classifier.outputs == "logits"
    assert classifier.num_classes == 4
    assert classifier.image_shape == (8, 8, 3)
    np.testing.assert_allclose(
        classifier.logits(images()), model(images()), atol=1e-6
    )
    labels = classifier.predict(images(), batch_size=4)
    assert labels.shape == (6,)
    assert labels.tolist() == np.argmax(model(images()), axis=1).tolist()


def test_softmax_is_found_and_removed():
    classifier = ak.Classifier(small("softmax"))
    assert classifier.outputs == "probabilities"
    np.testing.assert_allclose(
        tf.nn.softmax(classifier.logits(images())),
        classifier.model(images()),
        atol=1e-6,
    )


def test_probabilities_without_a_graph_become_logarithms():
    model = subclassed(keras.ops.softmax)
    model.input_shape_ = None
    classifier = ak.Classifier(model)
    assert classifier.outputs == "probabilities"
    np.testing.assert_allclose(
        tf.nn.softmax(classifier.logits(images())), model(images()), atol=1e-5
    )


def test_a_subclassed_model_that_was_called():
    model = Subclassed(lambda x: 3 * x)
    with pytest.raises(ValueError, match="a subclassed one is once it was"):
        ak.attacks.FGSM(0.1)(model, images())
    model(images(2))
    result = ak.attacks.FGSM(0.1)(model, images())
    assert result.images.shape == (6, 8, 8, 3)
    assert result.success.any()


def test_logits_without_a_graph():
    classifier = ak.Classifier(subclassed(lambda x: 3 * x))
    assert classifier.outputs == "logits"


@pytest.mark.parametrize(
    ("activation", "outputs"), [("softmax", "logits"), (None, "probabilities")]
)
def test_outputs_declared_as_what_they_are_not(activation, outputs):
    with pytest.raises(ValueError, match=f"outputs='{outputs}'"):
        ak.Classifier(small(activation), outputs=outputs)


def test_outputs_declared_truly():
    for activation, outputs in ((None, "logits"), ("softmax", "probabilities")):
        classifier = ak.Classifier(small(activation), outputs=outputs)
        assert classifier.outputs == outputs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bounds": (1, 0)}, "bounds"),
        ({"bounds": (0, float("nan"))}, "bounds"),
        ({"bounds": 1}, "bounds"),
        ({"outputs": "scores"}, "outputs='scores'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ak.Classifier(small(), **arguments)


def test_not_a_model():
    with pytest.raises(ValueError, match="type int"):
        ak.Classifier(3)


def test_not_a_classifier_of_images():
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match="scores of shape"):
        ak.Classifier(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))
    with pytest.raises(ValueError, match="at least 2 classes"):
        ak.Classifier(small(classes=1))


def test_not_built():
    with pytest.raises(ValueError, match="built"):
        ak.Classifier(keras.Sequential([layers.Flatten(), layers.Dense(2)]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (images(upper=255.0), "within bounds"),
        (images(shape=(8, 8, 1)), r"\(n, 8, 8, 3\)"),
        (images() * np.nan, "finite"),
        (images()[:0], "n >= 1"),
        (np.array(["cat"]), "shape"),
    ],
)
def test_predict_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        ak.Classifier(small()).predict(wrong)


def test_predict_takes_what_an_unclipped_attack_made():
    classifier = ak.Classifier(small())
    assert len(classifier.predict(images() + 0.5, within_bounds=False)) == 6


def test_inference_mode_and_state_untouched():
    model = small()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = [w.copy() for w in model.get_weights()]
    flags = [layer.trainable for layer in model.layers]
    optimizer = model.optimizer
    classifier = ak.Classifier(model)
    ak.attacks.FGSM(0.1)(classifier, images())
    ak.attacks.LBFGS(c_rtol=0.5)(classifier, images(2))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [layer.trainable for layer in model.layers] == flags
    assert model.optimizer is optimizer
    first, second = classifier.predict(images()), classifier.predict(images())
    assert first.tolist() == second.tolist()  # Dropout is off


def test_weights_are_read_when_used():
    model = small()
    classifier = ak.Classifier(model)
    classifier.predict(images())
    bias = model.layers[-1].bias
    bias.assign([0.0, 0.0, 1000.0, 0.0])
    assert set(classifier.predict(images())) == {2}
    assert set(classifier.in_float64().predict(images())) == {2}
    bias.assign([1000.0, 0.0, 0.0, 0.0])
    assert set(classifier.in_float64().predict(images())) == {0}


def test_float64_agrees_and_is_finer():
    classifier = ak.Classifier(small("softmax"))
    double = classifier.in_float64()
    x = tf.constant(images(), tf.float64)
    assert double.dtype == tf.float64
    assert double.logits(x).dtype == tf.float64
    np.testing.assert_allclose(
        double.logits(x), classifier.logits(images()), atol=1e-5
    )


def test_float64_reaches_into_nested_models():
    inner = small("softmax")
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Rescaling(0.5), inner]
    )
    double = ak.Classifier(model).in_float64()
    x = tf.constant(images(), tf.float64)
    step = 1e-9 * np.sign(np.random.default_rng(0).normal(size=x.shape))
    change = double.logits(x + step) - double.logits(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        first = double.logits(x)[:, 0]
    predicted = np.sum(tape.gradient(first, x) * step, axis=(1, 2, 3))
    # float32 anywhere on the way would round a change of 1e-9 away.
    np.testing.assert_allclose(change[:, 0], predicted, rtol=1e-4)


def test_float64_needs_a_configuration():
    classifier = ak.Classifier(subclassed(lambda x: 3 * x))
    with pytest.raises(ValueError, match="float64"):
        classifier.in_float64()
    result = ak.attacks.LBFGS(c_rtol=0.5)(classifier, images(2))
    assert result.success.all()  # in float32 instead


def test_float64_of_a_functional_model_with_a_subclassed_one_inside():
    given = keras.Input((8, 8, 3))
    model = keras.Model(given, Subclassed(lambda x: 3 * x)(given))
    result = ak.attacks.LBFGS(c_rtol=0.5, solver="scipy")(model, images(2))
    assert result.success.all()  # in float32 instead


@pytest.mark.parametrize("inputs", ["float32", "float64"])
def test_a_model_of_float64(inputs):
    given = keras.Input((8, 8, 3), dtype=inputs)
    scores = layers.Dense(4, dtype="float64")(layers.Flatten()(given))
    model = keras.Model(given, scores)
    for attack in (ak.attacks.FGSM(0.1), ak.attacks.PGD(0.1, steps=3)):
        result = attack(model, images())
        assert result.images.dtype == np.float32
        assert result.linf.max() == pytest.approx(0.1)


def test_a_model_of_integers():
    given = keras.Input((8, 8, 3), dtype="uint8")
    scores = layers.Dense(4)(layers.Flatten()(layers.Rescaling(1 / 255)(given)))
    classifier = ak.Classifier(keras.Model(given, scores), (0, 255))
    assert classifier.predict(images(upper=255)).shape == (6,)
    with pytest.raises(ValueError, match=r"`model` must take floats.* uint8"):
        ak.attacks.FGSM(5.0)(classifier, images(upper=255))


def test_mixed_precision_logits_are_float32():
    classifier = ak.Classifier(small(dtype="mixed_float16"))
    assert classifier.logits(tf.constant(images())).dtype == tf.float32
    assert len(ak.attacks.FGSM(0.1)(classifier, images())) == 6


def test_variable_image_size():
    inputs = keras.Input((None, None, 3))
    hidden = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
    classifier = ak.Classifier(keras.Model(inputs, layers.Dense(3)(hidden)))
    for size in (16, 20):
        result = ak.attacks.FGSM(0.1)(classifier, images(shape=(size, size, 3)))
        assert result.images.shape == (6, size, size, 3)


def test_plain_models_keep_their_classifier():
    model = small()
    assert as_classifier(model) is as_classifier(model)
    with pytest.raises(ValueError, match=r"keras\.Model"):
        as_classifier("m1")


def test_a_classifier_can_be_collected():
    classifier = ak.Classifier(small())
    ak.attacks.FGSM(0.1)(classifier, images())
    gone = weakref.ref(classifier)
    del classifier
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("suffix", [".keras", ".h5", ""])
def test_every_format_gives_the_same_logits(tmp_path, suffix):
    model = small("softmax")
    path = tmp_path / f"model{suffix}"
    if suffix:
        model.save(path)
    else:
        model.export(path, verbose=False)
    loaded = ak.load(path)
    own = ak.Classifier(model)
    np.testing.assert_allclose(
        tf.nn.softmax(loaded.logits(tf.constant(images()))),
        tf.nn.softmax(own.logits(tf.constant(images()))),
        atol=1e-5,
    )
    a = ak.attacks.FGSM(0.1)(loaded, images())
    b = ak.attacks.FGSM(0.1)(own, images())
    np.testing.assert_allclose(a.images, b.images, atol=1e-6)


def whole(pixels, steps):
    """How far pixels are from a multiple of 1 / steps, at most, in steps."""
    scaled = steps * pixels.astype(np.float64)
    return np.abs(scaled - np.rint(scaled)).max()


def test_levels_are_seen_by_the_logits():
    plain = ak.Classifier(small())
    classifier = ak.Classifier(plain.model, levels=8)
    x = tf.constant(images())
    rounded = tf.round(7 * x) / 7
    np.testing.assert_allclose(
        classifier.logits(x), plain.logits(rounded), atol=1e-5
    )
    assert np.abs(classifier.logits(x) - plain.logits(x)).max() > 1e-3
    assert classifier.predict(images()).tolist() == (
        plain.predict(rounded).tolist()
    )


def test_the_gradient_passes_the_levels():
    """It is that at the rounded images, and not the zero of rounding."""
    plain = ak.Classifier(small())
    classifier = ak.Classifier(plain.model, levels=8)
    x = tf.constant(images())

    def gradient(model, at):
        with tf.GradientTape() as tape:
            tape.watch(at)
            first = model.logits(at)[:, 0]
        return tape.gradient(first, at).numpy()

    found = gradient(classifier, x)
    assert np.abs(found).max() > 0
    expected = gradient(plain, tf.round(7 * x) / 7)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "attack",
    [
        ak.attacks.FGSM(0.1),
        ak.attacks.FGSM(1.0, norm="l2"),
        ak.attacks.FGSM(5.0, norm="l1"),
        ak.attacks.FGSM(0.1, clip=False),
        ak.attacks.LBFGS(c_rtol=0.5),
        ak.attacks.PGD(0.1, steps=3),
        ak.attacks.PGD(1.0, norm="l2", steps=3),
    ],
    ids=repr,
)
def test_what_attacks_return_lies_on_the_levels(attack):
    classifier = ak.Classifier(small(), levels=256)
    plain = ak.Classifier(classifier.model)
    result = attack(classifier, images(3))
    assert whole(result.images, 255) < 1e-4
    assert whole(result.originals, 255) < 1e-4
    assert (result.images != result.originals).any()
    # The verdict is that on the picture, which is shown as it is.
    assert (result.predictions == plain.predict(result.images)).all()
    assert (result.clean_predictions == plain.predict(result.originals)).all()


@pytest.mark.parametrize("levels", [32, 256, 65536])
@pytest.mark.parametrize(
    ("norm", "epsilon"),
    [("linf", 0.1), ("linf", 25.9 / 255), ("l2", 2.0), ("l1", 30.0)],
)
def test_rounding_to_levels_keeps_the_budget(norm, epsilon, levels):
    """A step that would end between two levels ends on the one before."""
    classifier = ak.Classifier(small(), bounds=(-1, 1), levels=levels)
    result = ak.attacks.FGSM(epsilon, norm)(classifier, 2 * images() - 1)
    flat = np.abs(result.perturbation.reshape(6, -1).astype(np.float64))
    size = {
        "linf": flat.max(axis=1),
        "l2": np.sqrt((flat**2).sum(axis=1)),
        "l1": flat.sum(axis=1),
    }[norm]
    assert (size <= epsilon * (1 + 1e-5)).all()
    if norm == "linf":
        step = 2 / (levels - 1)
        assert (size > epsilon - step - 1e-6).all()


def test_levels_in_float64_are_the_same():
    classifier = ak.Classifier(small(), levels=8)
    x = tf.constant(images(), tf.float64)
    np.testing.assert_allclose(
        classifier.in_float64().logits(x),
        classifier.logits(images()),
        atol=1e-5,
    )


@pytest.mark.parametrize("levels", [1, 0, 2.5, "256", 1 << 20])
def test_levels_that_cannot_be(levels):
    with pytest.raises(ValueError, match=r"`levels` must .*Received: levels="):
        ak.Classifier(small(), levels=levels)


def test_load_takes_bounds_and_levels(tmp_path):
    small().save(tmp_path / "model.keras")
    classifier = ak.load(
        tmp_path / "model.keras", np.array([0, 255]), levels=256
    )
    assert classifier.bounds == (0.0, 255.0)
    assert classifier.levels.count == 256 and classifier.levels.step == 1
    assert ak.load(tmp_path / "model.keras").bounds == (0.0, 1.0)
    assert repr(classifier).startswith("Classifier(")


def test_load_says_that_there_is_no_such_tflite_file():
    with pytest.raises(ValueError, match=r"`path` must .*no\.tflite"):
        ak.load("no.tflite")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.keras"
    small("softmax").save(path)
    return path


def test_one_of_a_file_is_pickled(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    classifier = ak.load(file.name, bounds=(0, 2), levels=9)
    written = pickle.dumps(classifier)
    monkeypatch.chdir("/")
    again = pickle.loads(written)
    assert again.fingerprint() == classifier.fingerprint()
    assert repr(again) == repr(classifier)
    np.testing.assert_array_equal(
        again.logits(images()), classifier.logits(images())
    )


def test_of_images_of_another_shape_it_is_pickled(file):
    taking = ak.load(file).taking((192, 1, 1))
    again = pickle.loads(pickle.dumps(taking))
    assert again.image_shape == (192, 1, 1)
    given = images().reshape(6, 192, 1, 1)
    np.testing.assert_array_equal(again.logits(given), taking.logits(given))


def test_one_of_no_file_says_how_it_can_be_pickled(tmp_path, monkeypatch):
    classifier = ak.Classifier(small(), bounds=(-1, 1), levels=5)
    with pytest.raises(TypeError, match="not loaded from a file") as caught:
        pickle.dumps(classifier)
    monkeypatch.chdir(tmp_path)
    save, load = (
        str(caught.value).partition(start)[2].partition(end)[0]
        for start, end in (("model, ", ", and"), ("pickle ", ". Received"))
    )
    known = {"ak": ak, "classifier": classifier}
    eval(save, known)
    again = pickle.loads(pickle.dumps(eval(load, known)))
    np.testing.assert_array_equal(
        again.logits(images()), classifier.logits(images())
    )


def test_other_weights_than_the_file_has_are_not_pickled(file):
    classifier = ak.load(file)
    weights = classifier.model.get_weights()
    classifier.model.set_weights([2 * w for w in weights])
    with pytest.raises(TypeError, match="other weights than its file"):
        pickle.dumps(classifier)


def test_pickled_it_finds_another_file(file):
    written = pickle.dumps(ak.load(file))
    small("softmax", classes=5).save(file)
    with pytest.raises(ValueError, match="find its file as it was"):
        pickle.loads(written)


def test_a_copy_needs_no_file():
    classifier = ak.Classifier(small())
    assert copy.copy(classifier).model is classifier.model
