"""What compiled functions have built in is not set a second time in silence."""

import re

import keras
import numpy as np
import pytest

import advkeras as ak


def net():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="sigmoid", name="hidden"),
            keras.layers.Dense(10),
        ]
    )


def says_so(owner, name, value):
    """Returns whether the attribute is refused, in one sentence, and kept."""
    before = getattr(owner, name)
    with pytest.raises(AttributeError, match=f"`{name}` must stay") as error:
        setattr(owner, name, value)
    assert re.search(rf"Received: {name}=", str(error.value))
    assert getattr(owner, name) is before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", None),
        ("image_shape", (32, 32, 3)),
        ("bounds", (0.0, 255.0)),
        ("levels", 256),
        ("num_classes", 2),
        ("outputs", "probabilities"),
        ("logits_found", False),
        ("draws", 4),
    ],
)
def test_of_a_classifier(name, value):
    classifier = ak.Classifier(net())
    classifier.predict(np.zeros((1, 28, 28, 1), np.float32))
    says_so(classifier, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", None),
        ("classifier", None),
        ("statistics", "apart"),
        ("seed", 3),
        ("adversarial_metrics", []),
        ("adversarial_loss", None),
        ("adversarial_accuracy", None),
    ],
)
def test_of_adversarial_training(name, value):
    attack = ak.attacks.FGSM(0.1)
    says_so(ak.training.AdversarialTraining(net(), attack), name, value)


def test_of_a_monitor(digits):
    some = digits.images[:4], digits.labels[:4]
    monitor = ak.report.AttackMonitor(ak.attacks.FGSM(0.1), *some)
    says_so(monitor, "bounds", (0.0, 255.0))


def test_a_monitor_goes_by_the_attack_that_it_has(digits):
    """Its attack is not built in: another one takes effect at once."""
    some = digits.images[:50], digits.labels[:50]

    class Stronger(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            monitor.attack = ak.attacks.FGSM([0.001, 0.5][epoch])

    monitor = ak.report.AttackMonitor(
        ak.attacks.FGSM(0.1), *some, verbose=False
    )
    model = net()
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    found = model.fit(
        digits.images[:500],
        digits.labels[:500],
        epochs=2,
        callbacks=[Stronger(), monitor],
        verbose=0,
    ).history["robust_accuracy"]
    assert found[0] > 0.2
    assert found[1] < 0.1


@pytest.mark.parametrize("name", ["weight", "seed", "plain", "pools"])
def test_of_layerwise_training(digits, name):
    class Sets(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            says_so(self.model, name, 0.0)

    ak.training.fit_layerwise(
        net(),
        digits.images[:20],
        digits.labels[:20],
        {},
        epochs=1,
        callbacks=[Sets()],
    )


@pytest.mark.parametrize("name", ["below", "above", "classifier", "size"])
def test_of_a_pool(digits, name):
    class Sets(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            says_so(self.model.pools[0], name, 5)

    ak.training.fit_layerwise(
        net(),
        digits.images[:20],
        digits.labels[:20],
        {"hidden": ak.attacks.FGSM(0.1)},
        pool_size=10,
        refresh=5,
        epochs=1,
        callbacks=[Sets()],
    )
