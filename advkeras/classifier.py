"""Classifier: all that an attack may know of a model."""

import copy
import functools
import hashlib
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras import fixed
from advkeras import models
from advkeras.datasets import ImageSet
from advkeras.datasets import batches_of
from advkeras.datasets import check_set
from advkeras.datasets import examples_of
from advkeras.levels import Levels

_OUTPUTS = ("logits", "probabilities")

_FIXED = (
    "model",
    "image_shape",
    "bounds",
    "levels",
    "num_classes",
    "outputs",
    "logits_found",
    "draws",
)


class Classifier:
    """A Keras model with its pixel bounds, seen through its logits.

    Args:
        model: A built Keras model, one image batch in, one score a class out.
        bounds: (lower, upper) of every pixel that the model was trained with,
            each one number, or one for each channel: of images less their
            mean, over their deviation, (0 - mean) / deviation and (1 - mean)
            / deviation. None: what a Rescaling or Normalization at its input
            expects, or else (0, 1).
        outputs: What the model returns: "logits", "probabilities", or None to
            find out: from the model's graph, and by showing it noise. Logits
            below a softmax are recovered wherever it stands; for
            probabilities of any other origin they are the logarithms, and
            `logits_found` is False. One sigmoid unit is class 1 against
            class 0, with logits (0, z).
        levels: How many evenly spaced values a pixel can have, bounds
            included: 256 for pictures of 8 bits. The model is then seen
            through that rounding, with a straight-through gradient, and what
            attacks return lies on those levels. None: any value.
        output: Which of a model's several outputs, by name or by number.

    What is compiled for it has all of this built in: the attributes are set
    once. For other bounds or levels make another one.

    One that was loaded from a file, by `ak.load`, can be pickled: what is
    written is where the file is, and it is loaded again. So the file must stay
    where it is, and the weights as they were in it.

    Attributes:
        bounds_from: Where the bounds are from: "given", "card", "layer NAME",
            "input" of a quantised file, or "assumed".
        draws: 1; or how many calls are averaged over, of a model that draws
            anew at every call.
        logits_found: Whether logits are the model's own, and not logarithms
            of probabilities that came out rounded.

    Raises:
        ValueError: The model does not classify images, the bounds are no
            bounds, or the outputs are declared as what they are not.

    Example:
        >>> classifier = ak.Classifier(model, bounds=(0.0, 1.0))
        >>> classifier = ak.load("m1")
        >>> classifier.predict(images)  # labels, shape (n,)
    """

    # Whether `predict` says what the logits say, and nothing else does.
    exact = True

    def __init__(
        self,
        model: keras.Model,
        bounds: checks.Bounds | None = None,
        outputs: str | None = None,
        levels: int | None = None,
        output: str | int | None = None,
    ):
        if not isinstance(model, keras.Model):
            raise ValueError(
                "`model` must be a keras.Model. "
                f"Received: model of type {type(model).__name__}"
            )
        if outputs is not None:
            checks.check_choice("outputs", outputs, _OUTPUTS)
        self.model = model
        self.bounds_from = "given"
        if bounds is None:
            bounds, self.bounds_from = (0.0, 1.0), "assumed"
            if (found := models.bounds_of_layers(model)) is not None:
                bounds, self.bounds_from = found[0], f"layer {found[1]}"
        image_shape = models.image_shape(model)
        self.bounds = checks.check_bounds(bounds, image_shape)
        if (count := channels.count_of(self.bounds[0])) is not None:
            # A model of any channels is one of these.
            image_shape = (*image_shape[:2], count)
        self.image_shape = image_shape
        self.levels = (
            None if levels is None else Levels.between(self.bounds, levels)
        )
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self._double: Classifier | None = None
        scores = models.find_scores(
            model,
            self.images_spec(),
            _noise(self.bounds, self.image_shape),
            outputs,
            output,
        )
        self._scores = scores.logits
        self.num_classes = scores.num_classes
        self.outputs = scores.outputs
        self.logits_found = scores.exact
        self.draws = scores.draws
        self._output = output
        # How to load it again, and its fingerprint then; or what it is of.
        self._loading: tuple[Callable[[], Classifier], str | None] | None = None
        self._taken_from: Classifier | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._taken_from is not None:
            return _taking, (self._taken_from, self.image_shape)
        if self._loading is None or self._loading[1] != self.fingerprint():
            is_as = (
                "is not loaded from a file"
                if self._loading is None
                else "has other weights than its file"
            )
            levels = self.levels.count if self.levels else None
            raise TypeError(
                "`classifier` must be as `ak.load` loaded it to be pickled. "
                'Save its model, classifier.model.save("model.keras"), and '
                f'pickle ak.load("model.keras", bounds={self.bounds}, '
                f"outputs={self.outputs!r}, levels={levels}, "
                f"output={self._output!r}). Received: classifier={self!r}, "
                f"which {is_as}"
            )
        return _loaded, self._loading

    def __copy__(self) -> Self:
        # Without it a copy would be made as `__reduce__` says.
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def loaded_by(self, load: Callable[[], "Classifier"]) -> Self:
        """Notes how it was loaded, as pickling has to know.

        Args:
            load: What loads it from its file; can be pickled itself.
        """
        self._loading = load, self.fingerprint()
        return self

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.model.name!r}, "
            f"image_shape={self.image_shape}, "
            f"num_classes={self.num_classes}, bounds={self.bounds}, "
            f"outputs={self._outputs_in_words()!r}"
            f"{'' if self.draws == 1 else f', draws={self.draws}'})"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        fixed.check_unset(self, name, value, _FIXED)
        super().__setattr__(name, value)

    def _declare(self, **attributes: Any) -> None:
        """Sets what a subclass knows better, before anything is compiled."""
        vars(self).update(attributes)

    def _outputs_in_words(self) -> str:
        found = "" if self.logits_found else " (logits not found)"
        return self.outputs + found

    def logits(self, images: Any) -> Any:
        """Returns logits, (n, num_classes), differentiable, inference mode.

        Args:
            images: Tensor, (n, height, width, channels), within the bounds.
        """
        if self.levels is not None:
            images = self.levels.straight_through(images)
        return self._scores(images)

    def predict(
        self,
        images: Any,
        batch_size: int = 256,
        within_bounds: bool = True,
    ) -> np.ndarray:
        """Returns the predicted label of each image, int64, shape (n,).

        `advkeras.checks.NO_ANSWER`, -1, where the model's scores are NaN or
        have overflowed: that is no class.

        Args:
            images: Array or tensor, (n, height, width, channels); or an
                `ImageSet` or a `tf.data.Dataset`, which is streamed.
            batch_size: Images shown to the model at a time.
            within_bounds: Whether pixels outside the bounds are an error;
                False for what an unclipped attack made.

        Raises:
            ValueError: The images are not such as the model was made for.
        """
        checks.check_count("batch_size", batch_size)
        predict = self.compiled("predict", _build_predict)
        return np.concatenate(
            [
                predict(batch).numpy()
                for batch in self.batches(images, batch_size, within_bounds)
            ]
        )

    def batches(
        self, images: Any, batch_size: int, within_bounds: bool = True
    ) -> Iterator[np.ndarray]:
        """Yields images in checked batches, as for `predict`."""
        if isinstance(images, ImageSet):
            self.check_fits(images)
        bounds = self.bounds if within_bounds else None
        return batches_of(images, bounds, self.image_shape, batch_size)

    def examples(
        self, images: Any, labels: Any = None
    ) -> tuple[np.ndarray, Any]:
        """Returns images of any kind as a checked array, and their labels.

        Args:
            images: Array or tensor, (n, height, width, channels), an
                `ImageSet`, or a `tf.data.Dataset` of images or of (image,
                label).
            labels: Their labels; None for those of a data set that has some.

        Returns:
            Images, float32, and labels as they were found; None for none.

        Raises:
            ValueError: The images are not such as the model was made for, or
                labels are given where the data set has its own.
        """
        if isinstance(images, ImageSet):
            self.check_fits(images)
        return examples_of(images, labels, self.bounds, self.image_shape)

    def fitting(self, data: ImageSet) -> Self:
        """Returns this classifier, `taking` images of a data set's shape.

        Raises:
            ValueError: As `check_fits`.
        """
        check_set("dataset", data)
        taking = self.taking(data.image_shape)
        taking.check_fits(data)
        return taking

    def check_fits(self, data: ImageSet) -> None:
        """Raises ValueError unless the model can classify this data set."""
        check_set("dataset", data)
        shape = self.image_shape
        fits = checks.is_shape(data.image_shape, shape)
        classes = len(data.class_names)
        if not fits or classes > self.num_classes or data.bounds != self.bounds:
            raise ValueError(
                f"`dataset` must fit the model {self.model.name!r}: images "
                f"{shape} within {self.bounds}, {self.num_classes} classes. "
                f"Received: dataset={data.name!r} with images "
                f"{data.image_shape} within {data.bounds}, {classes} classes"
                + checks.channels_hint(data.image_shape, shape)
            )

    def compiled(
        self, key: Any, build: Callable[["Classifier"], Callable[..., Any]]
    ) -> Callable[..., Any]:
        """Returns `build(self)`, made the first time that `key` is asked for.

        An attack keeps its tf.functions here, so that they are traced once a
        classifier and go away with it.
        """
        if key not in self._compiled:
            self._compiled[key] = build(self)
        return self._compiled[key]

    def images_spec(self) -> tf.TensorSpec:
        """Returns the signature of a batch of images of any size."""
        return tf.TensorSpec((None, *self.image_shape), self.dtype)

    def in_float64(self) -> "Classifier":
        """Returns this classifier computed in float64, weights as of now.

        Raises:
            ValueError: The model has no configuration to rebuild it from.
        """
        if self._double is None:
            self._double = Classifier(
                models.cloned(self.model, "float64"),
                self.bounds,
                self.outputs,
                self.levels.count if self.levels else None,
                self._output,
            )
        self._double.model.set_weights(self.model.get_weights())
        return self._double

    def taking(self, image_shape: tuple[int, ...]) -> Self:
        """Returns this classifier, of images of another shape.

        Of one that holds the same values in the same order, as (28, 28, 1)
        does for a model of (28, 28) or of (784,); any other is left to
        `check_fits` and its like to refuse.

        Args:
            image_shape: (height, width, channels).
        """
        own = self.image_shape
        if checks.is_shape(image_shape, own) or not checks.same_values(
            image_shape, own
        ):
            return self
        taking = copy.copy(self)
        for name in ("_architecture", "_has_gradient"):
            vars(taking).pop(name, None)
        taking._declare(
            model=models.reshaped(self.model, image_shape),
            image_shape=tuple(image_shape),
            # Holds `self` too, whose end is that of what runs for it.
            _scores=lambda images: self._scores(tf.reshape(images, (-1, *own))),
            _compiled={},
            _double=None,
            _taken_from=self,
        )
        return taking

    @property
    def dtype(self) -> tf.DType:
        """What images are computed in: float32, or float64 if asked for."""
        inputs = getattr(self.model, "inputs", None) or ()
        double = any(tensor.dtype == "float64" for tensor in inputs)
        return tf.float64 if double else tf.float32

    def epsilon(self, share: float) -> channels.Amount:
        """Returns a share of the pixel range in the units of the images.

        One for each channel, where the bounds are so.

        Args:
            share: Of the range, above 0, at most 1: 8 / 255, say.

        Raises:
            ValueError: It is no such share.
        """
        checks.check_positive("share", share)
        checks.check_share("share", share)
        return channels.share_of(self.bounds, float(share))

    def fingerprint(self) -> str | None:
        """Returns the SHA-256 of what is classified by, in hex.

        Of the weights as they are now, the architecture, the bounds, and how
        the scores are read. None where it is not known: the weights of a
        SavedModel are kept from Keras.
        """
        weights = models.weights_sha256(self.model)
        if weights is None:
            return None
        parts = (
            weights,
            self._architecture,
            self.bounds,
            self.outputs,
            self.levels,
            self._output,
            str(self.dtype),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @functools.cached_property
    def _architecture(self) -> str:
        return models.architecture_sha256(self.model)

    def check_differentiable(self) -> None:
        """Raises ValueError unless the logits have a gradient.

        It may be 0 all the same: that takes images to find out.
        """
        self._check_takes_floats()
        if not self._has_gradient:
            raise ValueError(
                "`model` must have a gradient. Between the images and the "
                "scores something has none: a rounding, a cast to integers, "
                "an embedding, or a signature that takes integers. "
                f"Received: model {self.model.name!r}"
            )

    @functools.cached_property
    def _has_gradient(self) -> bool:
        found = []

        def trace(images: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                logits = self.logits(images)
            found.append(tape.gradient(logits, images) is not None)
            return logits

        traced = tf.function(
            trace, input_signature=[self.images_spec()], autograph=False
        )
        traced.get_concrete_function()
        return found[0]

    def _check_takes_floats(self) -> None:
        for given in getattr(self.model, "inputs", None) or ():
            if not tf.as_dtype(given.dtype).is_floating:
                raise ValueError(
                    "`model` must take floats, which have gradients. Received: "
                    f"model {self.model.name!r} with an input of {given.dtype}"
                )


def _loaded(
    load: Callable[[], Classifier], fingerprint: str | None
) -> Classifier:
    """Loads a pickled classifier again."""
    classifier = load()
    if classifier.fingerprint() != fingerprint:
        raise ValueError(
            "a pickled classifier must find its file as it was when it was "
            f"loaded. Received: {classifier!r} with the fingerprint "
            f"{classifier.fingerprint()}, not {fingerprint}"
        )
    return classifier


def _taking(classifier: Classifier, image_shape: tuple[int, ...]) -> Classifier:
    return classifier.taking(image_shape)


def answers(logits: tf.Tensor) -> tf.Tensor:
    """Returns the label of the largest logit, int64, (n,).

    NO_ANSWER where one is NaN, or the largest is infinite: what overflowed
    says nothing. (-inf is an answer: never this class.)
    """
    largest = tf.reduce_max(logits, axis=1)
    sound = tf.math.is_finite(largest) & ~tf.reduce_any(
        tf.math.is_nan(logits), axis=1
    )
    return tf.where(sound, tf.argmax(logits, axis=1), checks.NO_ANSWER)


def as_classifier(model: Any) -> Classifier:
    """Returns `model` as a Classifier; a plain Keras model has bounds (0, 1).

    The last few plain models keep their Classifier, and with it what was
    compiled for them.

    Raises:
        ValueError: It is neither.
    """
    return model if isinstance(model, Classifier) else _wrapped(model)


@functools.lru_cache(maxsize=4)
def _wrapped(model: keras.Model) -> Classifier:
    return Classifier(model)


def _build_predict(classifier: Classifier) -> Callable[..., Any]:
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, *classifier.image_shape), tf.float32)
        ]
    )
    def predict(images: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, classifier.dtype)
        return answers(classifier.logits(images))

    return predict


def _noise(bounds: checks.Bounds, shape: tuple[int | None, ...]) -> np.ndarray:
    # 64 is a size that every net without a fixed one can work on.
    size = tuple(64 if s is None else s for s in shape)
    random = np.random.default_rng(0)
    ends = channels.lower_upper(bounds)
    return random.uniform(*ends, size=(4, *size)).astype(np.float32)
