"""The scores of a classifier: logits, whatever its model returns."""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import reasons
from advkeras.models.logits import Head
from advkeras.models.logits import find_head
from advkeras.models.wrapped import FunctionModel

# Of a model that draws anew at every call, how often it is asked.
DRAWS = 8
# Of a signature, which may flip images as in training: four that are flipped
# the same twice are one time in 16.
_PASSES = 5
_ALIKE = 1e-6  # of probabilities that are the same
_HALF = 1e-3  # likewise, in half precision


@dataclasses.dataclass(frozen=True)
class Scores:
    """What a model says of images, as logits.

    Attributes:
        logits: Function from images to logits, (n, num_classes), float32 or
            float64, differentiable, in inference mode.
        num_classes: How many.
        outputs: What the model returns, "logits" or "probabilities".
        exact: Whether these are the model's logits; False where they are
            logarithms of probabilities that came out rounded.
        draws: How often the model is asked and averaged over: 1, or more
            for a model that draws anew at every call.
    """

    logits: Callable[[Any], Any]
    num_classes: int
    outputs: str
    exact: bool
    draws: int


def image_shape(model: keras.Model) -> tuple[int | None, ...]:
    """Returns the shape of one image that a model takes.

    Raises:
        ValueError: It is not built, or has not one input.
    """
    shape: Any = getattr(model, "input_shape", None)
    if shape is None:  # subclassed: what it was built for
        shape = (model.get_build_config() or {}).get("input_shape")
    shapes = list(shape.values()) if isinstance(shape, Mapping) else shape
    if isinstance(shapes, list):
        if len(shapes) > 1:
            raise ValueError(
                "`model` must have one input, of images. Received: model "
                f"{model.name!r} with {len(shapes)} inputs, of shapes "
                f"{', '.join(str(tuple(one)) for one in shapes)}"
            )
        (shape,) = shapes
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise ValueError(
            "`model` must be built, with one input of images; a subclassed one "
            "is once it was called with them. "
            f"Received: model {model.name!r} with input_shape={shape}"
        )
    return tuple(shape[1:])


def find_scores(
    model: keras.Model,
    images: tf.TensorSpec,
    sample: np.ndarray,
    outputs: str | None = None,
    output: str | int | None = None,
) -> Scores:
    """Finds out how to see a model through its logits.

    Args:
        model: A built Keras model of one input.
        images: Signature of a batch of images.
        sample: Some images to try it with.
        outputs: "logits", "probabilities", or None to find out.
        output: Which of several outputs, by name or by number.

    Raises:
        ValueError: The model does not classify images, `output` names none
            of its outputs, or `outputs` is not what it returns.
    """
    model_of = _one_output(model, sample, output)
    shown = tf.cast(sample, images.dtype)
    passes = _PASSES if isinstance(model, FunctionModel) else 2
    said = [np.asarray(model_of(shown)) for _ in range(passes)]
    scores = _rows(said[0], model)
    head = find_head(model_of, images)
    kind = _kind(scores, head, outputs)
    exact = kind in ("logits", "score") or head is not None
    logits = _logits(kind, model_of, head)
    # Always the same, or each call is a draw, which cannot be compared.
    fixed = all(np.array_equal(said[0], x, equal_nan=True) for x in said[1:])
    if fixed and head is not None and not _same(kind, logits(shown), scores):
        exact, logits = kind == "logits", _logits(kind, model_of, None)
    return Scores(
        logits if fixed else _mean_of_draws(logits),
        2 if scores.shape[1] == 1 else scores.shape[1],
        "logits" if kind in ("logits", "score") else "probabilities",
        exact,
        1 if fixed else DRAWS,
    )


def _one_output(
    model: keras.Model, sample: np.ndarray, output: str | int | None
) -> Callable[[Any], Any]:
    """Returns the function from images to one output tensor."""
    try:
        returned = model(tf.convert_to_tensor(sample), training=False)
    except Exception as error:  # whatever its layers raise
        raise ValueError(
            f"`model` must compute scores of images {sample.shape}. "
            f"Received: model {model.name!r}, which fails "
            f"({reasons.of(error)})"
        ) from error
    named: dict[Any, Any] = {}
    if isinstance(returned, Mapping):
        named = dict(returned)
    elif isinstance(returned, (list, tuple)):
        named = dict(enumerate(returned))
    if not named:
        if output is not None:
            raise ValueError(
                "`output` must be None: the model has one output. "
                f"Received: output={output!r}"
            )
        return lambda images: model(images, training=False)
    key = next(iter(named)) if output is None and len(named) == 1 else output
    if isinstance(key, str) and key not in named:
        names = list(getattr(model, "output_names", None) or ())
        key = names.index(key) if key in names else key
    if key not in named:
        listed = ", ".join(
            f"{name!r} of shape {tuple(value.shape)[1:]}"
            for name, value in named.items()
        )
        raise ValueError(
            "`output` must name the output that classifies, one of "
            f"{listed}. Received: output={output!r}"
        )
    return lambda images: model(images, training=False)[key]


def _rows(scores: np.ndarray, model: keras.Model) -> np.ndarray:
    """Returns scores as (n, classes), or says what they are instead."""
    inner = scores.shape[1:-1]
    if scores.ndim > 1 and scores.size and all(size == 1 for size in inner):
        return scores.reshape(len(scores), -1)
    raise ValueError(
        "`model` must return scores of shape (n, classes), at least 2 "
        "classes, or one sigmoid unit. What has more dimensions is a detector, "
        "a segmentation or features without a head. "
        f"Received: model {model.name!r} with outputs of shape {scores.shape}"
    )


def _kind(scores: np.ndarray, head: Head | None, outputs: str | None) -> str:
    """Returns "logits", "score", "softmax" or "sigmoid".

    Raises:
        ValueError: It is none of them, or not what was declared.
    """
    sound = scores[np.isfinite(scores).all(axis=1)]
    shares = bool(((sound >= 0) & (sound <= 1)).all()) and len(sound) > 0
    first = [round(float(x), 3) for x in (sound if len(sound) else scores)[0]]
    if scores.shape[1] == 1:
        if head is not None and head.kind == "sigmoid":
            shares = True
        if outputs is None and not shares:
            raise ValueError(
                "`model` must return scores of at least 2 classes, or one "
                "sigmoid unit. One number beyond 0 .. 1 is a regression; or if "
                "it is the logit of class 1, declare outputs='logits'. "
                f"Received: outputs of shape (n, 1), first row {first}"
            )
        return "sigmoid" if outputs in (None, "probabilities") else "score"
    if head is not None and head.kind == "sigmoid":
        if outputs != "logits":
            raise ValueError(
                "`model` must give each image one class. It ends in a sigmoid "
                "of each class by itself, so that any number of them may hold; "
                "if the largest is its answer, declare outputs='logits'. "
                f"Received: outputs={outputs!r}, first row {first}"
            )
        return "logits"
    # Half precision, or an int8 softmax, sums to 1 only so nearly.
    sums = np.allclose(sound.sum(axis=1), 1, atol=1e-2)
    probable = shares and sums
    if outputs is not None and (outputs == "probabilities") != probable:
        raise ValueError(
            f"`outputs` must be what the model returns: on noise its rows "
            f"{'are' if probable else 'are not'} non-negative with sum 1. "
            f"Received: outputs={outputs!r}, first row {first}"
        )
    return "softmax" if probable else "logits"


def _logits(
    kind: str, model_of: Callable[[Any], Any], head: Head | None
) -> Callable[[Any], Any]:
    if head is not None and kind != "score":
        scores, above = head.logits, lambda rows: rows
    elif kind in ("logits", "score"):
        scores, above = model_of, lambda rows: rows
    else:
        scores, above = model_of, _log if kind == "softmax" else _log_odds

    def logits(images: Any) -> Any:
        rows = above(_at_least_float32(scores(images)))
        if rows.shape.rank != 2:
            rows = tf.reshape(rows, (tf.shape(rows)[0], rows.shape[-1]))
        if rows.shape[1] == 1:  # of class 1, against 0 of class 0
            rows = tf.concat([tf.zeros_like(rows), rows], axis=1)
        return rows

    return logits


def _same(kind: str, logits: Any, scores: np.ndarray) -> bool:
    """Whether what the model returns comes of these logits."""
    logits = np.asarray(logits, np.float64)
    if kind == "logits":
        found = np.asarray(tf.sigmoid(logits))
    else:
        found = np.asarray(tf.nn.softmax(logits))
    found = found[:, 1:] if scores.shape[1] == 1 else found
    sound = np.isfinite(scores).all(axis=1) & np.isfinite(logits).all(axis=1)
    largest = np.abs(logits[sound]).max(initial=1)
    off = np.abs(found - scores)[sound].max(initial=0)
    half = scores.dtype.itemsize < 4
    alike = off <= (_HALF if half else _ALIKE * largest)
    return bool(alike and sound.any())


def _mean_of_draws(logits: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Expectation over transformation: Athalye et al. 2018, section 4.2."""

    def mean(images: Any) -> Any:
        drawn = [tf.nn.log_softmax(logits(images)) for _ in range(DRAWS)]
        return tf.reduce_logsumexp(tf.stack(drawn), axis=0) - np.log(DRAWS)

    return mean


def _at_least_float32(scores: Any) -> Any:
    half = scores.dtype in (tf.float16, tf.bfloat16)
    return tf.cast(scores, tf.float32) if half else scores


def _log(probabilities: Any) -> Any:
    # Added, not a floor: it would take the gradient of what lies below it.
    tiny = np.finfo(probabilities.dtype.as_numpy_dtype).tiny
    return tf.math.log(probabilities + tiny)


def _log_odds(probabilities: Any) -> Any:
    return _log(probabilities) - _log(1 - probabilities)
