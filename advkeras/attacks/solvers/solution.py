"""What a solver is asked for, and what it answers."""

import dataclasses

import numpy as np

# How a solve may end: by SciPy's criteria of these names, after as many
# iterations as it may have, or because no step along the direction improves the
# objective. "settled": what it would come to was clear; so end solves on the
# way, which are left early, and the last one of an image that no c leads to its
# target. "flat" and "no_gradient": likewise no c does, because where it ended
# the gradient of the loss is 0 everywhere, or is none: NaN or infinite. "none":
# there was nothing to solve. "walked": a walk from that example led to a nearer
# one, which solves for no c.
CONVERGED = ("gtol", "ftol")
SETTLED, FLAT, NO_GRADIENT = "settled", "flat", "no_gradient"
WALKED = "walked"
STOPS = (
    "none",
    *CONVERGED,
    "max_iterations",
    "line_search",
    SETTLED,
    FLAT,
    NO_GRADIENT,
    WALKED,
)

# The search for c ends below it, and above its inverse.
SMALLEST_C = 1e-10


@dataclasses.dataclass(frozen=True)
class Problem:
    """Images, the classes they are to be taken for, and when to stop.

    Attributes:
        positions: Images in units of the pixel range, float32, (n, height,
            width, channels).
        targets: Classes, int64, (n,); none of them is what the model says.
        norm: One of `penalty.PENALTIES`.
        c_start: The first c of each image, float64, (n,).
        reach: |r|^2 of an example that is known of each image, float64, (n,);
            infinity where there is none. What cannot be nearer is given up.
        c_rtol: See `LBFGS`, as for all that follow.
        max_iterations: Likewise.
        ftol: Likewise.
        gtol: Likewise.
        memory: Likewise.
        batch_size: Images worked on together.
    """

    positions: np.ndarray
    targets: np.ndarray
    norm: str
    c_start: np.ndarray
    reach: np.ndarray
    c_rtol: float
    max_iterations: int
    ftol: float
    gtol: float
    memory: int
    batch_size: int


@dataclasses.dataclass(frozen=True)
class Solution:
    """What was found, one row an image.

    Attributes:
        positions: As those of the problem.
        c: The weight whose solution this is, (n,); NaN where no c led to the
            target.
        c_bracket: The largest c that succeeded and the smallest that did not,
            (n, 2).
        gradient_evaluations: Gradients used, (n,).
        stop: How the solve that gave it ended, one of `STOPS`, (n,).
    """

    positions: np.ndarray
    c: np.ndarray
    c_bracket: np.ndarray
    gradient_evaluations: np.ndarray
    stop: np.ndarray

    @classmethod
    def empty(cls, images: np.ndarray) -> "Solution":
        """Returns the solution of a problem without anything to do."""
        n = len(images)
        return cls(
            positions=images.copy(),
            c=np.full(n, np.inf),
            c_bracket=np.full((n, 2), np.inf),
            gradient_evaluations=np.zeros(n, np.int64),
            stop=np.full(n, STOPS[0], dtype="<U16"),
        )

    def put(self, rows: np.ndarray, part: "Solution") -> None:
        """Writes the solution of some images into their rows."""
        for field in dataclasses.fields(self):
            getattr(self, field.name)[rows] = getattr(part, field.name)

    def of(self, rows: np.ndarray) -> "Solution":
        """Returns the solution of some images."""
        fields = dataclasses.fields(self)
        return Solution(*(getattr(self, field.name)[rows] for field in fields))
