"""Attack: what all attacks share, from checked arguments to a judged result."""

import abc
import dataclasses
import warnings
from typing import Any
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras.attacks import targets as target_rules
from advkeras.attacks.outside import outside_of_graphs
from advkeras.attacks.result import AttackResult
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier

# A pixel range beyond this is one of grey levels.
_UNITS = 2.0


@dataclasses.dataclass(frozen=True)
class Generated:
    """What an attack made, before it is judged.

    Attributes:
        images: float32, as the images attacked.
        clean_predictions: The model's labels of the clean images, (n,).
        extras: Further fields of `AttackResult`, e.g. `c`.
    """

    images: np.ndarray
    clean_predictions: np.ndarray
    extras: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Attack(abc.ABC):
    """Base of all attacks: a frozen dataclass of hyper-parameters.

    A subclass adds its fields, checks them in `__post_init__`, and writes
    `generate`. A field `targets` of "random" or "next" makes it choose its
    targets where the caller gives none.
    """

    default_batch_size: ClassVar[int] = 256
    # Whether it climbs; others may take models without a gradient.
    needs_gradient: ClassVar[bool] = True

    @abc.abstractmethod
    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Makes adversarial examples; the arguments are checked already.

        Args:
            classifier: The model to fool.
            images: float32, (n, height, width, channels), within the bounds.
            labels: int64, (n,).
            targets: int64, (n,), or None for any class but the label.
            batch_size: Images to work on at a time.
            seed: Seed of every random choice.
        """

    @outside_of_graphs()
    def __call__(
        self,
        classifier: Classifier | keras.Model,
        images: Any,
        labels: Any = None,
        targets: Any = None,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> AttackResult:
        """Attacks images, and says what the model makes of what was found.

        The answer for an image depends on the image, its label and the seed,
        not on the images beside it; but for rounding. A product of matrices
        is summed in another order for another number of rows, so that a
        gradient differs in its last digits with the number of images worked
        on together. FGSM passes that on as it is; where a step goes by the
        sign of a gradient near 0, a pixel may come out a step apart; and what
        a search makes of it, `LBFGS` says. To have the same bits, give the
        same batches.

        Args:
            classifier: The model to fool. A plain Keras model is taken to
                have bounds (0, 1).
            images: Array or tensor, (n, height, width, channels), within the
                classifier's bounds; or an `ImageSet`, or a `tf.data.Dataset`
                of images or of (image, label).
            labels: True labels: integers, (n,), or one-hot, (n, classes).
                None: those of the data set, or else the model's own
                predictions.
            targets: Class to aim at for each image, as `labels`. None: by the
                attack's own rule, or untargeted if it has none.
            batch_size: Images worked on at a time; None for the attack's own.
            seed: Seed of every random choice.

        Returns:
            An `AttackResult`.

        Raises:
            ValueError: An argument is not as described; before any work.
        """
        classifier = as_classifier(classifier)
        if self.needs_gradient:
            self._check_gradient(classifier)
        images, labels = classifier.examples(images, labels)
        self.check_channels(images.shape[1:])
        _check_epsilon(getattr(self, "epsilon", None), classifier)
        given = images
        if classifier.levels is not None:  # what the model receives of them
            images = classifier.levels.nearest(images).numpy()
        n, classes = len(images), classifier.num_classes
        if batch_size is None:
            batch_size = self.default_batch_size
        checks.check_count("batch_size", batch_size)
        checks.check_seed("seed", seed)
        if labels is not None:
            labels = checks.check_labels(labels, n, classes)
        if targets is not None:
            targets = checks.check_labels(targets, n, classes, "targets")

        self.check_model(classifier, targets is not None)

        rule = getattr(self, "targets", None) if targets is None else None
        if rule in target_rules.UNTARGETED:
            rule = None
        if labels is None or rule is not None:
            predictions = classifier.predict(images, batch_size)
            if labels is None:  # of what has no answer, any
                labels = np.maximum(predictions, 0)
            if rule is not None:
                # By the images as given: models that round them otherwise
                # are attacked with the same targets.
                targets = target_rules.choose(
                    rule, given, labels, predictions, classes, seed
                )
        if targets is not None and (targets == labels).any():
            i = np.flatnonzero(targets == labels)[0]
            raise ValueError(
                "`targets` must differ from `labels`. "
                f"Received: targets[{i}] = labels[{i}] = {labels[i]}"
            )

        made = self.generate(
            classifier, images, labels, targets, batch_size, seed
        )
        found = made.images
        if classifier.levels is not None:
            found = classifier.levels.nearest(found).numpy()
        predictions = classifier.predict(found, batch_size, within_bounds=False)
        reached = (
            fooled(predictions, labels)
            if targets is None
            else predictions == targets
        )
        result = AttackResult(
            originals=images,
            images=found,
            labels=labels,
            targets=targets,
            clean_predictions=made.clean_predictions,
            predictions=predictions,
            success=reached,
            bounds=classifier.bounds,
            model=classifier.fingerprint(),
            attack=self.described(),
            seed=int(seed),
            **made.extras,
        )
        return self.judged(result)

    def _check_gradient(self, classifier: Classifier) -> None:
        try:
            classifier.check_differentiable()
        except ValueError as error:
            raise ValueError(
                f"{error}. {type(self).__name__} climbs it; Square asks for "
                "scores alone, HopSkipJump for labels"
            ) from error

    def check_channels(self, image_shape: tuple[int | None, ...]) -> None:
        """Raises ValueError where it is made for images of other channels.

        Args:
            image_shape: (height, width, channels); None where any will do.
        """
        for name in ("epsilon", "step_size"):
            if (amount := getattr(self, name, None)) is not None:
                checks.check_channels(name, amount, image_shape)

    def check_model(self, classifier: Classifier, targeted: bool) -> None:
        """Raises ValueError where the attack cannot be of this model.

        Args:
            classifier: The model to fool.
            targeted: Whether targets are given in the call.
        """
        del classifier, targeted  # it can

    def described(self) -> str:
        """Returns all that its examples depend on but model and images."""
        return repr(self)

    def sizes(self, classifier: Classifier) -> tuple[Any, ...]:
        """Returns what of the attack `on_tensors` takes as its `sizes`.

        A function that was traced with tensors in their place serves attacks
        that differ in epsilon and step_size alone. Here none: each attack is
        a trace of its own.

        Args:
            classifier: The model to fool.
        """
        del classifier
        return ()

    def on_tensors(
        self,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: Any,
        sizes: tuple[Any, ...] | None = None,
    ) -> tf.Tensor:
        """Makes examples of one batch in a tf.function, without any check.

        Here by leaving the graph; an attack that is made of TensorFlow's
        operations alone does better, and is not `leaves_graph`.

        Args:
            classifier: The model to fool.
            images: float32 tensor, (n, height, width, channels), within the
                bounds.
            labels: int64 tensor, (n,): true labels.
            seed: int32 tensor, (2,), at least 0: seed of every random choice.
            sizes: Tensors in the place of `sizes(classifier)`; None for
                those themselves.

        Returns:
            float32, as `images`.
        """
        del sizes  # there are none

        def found(images: Any, labels: Any, seed: Any) -> Any:
            return self(
                classifier,
                images,
                labels,
                batch_size=len(images),
                seed=int(np.random.SeedSequence(seed).generate_state(1)[0]),
            ).images

        made = tf.numpy_function(found, [images, labels, seed], tf.float32)
        made = tf.cast(made, images.dtype)
        return tf.ensure_shape(made, images.shape)

    def leaves_graph(self) -> bool:
        """Returns whether `on_tensors` calls back into Python."""
        return type(self).on_tensors is Attack.on_tensors

    def judged(self, result: AttackResult) -> AttackResult:
        """Returns a result whose `success` is this attack's goal.

        Args:
            result: Its `success` says that the target was reached, or without
                targets that the label was missed.
        """
        return result


def fooled(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns which images are read wrongly, bool, (n,).

    No answer is none of these: who says nothing is not fooled.

    Raises:
        ValueError: There are not as many labels as predictions.
    """
    if np.shape(predictions) != np.shape(labels):
        raise ValueError(
            f"`labels` must be of shape {np.shape(predictions)}, as the "
            f"predictions. Received: labels.shape={np.shape(labels)}"
        )
    wrong = predictions != labels
    return np.asarray(wrong & (predictions != checks.NO_ANSWER))


def keep_amount(attack: Attack, name: str) -> None:
    """Checks a hyper-parameter; one a channel is kept as a tuple.

    Raises:
        ValueError: It is neither a number above 0 nor one for each channel.
    """
    amount = checks.check_amount(name, getattr(attack, name))
    object.__setattr__(attack, name, amount)  # the dataclass is frozen


def check_target_rule(rule: Any) -> None:
    """Raises ValueError unless `rule` is None or names a rule."""
    if rule is not None:
        checks.check_choice("targets", rule, target_rules.RULES)


def _check_epsilon(
    epsilon: channels.Amount | None, classifier: Classifier
) -> None:
    """Says so where an epsilon cannot be meant in the images' units."""
    if epsilon is None:
        return
    unit = (
        "in the units of the images, "
        f"{channels.bounds_in_words(classifier.bounds)}. "
        f"Received: epsilon={channels.in_words(epsilon)}; "
        "classifier.epsilon(share) gives it for a share of the pixel range, "
        "such as 8 / 255"
    )
    levels = classifier.levels
    # Of several channels one that can move will do.
    if levels is not None and np.max(levels.whole(epsilon)) == 0:
        raise ValueError(
            "`epsilon` must be at least one step of the pixels, "
            f"{channels.in_words(levels.step)}, {unit}"
        )
    whole = channels.range_of(classifier.bounds)
    lost = channels.apply(lambda e, w: e < w / 255 / 2, epsilon, whole)
    if np.max(whole) > _UNITS and np.all(lost):
        warnings.warn(
            f"`epsilon` is less than half a grey level, {unit}", stacklevel=3
        )
