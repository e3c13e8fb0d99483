"""A monitor says what the attack says, to every callback behind it."""

import csv
import importlib.util

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.report import AttackMonitor

FGSM = ak.attacks.FGSM
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def net():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)]
    )


@pytest.fixture
def held_out(test_digits):
    return test_digits.images[:20], test_digits.labels[:20]


def fit(model, digits, *callbacks, epochs=3):
    return model.fit(
        digits.images[:200],
        digits.labels[:200],
        epochs=epochs,
        callbacks=list(callbacks),
        verbose=0,
    ).history


def test_it_logs_what_the_attack_finds(digits, held_out, tmp_path, capsys):
    model = net()
    model.compile("adam", LOSS)
    table = tmp_path / "log.csv"
    monitor = AttackMonitor(FGSM(0.1), *held_out, pictures=tmp_path / "seen")
    history = fit(model, digits, monitor, keras.callbacks.CSVLogger(table))
    found = FGSM(0.1)(model, *held_out)
    right = found.predictions == found.labels
    assert history["robust_accuracy"][-1] == pytest.approx(right.mean())
    assert history["distortion"][-1] == pytest.approx(
        found.distortion[~right].mean()
    )
    rows = list(csv.DictReader(table.open()))
    assert [float(row["robust_accuracy"]) for row in rows] == pytest.approx(
        history["robust_accuracy"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"Epoch {i}" for i in (1, 2, 3)
    ]
    drawn = sorted(p.name for p in (tmp_path / "seen").iterdir())
    assert drawn == [f"epoch-00{i}.png" for i in (1, 2, 3)]


def test_every_other_epoch_and_two_of_them(digits, held_out):
    model = net()
    model.compile("adam", LOSS)
    history = fit(
        model,
        digits,
        AttackMonitor(FGSM(0.1), *held_out, every=2, verbose=False),
        AttackMonitor(FGSM(0.3), *held_out, prefix="far_", verbose=False),
    )
    assert len(history["robust_accuracy"]) == 2
    assert len(history["far_robust_accuracy"]) == 3
    assert history["far_distortion"][0] > history["distortion"][0]


def test_the_plain_model_of_a_trainer_is_attacked(digits, held_out):
    model = net()
    trainer = ak.training.AdversarialTraining(model, FGSM(0.1))
    trainer.compile("adam", LOSS)
    monitor = AttackMonitor(FGSM(0.1), *held_out, verbose=False)
    history = fit(trainer, digits, monitor)
    found = FGSM(0.1)(model, *held_out)
    assert history["robust_accuracy"][-1] == pytest.approx(
        (found.predictions == found.labels).mean()
    )


def test_a_net_with_pools_is_attacked_plain(digits, held_out):
    monitor = AttackMonitor(FGSM(0.1), *held_out, verbose=False)
    model = ak.models.build("fc100-100-10")
    history = ak.training.fit_layerwise(
        model,
        digits.images[:200],
        digits.labels[:200],
        FGSM(0.1),
        epochs=1,
        callbacks=[monitor],
    )
    result = FGSM(0.1)(model, *held_out)
    robust = (result.predictions == result.labels).mean()
    assert history.history["robust_accuracy"] == [pytest.approx(robust)]


def test_a_net_that_keras_builds_by_its_first_batch(digits, held_out):
    model = keras.Sequential([layers.Flatten(), layers.Dense(10)])
    model.compile("sgd", LOSS)
    monitor = AttackMonitor(FGSM(0.1), *held_out, verbose=False)
    assert len(fit(model, digits, monitor)["robust_accuracy"]) == 3


def test_too_few_names(digits, held_out):
    monitor = AttackMonitor(FGSM(0.1), *held_out, class_names=["a", "b"])
    model = net()
    model.compile("sgd", LOSS)
    with pytest.raises(ValueError, match="`class_names` must name the 10"):
        fit(model, digits, monitor)


def test_tensorboard(digits, held_out, tmp_path):
    model = net()
    model.compile("adam", LOSS)
    monitor = AttackMonitor(
        FGSM(0.1), *held_out, log_dir=tmp_path, verbose=False
    )
    fit(model, digits, monitor, epochs=1)
    (file,) = tmp_path.iterdir()
    tags = {
        value.tag
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    assert tags == {"robust_accuracy", "distortion", "adversarial"}


def test_without_tensorboard(held_out, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "tensorboard" else found(name),
    )
    with pytest.raises(ImportError, match=r"'advkeras\[tensorboard\]'"):
        AttackMonitor(FGSM(0.1), *held_out, log_dir="logs")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attack": None}, "`attack` must be an Attack"),
        ({"every": 0}, "`every` must"),
        (
            {"labels": [1, 2]},
            "`labels` must have one row for each of 20 images",
        ),
        ({"images": np.full((20, 28, 28, 1), 2.0)}, "`images` must"),
        ({"bounds": (1, 0)}, "`bounds` must"),
    ],
)
def test_bad_input(held_out, change, message):
    images, labels = held_out
    given = {"attack": FGSM(0.1), "images": images, "labels": labels, **change}
    with pytest.raises(ValueError, match=message):
        AttackMonitor(**given)


def test_images_that_do_not_fit_are_told_before_training(digits, held_out):
    model = net()
    model.compile("adam", LOSS)
    before = model.get_weights()
    monitor = AttackMonitor(FGSM(0.1), held_out[0][:, 1:], held_out[1])
    with pytest.raises(ValueError, match="`images` must be of shape"):
        fit(model, digits, monitor)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
