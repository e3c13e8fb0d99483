"""Training within bounds of each channel."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.training import AdversarialTraining
from tests import normalised

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def trainer(pair, attack):
    """A trainer of a copy of the normalised net."""
    model = keras.models.clone_model(pair.normalised.model)
    model.set_weights(pair.normalised.model.get_weights())
    made = AdversarialTraining(model, attack, bounds=normalised.BOUNDS)
    made.compile(keras.optimizers.SGD(0.01), LOSS)
    return made


@pytest.mark.parametrize(
    "make",
    [
        ak.attacks.FGSM,
        lambda epsilon: ak.attacks.PGD(epsilon, steps=2, random_start=True),
        lambda epsilon: ak.attacks.PGD(
            epsilon, norm="l2", steps=2, random_start=True
        ),
        ak.attacks.Noise,
        lambda epsilon: ak.attacks.Noise(epsilon, kind="sign"),
    ],
    ids=["fgsm", "pgd", "pgd l2", "noise", "signs"],
)
def test_a_step_is_taken_within_them(pair, make):
    attack = make(pair.normalised.epsilon(0.1))
    history = trainer(pair, attack).fit(pair.theirs, pair.labels, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    images = tf.constant(pair.theirs)
    found = attack.on_tensors(
        pair.normalised, images, pair.labels, tf.constant([0, 1])
    )
    lower, upper = np.float32(normalised.BOUNDS)
    assert ((found >= lower) & (found <= upper)).numpy().all()
    share = np.abs(found - images) / np.ptp(normalised.BOUNDS, axis=0)
    if getattr(attack, "norm", "linf") == "linf":
        largest = share.max((0, 1, 2))
        np.testing.assert_allclose(largest, 0.1, atol=2e-3)


def test_images_outside_of_one_channel_stop_it(pair):
    made = trainer(pair, ak.attacks.FGSM(0.1))
    before = made.plain.get_weights()
    outside = pair.theirs.copy()
    outside[3, 3, 3, 0] = 2.5  # which the last channel may have
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be within"):
        made.fit(outside, pair.labels, verbose=0)
    for old, new in zip(before, made.plain.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_an_attack_of_other_channels(pair):
    with pytest.raises(ValueError, match=r"^`epsilon` must be one number, or"):
        AdversarialTraining(pair.plain.model, ak.attacks.FGSM((0.1, 0.2)))


def test_a_job_writes_them_into_its_card(digits, tmp_path):
    data = ak.datasets.from_arrays(
        normalised.pixels(digits)[:100],
        digits.labels[:100],
        class_names=digits.class_names,
        bounds=normalised.BOUNDS,
    )
    recipe = ak.training.Recipe(
        epochs=1, attack={"name": "fgsm", "epsilon": (0.1, 0.1, 0.2)}
    )
    path = tmp_path / "net.keras"
    arguments = (path, "conv-cifar10", data, data, recipe)
    options = {"options": {"input_shape": (28, 28, 3)}, "command": "pytest"}
    card = ak.training.train_to_file(*arguments, **options)
    written = json.loads(ak.models.card_path(path).read_text())
    assert written["bounds"] == np.array(normalised.BOUNDS).tolist()
    assert ak.load(path).bounds == data.bounds
    assert ak.training.train_to_file(*arguments, **options) == written
    assert card["test_error"] == written["test_error"]


def test_a_monitor_attacks_within_them(pair, tmp_path):
    monitor = ak.report.AttackMonitor(
        ak.attacks.FGSM(pair.normalised.epsilon(0.1)),
        pair.theirs[:8],
        pair.labels[:8],
        bounds=normalised.BOUNDS,
        pictures=tmp_path,
        verbose=False,
    )
    made = trainer(pair, ak.attacks.FGSM(0.1))
    history = made.fit(
        pair.theirs, pair.labels, callbacks=[monitor], verbose=0
    ).history
    assert 0 < history["distortion"][0] < 0.11
    assert (tmp_path / "epoch-001.png").exists()
