"""Alpha and the attack set while training go on: the next step goes by them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.attacks import FGSM
from advkeras.attacks import LBFGS
from advkeras.attacks import PGD
from advkeras.attacks import Noise
from advkeras.training import AdversarialTraining

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Scheduled(keras.callbacks.Callback):
    """Sets attributes of the trainer at the beginning of an epoch."""

    def __init__(self, by_epoch):
        super().__init__()
        self.by_epoch = by_epoch

    def on_epoch_begin(self, epoch, logs=None):
        for name, value in self.by_epoch.get(epoch, {}).items():
            setattr(self.model, name, value)


def trainer(attack, alpha=0.5, **compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(10),
        ]
    )
    made = AdversarialTraining(model, attack, alpha=alpha)
    made.compile(keras.optimizers.SGD(0.1), LOSS, **compiled)
    return made


def weights(made):
    return np.concatenate([w.ravel() for w in made.model.get_weights()])


@pytest.fixture(scope="module")
def some(digits):
    return digits.images[:100], digits.labels[:100]


def fit(made, some, epochs=1, **options):
    return made.fit(
        *some, 50, epochs=epochs, shuffle=False, verbose=0, **options
    )


def fresh(made, some, attack, alpha=0.5, **compiled):
    """Returns the weights after an epoch more, of a trainer made anew."""
    other = trainer(attack, alpha, **compiled)
    other.model.set_weights(made.model.get_weights())
    other.optimizer.iterations.assign(made.optimizer.iterations)
    fit(other, some)
    return weights(other)


@pytest.fixture
def traces(monkeypatch):
    """Counts how often the loss of a step is traced."""
    count = []
    original = AdversarialTraining.compute_loss

    def compute_loss(self, *args, **kwargs):
        count.append(self.name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(AdversarialTraining, "compute_loss", compute_loss)
    return count


def test_without_clean_images_the_loss_is_the_adversarial_one(some):
    made = trainer(FGSM(0.1))
    found = fit(made, some, 3, callbacks=[Scheduled({1: {"alpha": 0}})]).history
    assert abs(found["loss"][0] - found["adversarial_loss"][0]) > 1e-3
    np.testing.assert_allclose(
        found["loss"][1:], found["adversarial_loss"][1:], rtol=1e-6
    )


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_alpha_set_is_alpha_given(some, alpha, traces):
    made = trainer(FGSM(0.1))
    fit(made, some)
    expected = fresh(made, some, FGSM(0.1), alpha)
    before = len(traces)
    made.alpha = alpha
    fit(made, some)
    np.testing.assert_array_equal(weights(made), expected)
    assert made.alpha == alpha
    assert len(traces) == before  # the step was not traced again


SAME_KIND = {
    "fgsm": (FGSM(0.1), FGSM(0.2)),
    "fgsm of channels": (FGSM((0.1,)), FGSM((0.2,))),
    "fgsm l2": (FGSM(1.0, norm="l2"), FGSM(2.0, norm="l2")),
    "pgd": (PGD(0.1, steps=2), PGD(0.2, steps=2)),
    "pgd's step": (
        PGD(0.1, steps=2, random_start=True),
        PGD(0.1, steps=2, step_size=0.02, random_start=True),
    ),
    "pgd l2": (
        PGD(1.0, norm="l2", steps=2, random_start=True),
        PGD(2.0, norm="l2", steps=2, random_start=True),
    ),
    "noise": (Noise(0.1), Noise(0.2)),
}
OTHER_KIND = {
    "kind": (FGSM(0.1), PGD(0.2, steps=2)),
    "norm": (FGSM(0.1), FGSM(1.0, norm="l2")),
    "steps": (PGD(0.1, steps=2), PGD(0.1, steps=3)),
    "channels": (FGSM(0.1), FGSM((0.2,))),
    "noise's kind": (Noise(0.1), Noise(0.1, kind="sign")),
    "out of the graph": (FGSM(0.1), FGSM(0.1, targets="next")),
    "into the graph": (FGSM(0.1, targets="next"), FGSM(0.1)),
}


@pytest.mark.parametrize("jit_compile", [False, "auto"])
@pytest.mark.parametrize("kind", SAME_KIND)
def test_of_one_kind_the_step_is_traced_once(some, kind, traces, jit_compile):
    first, second = SAME_KIND[kind]
    made = trainer(first, jit_compile=jit_compile)
    fit(made, some)
    expected = fresh(made, some, second, jit_compile=jit_compile)
    before = len(traces)
    made.attack = second
    fit(made, some)
    np.testing.assert_array_equal(weights(made), expected)
    assert made.attack is second
    assert len(traces) == before


@pytest.mark.parametrize("kind", OTHER_KIND)
def test_of_another_kind_it_is_traced_once_more(some, kind, traces):
    first, second = OTHER_KIND[kind]
    made = trainer(first)
    fit(made, some)
    each = len(traces)  # of one tracing
    unlike = fresh(made, some, first)
    expected = fresh(made, some, second)
    before = len(traces)
    fit(made, some, callbacks=[Scheduled({0: {"attack": second}})])
    np.testing.assert_array_equal(weights(made), expected)
    assert np.abs(weights(made) - unlike).max() > 0
    assert len(traces) == before + each


def test_epochs_of_one_fit_go_by_their_epsilon(some):
    """As training that is begun anew for each epoch does."""
    attacks = [FGSM(0.05), FGSM(0.1), PGD(0.15, steps=2), FGSM(0.2)]
    schedule = {epoch: {"attack": a} for epoch, a in enumerate(attacks)}
    made = trainer(FGSM(0.3))
    fit(made, some, 4, callbacks=[Scheduled(schedule)])
    apart = trainer(FGSM(0.3))
    for attack in attacks:
        expected = fresh(apart, some, attack)
        apart.attack = attack
        fit(apart, some)
        np.testing.assert_array_equal(weights(apart), expected)
    np.testing.assert_array_equal(weights(made), weights(apart))


@pytest.mark.parametrize("second", [FGSM(0.3), PGD(0.3, steps=2)])
def test_validation_goes_by_them_too(some, second):
    made = trainer(FGSM(0.01))
    first = made.evaluate(*some, verbose=0, return_dict=True)
    made.attack = second
    found = made.evaluate(*some, verbose=0, return_dict=True)
    assert found["adversarial_loss"] > first["adversarial_loss"] + 0.1
    images = second(made.model, *some).images
    expected = float(LOSS(some[1], made.model(images)))
    assert found["adversarial_loss"] == pytest.approx(expected, rel=1e-5)
    made.alpha = 0
    found = made.evaluate(*some, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)


def test_an_attack_of_ones_own_whose_step_takes_no_sizes(some):
    """One that was written before there were any goes on as it did."""

    class Half(FGSM):
        def on_tensors(self, classifier, images, labels, seed):
            found = super().on_tensors(classifier, images, labels, seed)
            return images + (found - images) / 2

    made = trainer(Half(0.1))
    fit(made, some)
    expected = fresh(made, some, Half(0.3))
    made.attack = Half(0.3)
    fit(made, some)
    np.testing.assert_array_equal(weights(made), expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("alpha", 1.5, "`alpha` must be .*Received: alpha=1.5"),
        ("alpha", "much", "`alpha` must be .*Received: alpha='much'"),
        ("attack", 0.1, "`attack` must be an Attack. Received: attack=0.1"),
        ("attack", FGSM((0.1, 0.2)), "`epsilon` must be one number, or 1"),
    ],
)
def test_what_is_set_is_checked(some, name, value, message):
    made = trainer(FGSM(0.1))
    before = getattr(made, name)
    with pytest.raises(ValueError, match=message):
        setattr(made, name, value)
    assert getattr(made, name) is before
    fit(made, some)


def test_xla_that_was_asked_for_and_an_attack_of_python():
    made = trainer(FGSM(0.1), jit_compile=True)
    with pytest.raises(ValueError, match="must run within the compiled step"):
        made.attack = LBFGS()
    assert made.attack == FGSM(0.1)


def test_variables_are_none_of_the_models(some):
    """Neither weights nor what a file of weights holds."""
    made = trainer(PGD(0.1, steps=2))
    names = {v.path for v in made.variables}
    assert len(made.weights) == len(made.model.weights)
    assert not any("alpha" in name or "size" in name for name in names)
    assert tf.nest.flatten(made.get_weights())[0].shape == (784, 16)
    assert ak.Classifier(made.model).num_classes == 10
