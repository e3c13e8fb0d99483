"""Adversarial training in fit(): Goodfellow et al. 2014, section 6."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.training.draws import random_states

STATISTICS = ("together", "apart")


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
        if not isinstance(attack, Attack):
            raise ValueError(
                f"`attack` must be an Attack. Received: attack={attack!r}"
            )
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
        self.attack = attack
        self.alpha = float(alpha)
        self.statistics = statistics
        self.classifier = classifier
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

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Takes what `keras.Model.compile` takes.

        Raises:
            ValueError: The attack leaves the graph, and XLA was asked for or
                there are several replicas.
        """
        replicas = self.distribute_strategy.num_replicas_in_sync
        if self.attack.leaves_graph() and (
            replicas > 1 or kwargs.get("jit_compile") is True
        ):
            raise ValueError(
                "`attack` must run within the compiled step, where it is "
                "compiled by XLA or for several replicas: FGSM or PGD without "
                f"a rule for targets. Received: attack={self.attack!r}"
            )
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
        return self.alpha * clean + (1 - self.alpha) * adversarial

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Returns the metrics of clean images and of adversarial ones."""
        if not isinstance(y_pred, tuple):
            return super().compute_metrics(x, y, y_pred, sample_weight)
        outputs = y_pred[1]
        right = tf.argmax(outputs, axis=1) == _labels(y)
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
        images = tf.cast(self._images(x), self.classifier.dtype)
        images = _within(images, self.classifier.bounds)
        found = self.attack.on_tensors(
            self.classifier,
            images,
            _labels(y),
            # By the step: what is resumed goes on with the same numbers.
            tf.stack([self.seed, tf.cast(self.optimizer.iterations, tf.int32)]),
        )
        return (images, tf.stop_gradient(found)), y, sample_weight

    def _images(self, x: Any) -> Any:
        """Returns a batch of images as the model takes them."""
        if isinstance(x, (list, tuple)) and len(x) == 1:
            x = x[0]
        shape = getattr(x, "shape", None)
        wanted = self.classifier.image_shape
        if shape is not None and shape.rank == len(wanted) and wanted[-1] == 1:
            return x[..., None]  # as keras.datasets has MNIST
        if shape is None or shape.rank not in (None, len(wanted) + 1):
            given = type(x).__name__ if shape is None else f"shape {shape}"
            raise ValueError(
                f"`x` must be one batch of images, each of shape {wanted}. "
                f"Received: x of {given}"
            )
        return x


def _within(images: tf.Tensor, bounds: checks.Bounds) -> tf.Tensor:
    """Returns the images; the step fails where they are outside the bounds."""
    together = channels.count_of(bounds[0]) is None
    axes = None if together else list(range(images.shape.rank - 1))
    low, high = tf.reduce_min(images, axes), tf.reduce_max(images, axes)
    lower, upper = channels.lower_upper(bounds)
    found = tf.debugging.Assert(  # which XLA leaves out
        tf.reduce_all((low >= lower) & (high <= upper)),
        [
            f"`x` must be within bounds=({channels.in_words(bounds[0])}, "
            f"{channels.in_words(bounds[1])}). "
            "Rescale the images, or say the bounds that this model was trained "
            "with. Received: values from, to",
            low,
            high,
        ],
    )
    # What waits for the images waits for this: no weight is changed before.
    with tf.control_dependencies([] if found is None else [found]):
        return tf.identity(images)


def _labels(y: Any) -> tf.Tensor:
    """Returns labels, int64, (n,), of integers, (n,) or (n, 1), or one-hot."""
    if not hasattr(y, "shape"):
        raise ValueError(
            "`y` must be labels, integers or one-hot: examples are made "
            f"against them. Received: y of {type(y).__name__}"
        )

    def integers() -> tf.Tensor:
        return tf.cast(tf.reshape(y, (-1,)), tf.int64)

    if y.shape.rank != 2 or y.shape[1] == 1:
        return integers()
    if y.shape[1] is not None:
        return tf.argmax(y, axis=1)
    return tf.cond(tf.shape(y)[1] > 1, lambda: tf.argmax(y, axis=1), integers)
