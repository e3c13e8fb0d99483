"""Box-constrained L-BFGS: Szegedy et al. 2013, section 4.1."""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import ClassVar

import numpy as np
import scipy.optimize
import tensorflow as tf

from advkeras import checks
from advkeras.attacks import lockstep
from advkeras.attacks import objectives
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.search_c import search_c
from advkeras.classifier import Classifier


@dataclasses.dataclass(frozen=True)
class LBFGS(Attack):
    """The smallest change that makes a model see the target class.

    For each image by itself, minimises c |r|^2 + cross_entropy(x + r, target)
    with x + r inside the bounds, by SciPy's L-BFGS-B, and searches for the
    largest c whose solution is still taken for the target. r is measured with
    the pixel range as 1, so that c does not depend on the bounds. Each c
    starts from the solution at the largest c that succeeded so far.

    The images of a batch advance together: each has a solver of its own, and
    each round sends one batch of gradients to TensorFlow.

    Args:
        targets: "random" (a wrong class, seeded) or "next" (the class after
            the label); targets given in the call go first.
        c_start: The first c.
        c_rtol: The search stops when c is known to this relative tolerance.
        max_iterations: Iterations of a solver for one c.
        ftol: A solver stops when the objective falls by less than this,
            relatively. SciPy's name and meaning.
        gtol: A solver stops when the largest component of the projected
            gradient is below this. SciPy's name and meaning.
        memory: Corrections that a solver keeps.
        dtype: What gradients are computed in. None: float64 for models
            without convolutions that can be rebuilt in it, else float32.
            float32's rounding upsets the line search: on small dense nets
            float64 needs less than half of the gradients. Of a convolution
            it costs ten times as much, and finds the same.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.LBFGS()(classifier, images, labels)
        >>> result.distortion.mean(), result.c, result.c_bracket
    """

    # Solvers at work together: each keeps 2 * memory vectors of an image.
    default_batch_size: ClassVar[int] = 128

    targets: str = "random"
    c_start: float = 1.0
    c_rtol: float = 0.02
    max_iterations: int = 100
    ftol: float = 1e-8
    gtol: float = 1e-5
    memory: int = 10
    dtype: str | None = None

    def __post_init__(self) -> None:
        if self.targets is None:
            raise ValueError(
                "`targets` must be 'random' or 'next': L-BFGS aims at a "
                "class. Received: targets=None"
            )
        check_target_rule(self.targets)
        for name in ("c_start", "c_rtol", "ftol", "gtol"):
            checks.check_positive(name, getattr(self, name))
        for name in ("max_iterations", "memory"):
            checks.check_count(name, getattr(self, name))
        if self.dtype is not None:
            checks.check_choice("dtype", self.dtype, ("float32", "float64"))

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
    ) -> Generated:
        """Solves for one batch; see `Attack.generate`."""
        del labels
        goals = np.asarray(targets)  # never None: the class has a rule
        found = lockstep.run(
            [
                _Search(self, image, int(target), classifier.bounds).solve
                for image, target in zip(images, goals, strict=True)
            ],
            _answering(classifier, self._gradient_classifier(classifier)),
        )
        return Generated(
            np.stack([image.best for image in found]),
            np.array([image.clean_prediction for image in found]),
            {
                "c": np.array([image.c for image in found]),
                "c_bracket": np.array([image.bracket for image in found]),
                "gradient_evaluations": np.array(
                    [image.evaluations for image in found]
                ),
            },
        )

    def _gradient_classifier(self, classifier: Classifier) -> Classifier:
        weights = classifier.model.weights
        convolves = any(len(weight.shape) > 2 for weight in weights)
        if self.dtype == "float32" or (self.dtype is None and convolves):
            return classifier
        try:
            return classifier.in_float64()
        except ValueError:
            if self.dtype == "float64":
                raise
            return classifier


@dataclasses.dataclass(frozen=True)
class _Gradient:
    """A request for the target's loss and gradient at pixels in [0, 1]."""

    position: np.ndarray
    target: int


@dataclasses.dataclass(frozen=True)
class _Label:
    """A request for the model's label of a finished image."""

    image: np.ndarray


class _Search:
    """The search for one image; all that it needs of the model, it asks."""

    def __init__(
        self,
        attack: LBFGS,
        image: np.ndarray,
        target: int,
        bounds: checks.Bounds,
    ):
        self.attack = attack
        self.target = target
        self.bounds = bounds
        self.shape = image.shape
        self.origin = (image.ravel().astype(np.float64) - bounds[0]) / (
            bounds[1] - bounds[0]
        )
        self.box = scipy.optimize.Bounds(0.0, 1.0)
        self.best = image
        self.clean_prediction = -1
        self.c = math.nan
        self.bracket = (0.0, math.inf)
        self.evaluations = 0

    def solve(self, ask: lockstep.Ask) -> "_Search":
        """Searches for c; leaves what was found in the attributes."""
        self.clean_prediction = ask(_Label(self.best))
        if self.clean_prediction == self.target:
            # Nothing to do: r = 0 solves the problem for every c.
            self.c, self.bracket = math.inf, (math.inf, math.inf)
            return self
        start = self.origin
        shortest = math.inf
        search = search_c(self.attack.c_start, self.attack.c_rtol)
        c = next(search)
        while True:
            position = self._minimise(ask, c, start)
            image = self._as_image(position)
            reached = ask(_Label(image)) == self.target
            length = float(np.square(position - self.origin).sum())
            if reached and length < shortest:
                start, shortest = position, length
                self.best, self.c = image, c
            elif math.isinf(shortest):
                self.best = image  # the best attempt is the one of smallest c
            try:
                c = search.send(reached)
            except StopIteration as end:
                self.bracket = end.value
                return self

    def _minimise(
        self, ask: lockstep.Ask, c: float, start: np.ndarray
    ) -> np.ndarray:
        def objective(position: np.ndarray) -> tuple[float, np.ndarray]:
            self.evaluations += 1
            pixels = position.reshape(self.shape)
            loss, gradient = ask(_Gradient(pixels, self.target))
            r = position - self.origin
            return loss + c * (r @ r), gradient.ravel() + 2 * c * r

        return scipy.optimize.minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=self.box,
            options={
                "maxiter": self.attack.max_iterations,
                "maxfun": 20 * self.attack.max_iterations,
                "maxcor": self.attack.memory,
                "ftol": self.attack.ftol,
                "gtol": self.attack.gtol,
            },
        ).x

    def _as_image(self, position: np.ndarray) -> np.ndarray:
        lower, upper = self.bounds
        image = lower + (upper - lower) * position
        # In float32, as it is handed out and judged.
        return image.reshape(self.shape).astype(np.float32).clip(lower, upper)


def _answering(
    judge: Classifier, differentiated: Classifier
) -> Callable[[Sequence[Any]], list[Any]]:
    """Returns a function that answers one round of requests in two batches."""
    loss_and_gradient = differentiated.compiled("lbfgs", _build_gradient)
    numpy_dtype = differentiated.dtype.as_numpy_dtype

    def answer(requests: Sequence[Any]) -> list[Any]:
        answers: list[Any] = [None] * len(requests)
        asked = [i for i, r in enumerate(requests) if isinstance(r, _Gradient)]
        if asked:
            positions = np.stack([requests[i].position for i in asked])
            losses, gradients = loss_and_gradient(
                positions.astype(numpy_dtype),
                np.array([requests[i].target for i in asked], np.int64),
            )
            losses = losses.numpy().astype(np.float64)
            gradients = gradients.numpy().astype(np.float64)
            for row, i in enumerate(asked):
                answers[i] = (float(losses[row]), gradients[row])
        ended = [i for i, r in enumerate(requests) if isinstance(r, _Label)]
        if ended:
            labels = judge.predict(np.stack([requests[i].image for i in ended]))
            for row, i in enumerate(ended):
                answers[i] = labels[row]
        return answers

    return answer


def _build_gradient(classifier: Classifier) -> Callable[..., Any]:
    lower, upper = classifier.bounds

    @tf.function(
        input_signature=[
            classifier.images_spec(),
            tf.TensorSpec((None,), tf.int64),
        ]
    )
    def loss_and_gradient(
        positions: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(positions)
            logits = classifier.logits(lower + (upper - lower) * positions)
            losses = objectives.cross_entropy(logits, targets)
        return losses, tape.gradient(losses, positions)

    return loss_and_gradient
