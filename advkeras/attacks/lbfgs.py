"""Box-constrained L-BFGS: Szegedy et al. 2013, section 4.1."""

import dataclasses
from typing import ClassVar

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attempts import parts_of
from advkeras.attacks.solvers import batched
from advkeras.attacks.solvers import lockstep
from advkeras.attacks.solvers import rivals
from advkeras.attacks.solvers.penalty import PENALTIES
from advkeras.attacks.solvers.solution import SMALLEST_C
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.attacks.targets import NEAREST
from advkeras.attacks.targets import RULES
from advkeras.attacks.targets import ranked
from advkeras.classifier import Classifier

_CLOSEST = 1e-9
# Batches that are solved for together: what is copied of their pixels goes
# before the next ones come.
_AT_ONCE = 16
_SOLVERS = {"batched": batched.solve, "scipy": lockstep.solve}


@dataclasses.dataclass(frozen=True)
class LBFGS(Attack):
    """The smallest change that makes a model see the target class.

    For each image by itself, minimises c |r|^2 + cross_entropy(x + r, target)
    with x + r inside the bounds, and searches for the largest c whose solution
    is still taken for the target. r is measured with the pixel range as 1, of
    each channel its own, so that c does not depend on the bounds.

    Rounding, which differs with the number of images worked on together, may
    lead the search another way to as good an end: c, the gradients used and
    how it stopped differ then, a pixel by up to 0.005 of its range, and the
    distortion by up to 1 %; see `Attack.__call__`.

    With targets="nearest" the classes of an image are weighed by gradients of
    the model, the most promising is solved for, and then those that may be
    nearer than its example: on m1 and nets like it two or three of nine, for
    the distance that solving for all of them finds. Where that went a winding
    way, a walk along the edge of the classes looks for a nearer example: its
    `c` is of the one that it went on from.

    Args:
        targets: "random" (a wrong class, seeded), "next" (the class after the
            label) or "nearest": untargeted, whichever class takes the
            smallest change. Targets given in the call go first.
        solver: "batched": projected L-BFGS for all images at once, on
            TensorFlow's device. "scipy": the reference, SciPy's L-BFGS-B for
            each image on the host.
        norm: How r is measured: "l2_squared", |r|^2, or "l2", |r|, as the
            paper prints. The minima of one are those of the other, at another
            c; but |r| is flat along r, and takes more gradients. (Not
            "linf": its gradient is that of one pixel, and has a kink where two
            pixels are as large, as they are at the minimum.)
        c_start: The first c, between 1e-10 and 1e10. "nearest" begins where
            the gradient says that c will be, if it says so.
        c_rtol: The search stops when c is known to this relative tolerance,
            at least 1e-9.
        max_iterations: Iterations of a solver for one c.
        ftol: A solver stops when the objective falls by less than this,
            relatively. SciPy's name and meaning.
        gtol: A solver stops when the largest component of the projected
            gradient is below this. SciPy's name and meaning.
        memory: Curvature pairs that a solver keeps.
        candidates: The most classes of an image that "nearest" weighs, by
            their logits.

    Raises:
        ValueError: A hyper-parameter is not as described.

    Example:
        >>> result = ak.attacks.LBFGS()(classifier, images, labels)
        >>> result.distortion.mean(), result.c, result.stop
    """

    # A solver keeps 2 * memory vectors of each image.
    default_batch_size: ClassVar[int] = 256

    targets: str = "random"
    solver: str = "batched"
    norm: str = "l2_squared"
    c_start: float = 1.0
    c_rtol: float = 0.02
    max_iterations: int = 100
    ftol: float = 1e-6
    gtol: float = 1e-5
    memory: int = 5
    candidates: int = 20

    def __post_init__(self) -> None:
        if self.targets is None:
            raise ValueError(
                "`targets` must be 'random', 'next' or 'nearest': L-BFGS aims "
                "at a class. Received: targets=None"
            )
        checks.check_choice("targets", self.targets, (*RULES, NEAREST))
        checks.check_choice("solver", self.solver, tuple(_SOLVERS))
        checks.check_choice("norm", self.norm, PENALTIES)
        for name in ("c_start", "c_rtol", "ftol", "gtol"):
            checks.check_positive(name, getattr(self, name))
        if not SMALLEST_C < self.c_start < 1 / SMALLEST_C:
            raise ValueError(
                f"`c_start` must be between {SMALLEST_C:g} and "
                f"{1 / SMALLEST_C:g}, where c is searched for. "
                f"Received: c_start={self.c_start!r}"
            )
        if self.c_rtol < _CLOSEST:
            raise ValueError(
                f"`c_rtol` must be at least {_CLOSEST:g}: below it rounding "
                f"decides. Received: c_rtol={self.c_rtol!r}"
            )
        for name in ("candidates", "max_iterations", "memory"):
            checks.check_count(name, getattr(self, name))

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ) -> Generated:
        """Solves for all images; see `Attack.generate`."""
        del seed
        predictions = classifier.predict(images, batch_size)
        # Where the goal holds already, r = 0 solves it for every c.
        if targets is None:
            rows = np.flatnonzero(predictions == labels)
        else:
            rows = np.flatnonzero(predictions != targets)
        solution = Solution.empty(images)
        asked = np.zeros(len(images), np.int64)
        for some in parts_of(rows, _AT_ONCE * batch_size):
            found, asked[some] = self._solved(
                classifier,
                images[some],
                labels[some],
                None if targets is None else targets[some],
                batch_size,
            )
            solution.put(some, found)
        return Generated(
            solution.positions,
            predictions,
            {
                "c": solution.c,
                "c_bracket": solution.c_bracket,
                "gradient_evaluations": solution.gradient_evaluations,
                "stop": solution.stop,
                "classes_asked": asked,
            },
        )

    def _solved(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
    ) -> tuple[Solution, np.ndarray | int]:
        """Returns the solution, as images, and the classes asked for."""
        n = len(images)
        problem = Problem(
            _to_unit(images, classifier.bounds),
            labels if targets is None else targets,
            norm=self.norm,
            c_start=np.full(n, self.c_start),
            reach=np.full(n, np.inf),
            c_rtol=self.c_rtol,
            max_iterations=self.max_iterations,
            ftol=self.ftol,
            gtol=self.gtol,
            memory=self.memory,
            batch_size=batch_size,
        )
        solve = _SOLVERS[self.solver]
        asked: np.ndarray | int = 1
        if targets is None:
            likely = ranked(classifier, images, labels, batch_size)
            likely = likely[:, : self.candidates]
            found, asked = rivals.solve(classifier, problem, likely, solve)
        else:
            found = solve(classifier, problem)
        # To the range and back may round: what did not move is to stay.
        still = found.positions == problem.positions
        _from_unit(found.positions, classifier.bounds)
        np.copyto(found.positions, images, where=still)
        return found, asked


def _to_unit(images: np.ndarray, bounds: checks.Bounds) -> np.ndarray:
    if bounds == (0.0, 1.0):
        return images  # as they are: there may be many
    lower, upper = channels.lower_upper(bounds)
    return ((images - lower) / (upper - lower)).astype(np.float32)


def _from_unit(positions: np.ndarray, bounds: checks.Bounds) -> None:
    """Turns positions into images where they are."""
    lower, upper = channels.lower_upper(bounds)
    positions *= upper - lower
    positions += lower
    positions.clip(lower, upper, out=positions)
