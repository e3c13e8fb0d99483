"""Box-constrained L-BFGS: Szegedy et al. 2013, section 4.1."""

import dataclasses
from typing import ClassVar

import numpy as np

from advkeras import checks
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import Generated
from advkeras.attacks.attack import check_target_rule
from advkeras.attacks.solvers import batched
from advkeras.attacks.solvers import lockstep
from advkeras.attacks.solvers.penalty import PENALTIES
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from advkeras.classifier import Classifier

_SOLVERS = {"batched": batched.solve, "scipy": lockstep.solve}


@dataclasses.dataclass(frozen=True)
class LBFGS(Attack):
    """The smallest change that makes a model see the target class.

    For each image by itself, minimises c |r|^2 + cross_entropy(x + r, target)
    with x + r inside the bounds, and searches for the largest c whose solution
    is still taken for the target. r is measured with the pixel range as 1, so
    that c does not depend on the bounds.

    Args:
        targets: "random" (a wrong class, seeded) or "next" (the class after
            the label); targets given in the call go first.
        solver: "batched": projected L-BFGS for all images at once, on
            TensorFlow's device. "scipy": the reference, SciPy's L-BFGS-B for
            each image on the host.
        norm: How r is measured: "l2_squared", |r|^2, or "l2", |r|, as the
            paper prints. The best examples are the same, their c is not. (Not
            "linf": its gradient is that of one pixel, and has a kink where two
            pixels are as large, as they are at the minimum.)
        c_start: The first c.
        c_rtol: The search stops when c is known to this relative tolerance.
        max_iterations: Iterations of a solver for one c.
        ftol: A solver stops when the objective falls by less than this,
            relatively. SciPy's name and meaning.
        gtol: A solver stops when the largest component of the projected
            gradient is below this. SciPy's name and meaning.
        memory: Curvature pairs that a solver keeps.

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
    memory: int = 8

    def __post_init__(self) -> None:
        if self.targets is None:
            raise ValueError(
                "`targets` must be 'random' or 'next': L-BFGS aims at a "
                "class. Received: targets=None"
            )
        check_target_rule(self.targets)
        checks.check_choice("solver", self.solver, tuple(_SOLVERS))
        checks.check_choice("norm", self.norm, PENALTIES)
        for name in ("c_start", "c_rtol", "ftol", "gtol"):
            checks.check_positive(name, getattr(self, name))
        for name in ("max_iterations", "memory"):
            checks.check_count(name, getattr(self, name))

    def generate(
        self,
        classifier: Classifier,
        images: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
    ) -> Generated:
        """Solves for all images; see `Attack.generate`."""
        del labels
        goals = np.asarray(targets)  # never None: the class has a rule
        lower, upper = classifier.bounds
        predictions = classifier.predict(images, batch_size)
        positions = ((images - lower) / (upper - lower)).astype(np.float32)
        # Where the model says the target already, r = 0 solves it for every c.
        solution = Solution.empty(positions)
        rows = np.flatnonzero(predictions != goals)
        if len(rows):
            problem = Problem(
                positions[rows],
                goals[rows],
                norm=self.norm,
                c_start=self.c_start,
                c_rtol=self.c_rtol,
                max_iterations=self.max_iterations,
                ftol=self.ftol,
                gtol=self.gtol,
                memory=self.memory,
                batch_size=batch_size,
            )
            solution.put(rows, _SOLVERS[self.solver](classifier, problem))
        found = lower + (upper - lower) * solution.positions
        found = found.astype(np.float32).clip(lower, upper)
        # To the range and back may round: what did not move is to stay.
        still = solution.positions == positions
        return Generated(
            np.where(still, images, found),
            predictions,
            {
                "c": solution.c,
                "c_bracket": solution.c_bracket,
                "gradient_evaluations": solution.gradient_evaluations,
                "stop": solution.stop,
            },
        )
