"""Layer-wise adversarial training: pools of adversarial outputs of layers."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.attacks.attack import Generated
from advkeras.training.layerwise.cut import cut
from advkeras.training.layerwise.fit import _Trainer
from advkeras.training.layerwise.pool import Pool

FGSM = ak.attacks.FGSM
LAYERS = ("input", "hidden1", "hidden2")


def build(seed=0):
    return ak.models.build("fc100-100-10", seed=seed)


def fit(digits, attacks, model=None, **options):
    """Trains a net for a moment and returns it with its history."""
    model = model or build()
    options = {
        "pool_size": 40,
        "refresh": 10,
        "every": 2,
        "epochs": 1,
        "batch_size": 100,
        **options,
    }
    history = ak.training.fit_layerwise(
        model, digits.images, digits.labels, attacks, **options
    )
    return model, history


class Watch(keras.callbacks.Callback):
    """Keeps what the pools hold: at the start and after each execution."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.steps = []

    def look(self):
        self.seen.append(
            {
                pool.name: (np.array(pool.examples), np.array(pool.labels))
                for pool in self.model.pools
            }
        )
        self.steps.append(int(self.model.optimizer.iterations))

    def on_train_begin(self, logs=None):
        self.look()

    def on_train_batch_end(self, batch, logs=None):
        self.look()


@dataclasses.dataclass(frozen=True)
class Still(ak.attacks.Attack):
    """Changes nothing, so that a pool holds plain outputs of its layer."""

    def generate(self, classifier, images, labels, targets, batch_size, seed):
        return Generated(images, classifier.predict(images))


@pytest.fixture(scope="module")
def fitted(digits, test_digits):
    """One fit that several tests look at: (model, history, watch)."""
    watch = Watch()
    model, history = fit(
        digits,
        FGSM(0.1),
        epochs=2,
        batch_size=80,
        callbacks=[watch],
        validation_data=(test_digits.images, test_digits.labels),
    )
    return model, history, watch


def cross_entropy(logits, labels):
    """The mean over examples, by its definition."""
    logits = np.asarray(logits, np.float64)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    return (log_sum - logits[np.arange(len(labels)), labels]).mean()


def assert_same(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# What is trained.


def test_a_pool_trains_the_layers_above_it_only(digits):
    """With images that teach nothing, only what a pool reaches moves."""
    model = ak.models.build("fc100-100-10", weight_decay=(0.0, 0.0, 0.0))
    pool = Pool(model, "hidden1", FGSM(0.1), {}, 20)
    pool.replace(np.arange(20), digits.images[:20], digits.labels[:20], 0)
    trainer = _Trainer(model, [pool], weight=1.0, seed=0)
    trainer.compile(loss=lambda y, logits: 0 * keras.ops.sum(logits, axis=-1))
    x, y = digits.images[:10], digits.labels[:10]
    with tf.GradientTape() as tape:
        loss = trainer.compute_loss(x, y, trainer(x), training=True)
    variables = [v.value for v in model.trainable_variables]
    gradients = [np.abs(g).max() for g in tape.gradient(loss, variables)]
    moved = [gradient > 0 for gradient in gradients]
    assert moved == [False, False, True, True, True, True]


def test_the_loss_is_that_of_images_pools_and_weight_decay(digits):
    """By hand, with pools of one example each, so that nothing is random."""
    model = build()
    pools = [
        Pool(model, name, FGSM(0.1), {"input": (0, 1)}, 1) for name in LAYERS
    ]
    trainer = _Trainer(model, pools, weight=0.25, seed=0)
    for i, pool in enumerate(pools):
        pool.replace(
            np.array([0]), digits.images[i : i + 1], digits.labels[i : i + 1], 0
        )
    trainer.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )

    x, y = digits.images[10:17], digits.labels[10:17]
    wanted = cross_entropy(model(x), y) + sum(
        float(loss) for loss in model.losses
    )
    for pool in pools:
        logits = pool.above(np.array(pool.examples))
        wanted += 0.25 * cross_entropy(logits, np.array(pool.labels))
    loss = trainer.compute_loss(x, y, trainer(x), training=True)
    assert float(loss) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_without_pools_it_is_plain_training(digits):
    """The same weights as Keras's own fit gives, with Adam and a cosine."""
    model, history = fit(digits, {}, epochs=2, learning_rate=0.01, seed=3)
    plain = build()
    keras.utils.set_random_seed(3)
    plain.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 8)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    wanted = plain.fit(
        digits.images, digits.labels, batch_size=100, epochs=2, verbose=0
    )
    np.testing.assert_allclose(
        history.history["loss"], wanted.history["loss"], rtol=1e-4
    )
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_validation_is_that_of_the_plain_model(fitted, test_digits):
    model, history, _ = fitted
    logits = np.asarray(model(test_digits.images), np.float64)
    right = logits.argmax(axis=1) == test_digits.labels
    recorded = {k: v[-1] for k, v in history.history.items()}
    assert recorded["val_accuracy"] == pytest.approx(right.mean())
    loss = cross_entropy(logits, test_digits.labels)
    loss += sum(float(part) for part in model.losses)
    assert recorded["val_loss"] == pytest.approx(loss, rel=1e-4)


# What the pools hold.


def test_pools_hold_adversarial_outputs_of_their_layers(fitted, digits):
    """At the start: of the first weights, near the outputs, and fooling."""
    _, _, watch = fitted
    model = build()  # the first weights again
    assert sorted(watch.seen[0]) == [
        "pool_of_hidden1",
        "pool_of_hidden2",
        "pool_of_input",
    ]
    for name in LAYERS:
        below, above = cut(model, name)
        outputs = np.asarray(below(digits.images)).reshape(len(digits), -1)
        examples, labels = watch.seen[0][f"pool_of_{name}"]
        flat = examples.reshape(len(examples), -1)
        assert flat.min() >= 0
        assert flat.max() <= 1
        gaps = np.abs(flat[:, None] - outputs).max(axis=2)
        nearest = gaps.argmin(axis=1)
        assert gaps.min(axis=1).max() <= 0.1 + 1e-6
        np.testing.assert_array_equal(labels, digits.labels[nearest])
        wrong = np.asarray(above(examples)).argmax(axis=1) != labels
        assert wrong.mean() > 0.9


def test_a_part_of_each_pool_is_replaced_after_each_execution(fitted):
    _, _, watch = fitted
    # 5 steps an epoch, 2 an execution: the last of an epoch has 1.
    assert watch.steps == [0, 2, 4, 5, 7, 9, 10]
    for before, after in zip(watch.seen, watch.seen[1:], strict=False):
        for name in before:
            examples = [
                seen[name][0].reshape(40, -1) for seen in (before, after)
            ]
            changed = (examples[0] != examples[1]).any(axis=1)
            assert changed.sum() == 10


@pytest.mark.slow
def test_new_examples_are_of_the_weights_of_the_moment(digits):
    watch = Watch()
    model, _ = fit(digits, {"hidden1": Still()}, epochs=3, callbacks=[watch])
    below, _ = cut(model, "hidden1")
    last, before = (s["pool_of_hidden1"][0] for s in watch.seen[:-3:-1])
    new = last[(last != before).any(axis=1)]
    assert len(new) == 10
    gaps = np.abs(new[:, None] - np.asarray(below(digits.images))).max(axis=2)
    assert gaps.min(axis=1).max() < 1e-6
    old = last[(last == before).all(axis=1)]
    gaps = np.abs(old[:, None] - np.asarray(below(digits.images))).max(axis=2)
    assert gaps.min() > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    "attack",
    [
        ak.attacks.PGD(0.1, steps=2, random_start=True),
        ak.attacks.LBFGS(c_rtol=0.5, max_iterations=10),
    ],
)
def test_any_attack_fills_a_pool(digits, attack):
    watch = Watch()
    fit(digits, {"hidden2": attack}, callbacks=[watch])
    model = build()
    examples, labels = watch.seen[0]["pool_of_hidden2"]
    _, above = cut(model, "hidden2")
    wrong = np.asarray(above(examples)).argmax(axis=1) != labels
    assert wrong.mean() > 0.5


def test_outputs_are_clipped_to_the_bounds(digits):
    pool = Pool(build(), "hidden1", Still(), {"hidden1": (0.45, 0.55)}, 20)
    pool.replace(np.arange(20), digits.images[:20], digits.labels[:20], 0)
    examples = np.array(pool.examples)
    assert examples.min() == np.float32(0.45)
    assert examples.max() == np.float32(0.55)


# Runs.


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(digits):
    models = [
        fit(digits, FGSM(0.1), epochs=2, seed=seed)[0] for seed in (5, 5, 6)
    ]
    assert_same(models[0], models[1])
    kernels = [model.get_weights()[0] for model in models]
    assert not np.array_equal(kernels[0], kernels[2])


def test_the_model_stays_a_plain_model(fitted, tmp_path):
    model, _, _ = fitted
    names = [layer.name for layer in model.layers]
    assert names[1:] == ["hidden1", "hidden2", "logits"]
    assert len(model.weights) == 6
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_same(model, loaded)


@pytest.mark.slow
def test_interrupted_between_epochs(digits, tmp_path):
    """It goes on with the weights, the step and the pools that it had."""

    class Interrupt(Watch):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    options = {"epochs": 3, "backup_dir": tmp_path}
    first = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        fit(digits, {"hidden2": FGSM(0.1)}, callbacks=[first], **options)
    second = Watch()
    _, history = fit(
        digits, {"hidden2": FGSM(0.1)}, callbacks=[second], **options
    )
    assert history.epoch == [2]
    assert second.steps == [8, 10, 12]
    for a, b in zip(
        first.seen[-1]["pool_of_hidden2"],
        second.seen[0]["pool_of_hidden2"],
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_it_makes_the_upper_layers_harder_to_fool(digits, test_digits):
    """Against the attack that was trained on, at each layer."""
    attack = FGSM(0.05)
    options = {
        "epochs": 60,
        "batch_size": 50,
        "learning_rate": 5e-3,
        "pool_size": 400,
        "refresh": 100,
        "every": 4,
    }
    plain, _ = fit(digits, {}, **options)
    trained, _ = fit(digits, attack, **options)
    for name in LAYERS:
        robust = []
        for model in (plain, trained):
            below, above = cut(model, name)
            outputs = np.asarray(below(test_digits.images))
            result = attack(above, outputs, test_digits.labels)
            robust.append((result.predictions == result.labels).mean())
        assert robust[1] > robust[0]


# Other nets.


def conv():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="c"),
            keras.layers.Flatten(name="f"),
            keras.layers.Dense(10, activation="tanh", name="t"),
            keras.layers.Dropout(0.5, seed=0),
            keras.layers.Dense(10, name="logits"),
        ]
    )


@pytest.mark.slow
def test_a_convolution_with_bounds_of_its_own(digits):
    watch = Watch()
    fit(
        digits,
        FGSM(0.05),
        conv(),
        bounds={"c": (0.0, 8.0)},
        callbacks=[watch],
    )
    shapes = {name: e.shape for name, (e, _) in watch.seen[-1].items()}
    assert shapes == {
        "pool_of_input": (40, 28, 28, 1),
        "pool_of_c": (40, 13, 13, 4),
        "pool_of_t": (40, 10),
    }
    assert watch.seen[-1]["pool_of_t"][0].min() < 0  # tanh: from -1


def residual():
    x = keras.Input((28, 28, 1))
    f = keras.layers.Flatten(name="f")(x)
    a = keras.layers.Dense(8, activation="tanh", name="a")(f)
    b = keras.layers.Dense(8, activation="tanh", name="b")(a)
    s = keras.layers.Add(name="s")([a, b])
    return keras.Model(x, keras.layers.Dense(10, name="logits")(s))


@pytest.mark.slow
def test_a_graph_is_cut_where_all_of_it_passes(digits):
    watch = Watch()
    fit(
        digits,
        {"a": FGSM(0.1), "s": FGSM(0.1)},
        residual(),
        bounds={"s": (-2, 2)},
        callbacks=[watch],
    )
    assert sorted(watch.seen[0]) == ["pool_of_a", "pool_of_s"]
    with pytest.raises(ValueError, match=r"goes through.*'b'"):
        fit(digits, {"b": FGSM(0.1)}, residual())


# Bad input.


def softmax():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


class Subclassed(keras.Model):
    input_shape = (None, 28, 28, 1)

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(10)
        self.built = True

    def call(self, images):
        return self.dense(keras.ops.reshape(images, (-1, 784)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool_size": 0}, "`pool_size` must be a whole number"),
        ({"refresh": 1.5}, "`refresh` must be a whole number"),
        ({"refresh": 41}, "`refresh` must be at most pool_size=40"),
        ({"every": 0}, "`every` must be a whole number"),
        ({"epochs": 0}, "`epochs` must be a whole number"),
        ({"batch_size": 0}, "`batch_size` must be a whole number"),
        ({"weight": 0.0}, "`weight` must be a finite number above 0"),
        ({"learning_rate": -1.0}, "`learning_rate` must be a finite"),
        ({"attacks": {"no": FGSM(0.1)}}, "`attacks` must name 'input' or"),
        ({"attacks": {"logits": FGSM(0.1)}}, "`attacks` must name 'input' or"),
        ({"attacks": {"hidden1": 0.1}}, "`attacks` must be an Attack, or map"),
        ({"bounds": {"hidden1": (1, 0)}}, "`bounds` must be two finite"),
        ({"bounds": {"input": (-1, 0)}}, "`images` must be within"),
        ({"model": conv()}, "`bounds` must say .* outputs of 'c'"),
        ({"model": softmax()}, "`outputs` must be what the model returns"),
        ({"model": Subclassed()}, "`model` must be a functional or Seq"),
    ],
)
def test_what_is_refused(digits, options, message):
    with pytest.raises(ValueError, match=message):
        fit(digits, **{"attacks": FGSM(0.1), **options})


def test_labels_out_of_range_are_refused(digits):
    with pytest.raises(ValueError, match=r"`labels` must be 0 \.\. 9"):
        ak.training.fit_layerwise(
            build(), digits.images, digits.labels + 1, FGSM(0.1)
        )
