"""Adversarial training in fit(): Goodfellow et al. 2014, section 6."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from advkeras import checks
from advkeras import fixed
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.training import batches
from advkeras.training import sizes
from advkeras.training.draws import random_states

STATISTICS = ("together", "apart")

_FIXED = (
    "model",
    "statistics",
    "classifier",
    "seed",
    "adversarial_loss",
    "adversarial_accuracy",
    "adversarial_metrics",
)


class AdversarialTraining(keras.Model):
    """A model that is fitted to images and to adversarial examples of them.

    What `fit()` minimises is

        alpha * J(images) + (1 - alpha) * J(attack(images))

    with J the loss that was compiled, regularisation included; of what layers
    add for what they see, such as activity regularisation, the mean over both
    kinds of image. The examples are made afresh in every step, against the
    weights of that moment and the true labels; as in every attack, the
    model that they are made for is in
    inference mode. `model` is trained in place and stays the plain model that
    it was: it is what `save()` writes, and what is exported.

    Everything of Keras's `fit()` holds: tf.data, sample and class weights,
    metric objects, callbacks, several steps an execution, mixed precision.
    Metrics that were compiled are of clean images. Beside them stand
    `adversarial_loss`, weighted as `loss` is, and `adversarial_accuracy`,
    without weights as `accuracy` is, and with validation data
    `val_adversarial_accuracy`, on which early stopping can rest:

        keras.callbacks.EarlyStopping("val_adversarial_accuracy", mode="max")

    `loss`, and `val_loss`, is the sum above.

    `alpha` and `attack` may be set at any time, by a callback in `fit()` too:
    the next step goes by them. An attack that differs in epsilon and step_size
    alone costs nothing; another has the step traced once more. All else stays
    as it was given, and says so when it is set.

    Args:
        model: A built Keras model of images.
        attack: Makes the examples. FGSM and PGD run within the compiled step;
            others, and targets by a rule, leave it for Python, which neither
            XLA nor a strategy of several replicas allows.
        alpha: Weight of the clean images, 0 to 1; 0.5 in the paper.
        bounds: (lower, upper) of every pixel.
        statistics: What batch normalisation normalises by in training:
            "together", clean images and adversarial ones side by side in one
            batch, or "apart", each with its own, both of which enter the
            moving statistics.
        adversarial_metrics: Further metrics of the adversarial examples, with
            names of their own.
        seed: Seed of what the attack draws.
        name: Name of this model; None for the plain model's with a suffix.

    Raises:
        ValueError: An argument is not as described.
        tf.errors.InvalidArgumentError: Of `fit()` and `evaluate()`: images
            are outside the bounds, which a step compiled by XLA does not say.

    Example:
        >>> trainer = ak.training.AdversarialTraining(model, FGSM(0.25))
        >>> trainer.compile("adam", loss, metrics=["accuracy"])
        >>> trainer.fit(images, labels, validation_data=(others, their_labels))
        >>> model.save("robust.keras")
    """

    _attack: Attack
    _sizes: tuple[tf.Variable, ...]

    def __init__(
        self,
        model: keras.Model,
        attack: Attack,
        alpha: float = 0.5,
        bounds: checks.Bounds = (0.0, 1.0),
        statistics: str = "together",
        adversarial_metrics: Sequence[keras.metrics.Metric] = (),
        seed: int = 0,
        name: str | None = None,
    ):
        sizes.check_attack(attack)
        checks.check_share("alpha", alpha)
        checks.check_choice("statistics", statistics, STATISTICS)
        checks.check_seed("seed", seed)
        adversarial_metrics = list(adversarial_metrics)
        for metric in adversarial_metrics:
            if not isinstance(metric, keras.metrics.Metric):
                raise ValueError(
                    "`adversarial_metrics` must be keras.metrics.Metric "
                    f"objects. Received: {metric!r} among them"
                )
        classifier = Classifier(model, bounds)
        attack.check_channels(classifier.image_shape)
        classifier.check_differentiable()
        super().__init__(name=name or f"{model.name}_adversarial")
        self.model = model
        self.classifier = classifier
        self._jit_compile_asked: Any = None
        self._set_attack(attack)
        self._alpha = float(alpha)
        self._alpha_now = self._variable(self._alpha, tf.float64)
        self.statistics = statistics
        self.seed = seed
        self.adversarial_loss = keras.metrics.Mean("adversarial_loss")
        self.adversarial_accuracy = keras.metrics.Mean("adversarial_accuracy")
        self.adversarial_metrics = adversarial_metrics
        self._passes = 1  # of the model, for one step
        self.built = True

    @property
    def plain(self) -> keras.Model:
        """The model that is trained."""
        return self.model

    @property
    def alpha(self) -> float:
        """Weight of the clean images; set it, and the next step goes by it."""
        return self._alpha

    @alpha.setter
    def alpha(self, alpha: float) -> None:
        checks.check_share("alpha", alpha)
        self._alpha = float(alpha)
        self._alpha_now.assign(self._alpha)

    @property
    def attack(self) -> Attack:
        """Makes the examples; set it, and the next step goes by it."""
        return self._attack

    @attack.setter
    def attack(self, attack: Attack) -> None:
        sizes.check_attack(attack)
        attack.check_channels(self.classifier.image_shape)
        self._check_runs(attack, self._jit_compile_asked)
        now = sizes.sizes_of(attack, self.classifier)
        if now and sizes.kind_of(attack, now) == sizes.kind_of(
            self._attack, self._sizes
        ):
            self._attack = attack
            for variable, size in zip(self._sizes, now, strict=True):
                variable.assign(size)
            return
        self._set_attack(attack)
        if attack.leaves_graph():
            self.jit_compile = False
        # In the middle of a fit() too: Keras looks them up in every step.
        if self.train_function is not None:
            self.make_train_function(force=True)
        if self.test_function is not None:
            self.make_test_function(force=True)

    def __setattr__(self, name: str, value: Any) -> None:
        fixed.check_unset(self, name, value, _FIXED)
        super().__setattr__(name, value)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Takes what `keras.Model.compile` takes.

        Raises:
            ValueError: The attack leaves the graph, and XLA was asked for or
                there are several replicas.
        """
        asked = kwargs.get("jit_compile")
        self._check_runs(self.attack, asked)
        self._jit_compile_asked = asked
        if self.attack.leaves_graph():
            kwargs["jit_compile"] = False
        super().compile(*args, **kwargs)

    def train_step(self, data: Any) -> Any:
        """Attacks the batch, then takes Keras's own step on both."""
        return super().train_step(self._attacked(data))

    def test_step(self, data: Any) -> Any:
        """Attacks the batch, then judges both."""
        return super().test_step(self._attacked(data))

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns the model's outputs; of a pair of batches, a pair."""
        self._passes = 1
        if not isinstance(images, tuple):
            return self.model(images, training=training)
        if not training or self.statistics == "together":
            n = tf.shape(images[0])[0]
            outputs = self.model(tf.concat(images, 0), training=training)
            return outputs[:n], outputs[n:]
        self._passes = 2
        return tuple(self.model(x, training=True) for x in images)

    @property
    def losses(self) -> list[Any]:
        """What layers add to the loss, each once: of two passes the mean."""
        losses = super().losses
        of_weights = sum(
            w.regularizer is not None for w in self.trainable_weights
        )
        first = len(losses) - of_weights  # Keras has those of weights last
        return [x / self._passes for x in losses[:first]] + losses[first:]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Returns the weighted sum of both losses."""
        if not isinstance(y_pred, tuple):  # Keras builds by clean images
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        clean, adversarial = (
            super(AdversarialTraining, self).compute_loss(
                images, y, outputs, sample_weight, training
            )
            for images, outputs in zip(x, y_pred, strict=True)
        )
        # Of several replicas each has its share of the mean.
        replicas = self.distribute_strategy.num_replicas_in_sync
        self.adversarial_loss.update_state(
            adversarial * replicas, sample_weight=tf.shape(x[0])[0]
        )
        return (
            tf.cast(self._alpha_now, clean.dtype) * clean
            # As Python has it: 1 less a rounded alpha is another weight.
            + tf.cast(1 - self._alpha_now, clean.dtype) * adversarial
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Returns the metrics of clean images and of adversarial ones."""
        if not isinstance(y_pred, tuple):
            return super().compute_metrics(x, y, y_pred, sample_weight)
        outputs = y_pred[1]
        right = tf.argmax(outputs, axis=1) == batches.labels_of(y)
        # Without weights, as Keras's `metrics` are.
        self.adversarial_accuracy.update_state(right)
        for metric in self.adversarial_metrics:
            metric.update_state(y, outputs)
        return super().compute_metrics(x[0], y, y_pred[0], sample_weight)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Saves the plain model, as `ModelCheckpoint` does."""
        self.model.save(filepath, *args, **kwargs)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        """Exports the plain model."""
        return self.model.export(filepath, *args, **kwargs)

    def save_own_variables(self, store: Any) -> None:
        """Keeps where dropout's random numbers are, which Keras does not."""
        for i, state in enumerate(random_states(self)):
            store[str(i)] = state.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Goes on with those random numbers."""
        for i, state in enumerate(random_states(self)):
            state.assign(store[str(i)])

    def _attacked(self, data: Any) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        images = tf.cast(
            batches.images_of(x, self.classifier.image_shape),
            self.classifier.dtype,
        )
        images = batches.within(images, self.classifier.bounds)
        found = sizes.examples_of(
            self.attack,
            self._sizes,
            self.classifier,
            images,
            batches.labels_of(y),
            # By the step: what is resumed goes on with the same numbers.
            tf.stack([self.seed, tf.cast(self.optimizer.iterations, tf.int32)]),
        )
        return (images, tf.stop_gradient(found)), y, sample_weight

    def _set_attack(self, attack: Attack) -> None:
        """Takes an attack whose step is yet to be traced."""
        self._attack = attack
        self._sizes = tuple(
            self._variable(size, self.classifier.dtype)
            for size in sizes.sizes_of(attack, self.classifier)
        )

    def _variable(self, value: Any, dtype: tf.DType) -> tf.Variable:
        # Read in the step, where a number would be built in.
        with self.distribute_strategy.scope():
            return tf.Variable(value, trainable=False, dtype=dtype)

    def _check_runs(self, attack: Attack, jit_compile: Any) -> None:
        """Raises ValueError unless a step can be compiled with the attack."""
        replicas = self.distribute_strategy.num_replicas_in_sync
        if attack.leaves_graph() and (replicas > 1 or jit_compile is True):
            raise ValueError(
                "`attack` must run within the compiled step, where it is "
                "compiled by XLA or for several replicas: FGSM or PGD without "
                f"a rule for targets. Received: attack={attack!r}"
            )
