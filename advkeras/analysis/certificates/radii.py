"""Radii within which no image is taken for another class."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras.analysis.certificates import bounds
from advkeras.analysis.certificates import search
from advkeras.analysis.certificates.chain import chain
from advkeras.analysis.certificates.head import head
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.progress import bar as progress_bar

_RTOL = 0.01  # how close to the largest radius the search comes
_OUTWARD = 1e-6  # kept for the rounding of what is not bounded in float32
_ALLOWED = 16  # times the error of float32 logits that was measured

_BY_CONSTANT = {"lipschitz": False, "pairwise": True}  # pair by pair?
_BY_BOUNDS = {"interval": False, "crown": True}  # with lines?
METHODS = (*_BY_CONSTANT, *_BY_BOUNDS)


def radii(
    classifier: Classifier | keras.Model,
    images: Any,
    method: str = "crown",
    labels: Any = None,
    batch_size: int = 16,
    lines_for: int = 4096,
    constants: Mapping[str, float] | None = None,
    progress: bool = False,
) -> np.ndarray:
    """Returns the L2 radius around each image in which its class is proved.

    The methods, with c the predicted class and z the logits:

    "lipschitz": min over j of (z_c - z_j) / (sqrt(2) L), L the bound of the
        map from images to logits (Szegedy et al. 2013, section 4.3). For any
        network that `analysis.spectrum` bounds.
    "pairwise": (z_c - z_j) / (L |w_c - w_j|), L the bound of the map to what
        the last Dense layer receives, and w its columns (as Hein and
        Andriushchenko 2017 and Tsuzuku et al. 2018 take the margin). Exact
        for a linear network, and never below "lipschitz".
    "interval": intervals through all layers.
    "crown": lines around every activation, passed back to the input (Zhang et
        al. 2018), and intervals where they are tighter. Both of these search
        for the largest radius at which the bound holds, to 1% below it.

    The last two are proved for the network as float32 computes it, sums of
    products in any order (not: products in fewer bits, nor Winograd's
    convolutions). The first two are proved for exact arithmetic; for float32
    they allow 16 times the largest difference between float32 and float64
    logits in a batch, which is measured and no proof. Pixels may leave their
    range: a radius holds for attacks that clip, and others.

    Args:
        classifier: The model. One of `levels` is certified for images on
            them.
        images: (n, height, width, channels), within the bounds, or a data
            set, as attacks take them.
        method: One of `METHODS`.
        labels: True labels, as attacks take them: an image that is not
            classified so has radius 0. None: those of a data set, or else
            the model's own.
        batch_size: Images bounded at a time.
        lines_for: "crown": layers of up to so many units are bounded by
            lines, larger ones by intervals alone. The time grows with it:
            for small convolutional networks it takes seconds an image, for
            large ones minutes.
        constants: "lipschitz" and "pairwise": see `analysis.spectrum.bounds`.
        progress: Whether to show a progress bar.

    Returns:
        float64, (n,), in the images' units; 0 where nothing is proved.

    Raises:
        ValueError: An argument is not as described, or the model is outside
            the method's reach: the layer is named.

    Example:
        >>> safe = ak.analysis.certificates.radii(classifier, images)
    """
    checks.check_choice("method", method, METHODS)
    checks.check_count("batch_size", batch_size)
    checks.check_count("lines_for", lines_for)
    if constants and method not in _BY_CONSTANT:
        raise ValueError(
            f"`constants` must be left out unless method is one of: "
            f"{', '.join(_BY_CONSTANT)}. Received: constants={constants!r} "
            f"with method={method!r}"
        )
    classifier = as_classifier(classifier)
    if not classifier.exact:
        raise ValueError(
            "`classifier` must predict what its logits say. "
            f"Received: classifier={classifier!r}"
        )
    images, labels = classifier.examples(images, labels)
    if classifier.levels is not None:  # what the model receives of them
        images = classifier.levels.nearest(images).numpy()
    if labels is not None:
        labels = checks.check_labels(
            labels, len(images), classifier.num_classes
        )
    if method in _BY_CONSTANT:
        certify = _by_constant(classifier, constants, _BY_CONSTANT[method])
    else:
        certify = _by_bounds(classifier, _BY_BOUNDS[method] * lines_for)
    found = []
    for i in progress_bar(
        range(0, len(images), batch_size), disable=not progress, desc=method
    ):
        batch = images[i : i + batch_size]
        found.append(certify(batch, classifier.predict(batch)))
    radius = np.concatenate(found) * (1 - _OUTWARD)
    if labels is not None:
        radius[classifier.predict(images) != labels] = 0
    return radius


# (images, classes) -> radii, (n,).
Certify = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _by_constant(
    classifier: Classifier,
    constants: Mapping[str, float] | None,
    pairwise: bool,
) -> Certify:
    reach = head(classifier, constants).pairs(pairwise)

    def certify(images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        double = classifier.in_float64()
        exact = np.asarray(double.logits(images.astype(np.float64)))
        error = np.abs(np.asarray(classifier.logits(images)) - exact).max()
        rows = np.arange(len(images))
        margin = exact[rows, classes][:, None] - exact
        margin -= 2 * _ALLOWED * error  # of both logits
        # A class of the same column and a smaller bias never wins.
        with np.errstate(divide="ignore", invalid="ignore"):
            radius = np.where(margin > 0, margin / reach[classes], 0)
        radius[rows, classes] = np.inf
        return radius.min(axis=1)

    return certify


def _by_bounds(classifier: Classifier, lines_for: int) -> Certify:
    network = chain(classifier)

    def certify(images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1)
        ball = bounds.Ball.around(network, flat)

        def holds_by(radius: np.ndarray, rows: np.ndarray) -> np.ndarray:
            there = ball.of_radius(radius, rows)
            margins = bounds.margins(network, there, classes[rows], lines_for)
            return margins.min(axis=1)

        whole = float(np.max(channels.range_of(classifier.bounds)))
        start = whole * np.sqrt(flat.shape[1]) / 100
        return search.largest(holds_by, np.full(len(flat), start), _RTOL)

    return certify
