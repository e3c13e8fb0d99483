"""What a model returns becomes logits, or one sentence says what it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.models.scores import DRAWS


def images(n=6):
    return np.random.default_rng(0).random((n, 8, 8, 3), np.float32)


def inputs():
    keras.utils.set_random_seed(0)
    return keras.Input((8, 8, 3))


def flat(x):
    return layers.Flatten()(x)


def classifier(build, **options):
    x = inputs()
    return ak.Classifier(keras.Model(x, build(x)), **options)


def two_outputs(x):
    return {
        "label": layers.Dense(3, activation="softmax")(flat(x)),
        "box": layers.Dense(4)(flat(x)),
    }


class AlwaysDropout(layers.Dropout):
    def call(self, x, training=False):
        return super().call(x, training=True)


def test_one_sigmoid_unit_is_two_classes():
    binary = classifier(
        lambda x: layers.Dense(1, activation="sigmoid")(flat(x))
    )
    assert (binary.num_classes, binary.outputs) == (2, "probabilities")
    p = np.ravel(binary.model(images()))
    logits = binary.logits(images()).numpy()
    assert (logits[:, 0] == 0).all()
    np.testing.assert_allclose(tf.sigmoid(logits[:, 1]), p, atol=1e-6)
    assert binary.predict(images()).tolist() == (p > 0.5).tolist()
    assert ak.attacks.PGD(0.5)(binary, images()).success.all()


def test_one_logit_has_to_be_declared():
    def build(x):
        return layers.Dense(1)(flat(x))

    with pytest.raises(ValueError, match=r"regression.*outputs='logits'"):
        classifier(build)
    binary = classifier(build, outputs="logits")
    z = np.ravel(binary.model(images()))
    assert binary.predict(images()).tolist() == (z > 0).tolist()


def test_several_sigmoids_are_refused_unless_the_largest_answers():
    def build(x):
        return layers.Dense(4, activation="sigmoid")(flat(x))

    with pytest.raises(ValueError, match="any number of them may hold"):
        classifier(build)
    largest = classifier(build, outputs="logits")
    scores = largest.model(images())
    np.testing.assert_allclose(
        tf.sigmoid(largest.logits(images())), scores, atol=1e-6
    )


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (lambda x: [layers.Dense(3)(flat(x))], {}),
        (lambda x: {"scores": layers.Dense(3)(flat(x))}, {}),
        (lambda x: layers.Conv2D(3, 8)(x), {}),
        (lambda x: layers.Softmax()(layers.Conv2D(3, 8)(x)), {}),
        (two_outputs, {"output": "label"}),
        (lambda x: list(two_outputs(x).values()), {"output": 0}),
    ],
    ids=["list", "dict", "(n, 1, 1, c)", "with softmax", "named", "numbered"],
)
def test_what_holds_scores_is_opened(build, options):
    opened = classifier(build, **options)
    assert opened.num_classes == 3
    assert opened.logits(images()).shape == (6, 3)
    assert ak.attacks.FGSM(0.3)(opened, images()).linf.max() > 0


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (two_outputs, {}, "'label' of shape .3,., 'box'.*output=None"),
        (two_outputs, {"output": "mask"}, "output='mask'"),
        (lambda x: layers.Dense(3)(flat(x)), {"output": 0}, "one output"),
        (lambda x: layers.Conv2D(3, 3)(x), {}, "detector"),
    ],
)
def test_what_does_not_is_one_sentence(build, options, message):
    with pytest.raises(ValueError, match=message):
        classifier(build, **options)


def test_two_inputs_are_one_sentence():
    x, more = inputs(), keras.Input((3,))
    joined = layers.Concatenate()([flat(x), more])
    with pytest.raises(ValueError, match=r"one input.*2 inputs.*\(None, 3\)"):
        ak.Classifier(keras.Model([x, more], layers.Dense(3)(joined)))


def test_a_mean_of_draws_is_what_is_attacked():
    noisy = classifier(
        lambda x: layers.Softmax()(layers.Dense(3)(AlwaysDropout(0.5)(flat(x))))
    )
    assert noisy.draws == DRAWS
    assert "draws=8" in repr(noisy)
    first, second = (noisy.logits(images()).numpy() for _ in range(2))
    assert (first != second).any()
    # A mean of probabilities: sums to 1.
    np.testing.assert_allclose(np.exp(first).sum(axis=1), 1, atol=1e-5)
    assert classifier(lambda x: layers.Dense(3)(flat(x))).draws == 1


def test_logits_that_cannot_be_found_are_said_to_be_logarithms():
    def hidden(x):
        scores = layers.Softmax()(layers.Dense(3)(flat(x)))
        return layers.Lambda(lambda p: tf.linalg.matmul(p, tf.eye(3)))(scores)

    mixed = classifier(hidden)
    assert not mixed.logits_found
    assert "probabilities (logits not found)" in repr(mixed)
    np.testing.assert_allclose(
        tf.exp(mixed.logits(images())), mixed.model(images()), atol=1e-6
    )


def nan_where_black(x):
    brightness = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(3)(brightness)
    return layers.Lambda(
        lambda both: both[0] * both[1] / both[1],
        output_shape=(3,),
    )([scores, layers.Dense(3, "relu", kernel_initializer="ones")(brightness)])


def test_nan_is_no_answer_and_never_a_success():
    model = classifier(nan_where_black)
    shown = images()
    shown[:2] = 0
    labels = model.predict(shown)
    assert labels[:2].tolist() == [-1, -1]
    assert (labels[2:] >= 0).all()
    result = ak.attacks.FGSM(0.01)(model, shown, np.zeros(6, int))
    unanswered = result.predictions == -1
    assert not result.success[unanswered].any()
    rates = ak.evaluation.success_rates(result)
    assert rates.no_answer.count == unanswered.sum()
    assert rates.clean_error.count >= 2


def test_infinite_scores_are_no_answer_but_a_class_ruled_out_is():
    scores = {"up": np.inf, "down": -np.inf}
    for kind, value in scores.items():
        model = classifier(
            lambda x, v=value: layers.Lambda(
                lambda z: tf.concat([z[:, :2], 0 * z[:, 2:] + v], axis=1)
            )(layers.Dense(3)(flat(x)))
        )
        assert ((model.predict(images()) == -1).all()) == (kind == "up")


class Failing(layers.Layer):
    def call(self, x):
        raise TypeError("not today")

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda x: Failing()(flat(x)), r"which fails \(TypeError: not today\)"),
        (lambda x: flat(x)[:, :0], r"outputs of shape \(\d, 0\)"),
    ],
)
def test_a_model_that_has_no_answer(build, said):
    with pytest.raises(ValueError, match=said) as raised:
        classifier(build)
    assert "\n" not in str(raised.value)
