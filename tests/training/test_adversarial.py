"""Adversarial training: the steps it takes, and what of fit() holds."""

import os
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.training import AdversarialTraining

FGSM = ak.attacks.FGSM
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def net(seed=0, *more, units=16):
    """Returns a small net for digits, always of the same weights."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            *more,
            layers.Dense(10),
        ]
    )


def trainer(model=None, attack=None, optimizer=None, compiled=None, **options):
    """Returns a compiled trainer, by default of plain gradient descent."""
    made = AdversarialTraining(
        net() if model is None else model, attack or FGSM(0.1), **options
    )
    compiled = {"loss": LOSS, "metrics": ["accuracy"], **(compiled or {})}
    made.compile(optimizer or keras.optimizers.SGD(0.1), **compiled)
    return made


def weights(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


@pytest.fixture(scope="module")
def some(digits):
    return digits.images[:200], digits.labels[:200]


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_step_is_down_the_gradient_of_both_losses(some, alpha):
    images, labels = some[0][:50], some[1][:50]
    ours = trainer(alpha=alpha)
    ours.fit(images, labels, batch_size=50, verbose=0)

    model = net()
    found = FGSM(0.1)(ak.Classifier(model), images, labels).images
    with tf.GradientTape() as tape:
        loss = alpha * LOSS(labels, model(images))
        loss += (1 - alpha) * LOSS(labels, model(found))
    for variable, gradient in zip(
        model.trainable_variables,
        tape.gradient(loss, model.trainable_variables),
        strict=True,
    ):
        variable.assign_sub(0.1 * gradient)
    np.testing.assert_allclose(weights(ours.model), weights(model), atol=1e-6)


def test_examples_are_made_against_the_weights_of_the_moment(some):
    """Two steps are not two steps on the first one's examples."""
    images, labels = some[0][:50], some[1][:50]
    ours = trainer(alpha=0.0)
    ours.fit(images, labels, batch_size=50, epochs=2, verbose=0)
    stale = net()
    found = FGSM(0.1)(ak.Classifier(stale), images, labels).images
    stale.compile(keras.optimizers.SGD(0.1), LOSS)
    stale.fit(found, labels, batch_size=50, epochs=2, verbose=0)
    assert np.abs(weights(ours.model) - weights(stale)).max() > 1e-4


def test_clean_images_alone_are_plain_training(some):
    ours = trainer(alpha=1.0)
    ours.fit(*some, batch_size=50, epochs=2, shuffle=False, verbose=0)
    plain = net()
    plain.compile(keras.optimizers.SGD(0.1), LOSS)
    plain.fit(*some, batch_size=50, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(weights(ours.model), weights(plain), atol=1e-6)


def test_it_is_harder_to_fool_and_stays_the_plain_model(digits, test_digits):
    models = {}
    for alpha in (0.5, 1.0):
        models[alpha] = model = net(units=64)
        adam = keras.optimizers.Adam(3e-3)
        made = trainer(model, optimizer=adam, alpha=alpha)
        made.fit(digits.images, digits.labels, 100, epochs=8, verbose=0)
        kinds = [type(layer).__name__ for layer in model.layers]
        assert kinds == ["Flatten", "Dense", "Dense"]
    robust, plain = (
        FGSM(0.1)(model, test_digits.images, test_digits.labels).success.mean()
        for model in models.values()
    )
    assert robust < plain - 0.2


def test_metrics_are_what_the_attack_says(some):
    images, labels = some
    auc = keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="robust_top3")
    made = trainer(adversarial_metrics=[auc])
    history = made.fit(
        images, labels, validation_data=(images, labels), verbose=0
    ).history
    names = {"accuracy", "loss", "robust_top3"}
    names |= {"adversarial_accuracy", "adversarial_loss"}
    assert set(history) == names | {f"val_{name}" for name in names}
    found = FGSM(0.1)(made.model, images, labels)
    logits = made.model.predict(found.images, verbose=0)
    assert history["val_accuracy"][0] == pytest.approx(
        (found.clean_predictions == labels).mean()
    )
    assert history["val_adversarial_accuracy"][0] == pytest.approx(
        (found.predictions == labels).mean()
    )
    assert history["val_adversarial_loss"][0] == pytest.approx(
        float(LOSS(labels, logits)), rel=1e-4
    )
    top3 = (np.argsort(-logits, axis=1)[:, :3] == labels[:, None]).any(axis=1)
    assert history["val_robust_top3"][0] == pytest.approx(top3.mean())


@pytest.mark.parametrize("statistics", ["together", "apart"])
def test_what_layers_add_counts_once(some, statistics):
    """Of activities the mean over both kinds; that of weights as it is."""
    images, labels = some[0][:50], some[1][:50]
    regular = layers.Dense(
        6,
        activity_regularizer=keras.regularizers.L2(0.1),
        kernel_regularizer=keras.regularizers.L2(0.2),
    )
    model = net(0, regular)
    made = trainer(
        model,
        alpha=0.3,
        optimizer=keras.optimizers.SGD(0.0),
        statistics=statistics,
    )
    history = made.fit(
        images, labels, 50, validation_data=(images, labels), verbose=0
    ).history
    both = images, FGSM(0.1)(model, images, labels).images
    hidden = keras.Sequential(model.layers[:3])
    added = 0.2 * np.square(regular.kernel).sum()
    added += np.mean([0.1 * np.square(hidden(x)).sum() / 50 for x in both])
    clean, fooled = (float(LOSS(labels, model(x))) for x in both)
    expected = 0.3 * clean + 0.7 * fooled + added
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["adversarial_loss"][0] == pytest.approx(
        fooled + added, rel=1e-4
    )


def test_accuracies_are_of_all_images_alike(some):
    images, labels = some
    tiny = trainer(attack=FGSM(1e-6), optimizer=keras.optimizers.SGD(0.0))
    weights = {c: 100.0 if c == 1 else 1.0 for c in range(10)}
    history = tiny.fit(images, labels, class_weight=weights, verbose=0).history
    assert history["adversarial_accuracy"] == history["accuracy"]


def test_weights_of_images_and_of_classes(some):
    """Weight 0 leaves an image out; a class's weight is that of its images."""
    images, labels = some[0][:100], some[1][:100]
    counted = np.isin(labels, [0, 1, 2, 3]).astype(np.float32)
    by_image, by_class = trainer(), trainer()
    options = {"batch_size": 100, "verbose": 0}
    by_image.fit(images, labels, sample_weight=counted, **options)
    by_class.fit(
        images,
        labels,
        class_weight={c: float(c < 4) for c in range(10)},
        **options,
    )
    np.testing.assert_allclose(
        weights(by_image.model), weights(by_class.model), atol=1e-6
    )
    everyone = trainer()
    everyone.fit(images, labels, **options)
    assert np.abs(weights(everyone.model) - weights(by_image.model)).max() > (
        1e-4
    )


@pytest.mark.parametrize(
    "kind", ["one-hot", "column", "no channels", "tf.data", "any classes"]
)
def test_labels_and_data_of_any_kind(some, kind):
    images, labels = some
    given, compiled = (images, labels), {}
    if kind == "one-hot":
        given = images, keras.utils.to_categorical(labels, 10)
        compiled["loss"] = keras.losses.CategoricalCrossentropy(True)
    elif kind == "column":
        given = images, labels[:, None]
    elif kind == "no channels":
        given = images[..., 0], labels
    elif kind == "any classes":
        one_hot = keras.utils.to_categorical(labels, 10)
        compiled["loss"] = keras.losses.CategoricalCrossentropy(True)
        given = (
            tf.data.Dataset.from_generator(
                lambda: (
                    (images[i : i + 50], one_hot[i : i + 50])
                    for i in range(0, len(images), 50)
                ),
                output_signature=(
                    tf.TensorSpec((None, 28, 28, 1)),
                    tf.TensorSpec((None, None)),
                ),
            ),
        )
    else:
        given = (tf.data.Dataset.from_tensor_slices(given).batch(50),)
    ours, expected = trainer(compiled=compiled), trainer()
    options = {"shuffle": False, "verbose": 0}
    if kind not in ("tf.data", "any classes"):
        options["batch_size"] = 50
    ours.fit(*given, **options)
    expected.fit(images, labels, batch_size=50, shuffle=False, verbose=0)
    np.testing.assert_allclose(
        weights(ours.model), weights(expected.model), atol=1e-6
    )


@pytest.mark.parametrize(
    "attack",
    [
        ak.attacks.PGD(0.1, steps=3, random_start=True),
        ak.attacks.PGD(1.0, norm="l2", steps=3, random_start=True),
        pytest.param(FGSM(0.1, targets="next"), marks=pytest.mark.slow),
        pytest.param(ak.attacks.LBFGS(), marks=pytest.mark.slow),
    ],
    ids=["linf", "l2", "targets", "lbfgs"],
)
def test_any_attack(some, attack):
    images, labels = some[0][:30], some[1][:30]
    made = trainer(attack=attack, alpha=0.0)
    before = weights(made.model)
    history = made.fit(images, labels, batch_size=15, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert (weights(made.model) != before).any()
    assert made.evaluate(images, labels, verbose=0, return_dict=True)


@pytest.mark.parametrize(
    "compiled",
    [
        {"steps_per_execution": 4},
        pytest.param({"jit_compile": True}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_ways_to_compile_are_one_training(some, compiled):
    made, expected = trainer(compiled=compiled), trainer()
    options = {"batch_size": 50, "epochs": 2, "shuffle": False, "verbose": 0}
    ours = made.fit(*some, **options).history
    theirs = expected.fit(*some, **options).history
    np.testing.assert_allclose(
        weights(made.model), weights(expected.model), atol=1e-5
    )
    assert ours["adversarial_loss"] == pytest.approx(
        theirs["adversarial_loss"], rel=1e-4
    )


def test_mixed_precision(some):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = net()
        made = trainer(model, optimizer=keras.optimizers.Adam(1e-3))
        assert type(made.optimizer).__name__ == "LossScaleOptimizer"
        history = made.fit(*some, epochs=3, verbose=0).history
    finally:
        keras.config.set_dtype_policy("float32")
    assert history["loss"][-1] < history["loss"][0]
    assert {v.dtype for v in model.trainable_variables} == {"float32"}


def test_statistics_of_batch_normalisation(some):
    images, labels = some[0][:50], some[1][:50]
    moved = {}
    for statistics in ("together", "apart"):
        layer = layers.BatchNormalization(momentum=0.5)
        model = net(0, layer)
        found = FGSM(0.1)(ak.Classifier(model), images, labels).images
        below = keras.Model(model.inputs, layer.input)
        clean, adversarial = (np.asarray(below(x)) for x in (images, found))
        made = trainer(model, statistics=statistics)
        made.fit(images, labels, batch_size=50, verbose=0)
        moved[statistics] = np.asarray(layer.moving_mean)
    both = np.concatenate([clean, adversarial]).mean(axis=0)
    np.testing.assert_allclose(moved["together"], both / 2, atol=1e-5)
    np.testing.assert_allclose(
        moved["apart"],
        clean.mean(axis=0) / 4 + adversarial.mean(axis=0) / 2,
        atol=1e-5,
    )


def test_callbacks_see_adversarial_validation(some, tmp_path):
    path = tmp_path / "best.keras"
    monitor = {"monitor": "val_adversarial_accuracy", "mode": "max"}
    made = trainer(optimizer=keras.optimizers.SGD(0.0))  # never better
    history = made.fit(
        *some,
        epochs=5,
        validation_data=some,
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                path, save_best_only=True, **monitor
            ),
            keras.callbacks.EarlyStopping(patience=1, **monitor),
        ],
        verbose=0,
    ).history
    assert len(history["loss"]) == 2
    loaded = keras.models.load_model(path)
    assert type(loaded) is keras.Sequential
    np.testing.assert_array_equal(weights(loaded), weights(made.model))


@pytest.mark.slow
def test_two_replicas_train_as_one():
    """On two logical processors, which TensorFlow takes before it starts."""
    before = """
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * 2
        )
    """
    code = """
        data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(50)
        found = []
        for scope in (
            contextlib.nullcontext(),
            tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope(),
        ):
            with scope:
                made = trainer()
            history = made.fit(data, validation_data=data, verbose=0).history
            found.append((history, weights(made.model)))
        (one, single), (two, mirrored) = found
        np.testing.assert_allclose(mirrored, single, atol=1e-5)
        for name in one:
            np.testing.assert_allclose(two[name], one[name], rtol=1e-3)
        print("alike")
    """
    said = run(code, before)
    assert said.stdout.strip() == "alike", said.stderr


@pytest.mark.slow
def test_killed_and_resumed_it_ends_where_it_would_have(tmp_path):
    """With dropout and random starts, whose seeds are kept."""
    code = """
        class Killer(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == {kill}:
                    os.kill(os.getpid(), signal.SIGKILL)

        made = trainer(
            net(0, keras.layers.Dropout(0.5, seed=1)),
            ak.attacks.PGD(0.1, steps=2, random_start=True),
            keras.optimizers.Adam(1e-3),
        )
        made.fit(
            images,
            labels,
            epochs=4,
            shuffle=False,
            callbacks=[
                keras.callbacks.BackupAndRestore("{folder}"), Killer()
            ],
            verbose=0,
        )
        np.save("{folder}.npy", weights(made.model))
    """
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(code.format(kill=-1, folder=whole)).returncode == 0
    ended = run(code.format(kill=2, folder=killed))
    assert ended.returncode == -signal.SIGKILL
    resumed = run(code.format(kill=-1, folder=killed))
    assert resumed.returncode == 0, resumed.stderr
    np.testing.assert_allclose(
        np.load(f"{killed}.npy"), np.load(f"{whole}.npy"), atol=1e-6
    )


def run(code, before=""):
    """Runs code on 200 digits in a process of its own."""
    start = """
        import contextlib, os, signal
        import keras, numpy as np, tensorflow as tf
        import advkeras as ak
        from tests.training.test_adversarial import net, trainer, weights

        digits = ak.datasets.load("mnist5k", "train")
        images, labels = digits.images[:200], digits.labels[:200]
    """
    parts = before, start, code
    return subprocess.run(
        [sys.executable, "-c", "".join(map(textwrap.dedent, parts))],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attack": "fgsm"}, "`attack` must be an Attack"),
        ({"alpha": 1.5}, "`alpha` must be a number, 0 to 1"),
        ({"alpha": True}, "`alpha` must be a number, 0 to 1"),
        ({"statistics": "both"}, "`statistics` must be one of"),
        ({"bounds": (1, 0)}, "`bounds` must"),
        ({"model": "net"}, "`model` must be a keras.Model"),
        ({"seed": -1}, "`seed` must be a whole number"),
        ({"adversarial_metrics": ["accuracy"]}, "Received: 'accuracy' among"),
    ],
)
def test_bad_input(change, message):
    given = {"model": net(), "attack": FGSM(0.1), **change}
    with pytest.raises(ValueError, match=message):
        AdversarialTraining(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": None}, "`y` must be labels"),
        ({"x": np.zeros((4, 784), "f")}, r"`x` must be .* \(28, 28, 1\)"),
        ({"x": {"a": np.zeros((4, 28, 28, 1), "f")}}, "x of dict"),
    ],
)
def test_bad_data(change, message):
    given = {"x": np.zeros((4, 28, 28, 1), "f"), "y": np.zeros(4), **change}
    with pytest.raises(ValueError, match=message):
        trainer().fit(**given, verbose=0)


def test_a_model_of_float64(some):
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), dtype="float64"),
            layers.Flatten(dtype="float64"),
            layers.Dense(10, dtype="float64"),
        ]
    )
    pgd = ak.attacks.PGD(0.1, steps=2, norm="l2", random_start=True)
    for attack in (
        FGSM(0.1),
        pgd,
        ak.attacks.Noise(0.1),
        FGSM(0.1, targets="next"),
    ):
        history = trainer(model, attack).fit(*some, verbose=0).history
        assert np.isfinite(history["adversarial_loss"]).all()


def test_an_attack_of_python_draws_anew_in_every_step(some):
    made = trainer(attack=FGSM(0.1, targets="random"))
    images = tf.constant(some[0][:20])
    labels = tf.constant(some[1][:20])

    def found(step):
        seed = tf.constant([0, step])
        return made.attack.on_tensors(made.classifier, images, labels, seed)

    np.testing.assert_array_equal(found(1), found(1))
    assert np.abs(found(1) - found(2)).max() > 0.1


def test_exported_it_is_the_plain_model(some, tmp_path):
    made = trainer()
    made.fit(*some, verbose=0)
    made.export(tmp_path / "saved", verbose=False)
    exported = tf.saved_model.load(tmp_path / "saved")
    says = exported.serve(some[0])
    np.testing.assert_allclose(says, made.model(some[0]), rtol=1e-4, atol=1e-5)


def test_xla_and_an_attack_that_leaves_the_graph():
    with pytest.raises(ValueError, match="`attack` must run within"):
        trainer(attack=ak.attacks.LBFGS(), compiled={"jit_compile": True})


@pytest.mark.parametrize("scale", [255.0, float("nan")])
def test_images_outside_the_bounds(some, scale):
    images, labels = some[0] * np.float32(scale), some[1]
    of_bytes = trainer(bounds=(0.0, 255.0))
    before = weights(of_bytes.model)
    if np.isfinite(scale):
        of_bytes.evaluate(images, labels, verbose=0)
    message = r"`x` must be within bounds=\(0, 1\)"
    ours = trainer()
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        ours.fit(images, labels, verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        ours.evaluate(images, labels, verbose=0)
    np.testing.assert_array_equal(weights(ours.model), before)
