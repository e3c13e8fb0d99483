"""SciPy's L-BFGS without bounds, whose state can be kept and gone on from.

`scipy.optimize.minimize` begins anew wherever it is begun: without the
curvature that it had learnt it goes another way. Its compiled step, though,
keeps all that it knows in arrays of the caller's. Here is a loop around that
step, which takes the way that `minimize` takes, bit by bit.
"""

import functools
import importlib
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

import numpy as np
import scipy.optimize

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]
State = Mapping[str, np.ndarray]
# Takes the place, the value there, and the state if there is one.
After = Callable[[np.ndarray, float, State | None], None]

# What the compiled step says in `task` is next.
_NEW_POINT, _WANTS_GRADIENT = 1, 3
_LINE_SEARCH = 20  # steps, SciPy's default
_EVALUATIONS = 20  # an iteration, at most, on the whole


class Limits(NamedTuple):
    """When to stop, and how much to remember; SciPy's names and meanings."""

    iterations: int
    memory: int
    ftol: float
    gtol: float


def minimise(
    objective: Objective,
    start: np.ndarray,
    limits: Limits,
    after: After,
    state: State | None = None,
) -> tuple[np.ndarray, float]:
    """Minimises a function of many numbers.

    Args:
        objective: Returns the value and its gradient, float64.
        start: Where to begin, float64, (n,).
        limits: When to stop; the iterations are those from here on.
        after: Called after each iteration. The state's arrays change as it
            goes on; it is None where this SciPy has none to give.
        state: What `after` was given: go on from there, not from `start`.

    Returns:
        The place and the value at the end.

    Raises:
        ValueError: The state is of another problem, or this SciPy cannot go
            on from one.
    """
    if has_state():
        return _by_steps(objective, start, limits, after, state)
    if state is not None:
        raise ValueError(
            "`state` must be None: the SciPy that is installed cannot go on "
            f"from one. Received: a state of {len(state['x'])} weights"
        )
    return _by_scipy(objective, start, limits, after)


@functools.cache
def has_state() -> bool:
    """Returns whether this SciPy's compiled step is the one that is known.

    It is no part of what SciPy promises. So it is tried, beside `minimize`,
    on a small function.
    """

    def hills(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.cosh(x * [1, 3]).sum()), np.sinh(x * [1, 3]) * [1, 3]

    start, limits = np.array([2.0, -1.0]), Limits(8, 2, 1e-9, 1e-7)
    ways: dict[Any, list[np.ndarray]] = {_by_steps: [], _by_scipy: []}
    try:
        for solve, way in ways.items():
            solve(
                hills,
                start,
                limits,
                lambda x, *_, way=way: way.append(x.copy()),
            )
    except (ImportError, AttributeError, TypeError, ValueError):
        return False
    ours, expected = (np.array(way) for way in ways.values())
    return np.array_equal(ours, expected)


def _by_steps(
    objective: Objective,
    start: np.ndarray,
    limits: Limits,
    after: After,
    state: State | None = None,
) -> tuple[np.ndarray, float]:
    step = importlib.import_module("scipy.optimize._lbfgsb").setulb
    now = _begun(start, limits.memory)
    if state is not None:
        _check_alike(state, now)
        now = {name: np.array(state[name]) for name in now}
    n = len(start)
    no_bound, kind = np.zeros(n), np.zeros(n, np.int32)
    counts = now["counts"]  # iterations, evaluations
    last = int(counts[0]) + limits.iterations
    while True:
        step(
            limits.memory,
            now["x"],
            no_bound,
            no_bound,
            kind,
            float(now["f"]),
            now["g"],
            limits.ftol / np.finfo(float).eps,
            limits.gtol,
            now["wa"],
            now["iwa"],
            now["task"],
            now["lsave"],
            now["isave"],
            now["dsave"],
            _LINE_SEARCH,
            now["ln_task"],
        )
        if now["task"][0] == _WANTS_GRADIENT:
            value, gradient = objective(now["x"].copy())
            now["f"] = np.array(value, np.float64)
            now["g"] = np.array(gradient, np.float64)
            counts[1] += 1
        elif now["task"][0] == _NEW_POINT:
            counts[0] += 1
            after(now["x"], float(now["f"]), now)
            if counts[0] >= last or counts[1] > _EVALUATIONS * last:
                break
        else:
            break
    return now["x"], float(now["f"])


def _begun(start: np.ndarray, memory: int) -> dict[str, np.ndarray]:
    """Returns what the compiled step is to find at first, by its names."""
    n, m = len(start), memory
    return {
        "x": np.array(start, np.float64),
        "f": np.zeros(()),
        "g": np.zeros(n),
        "wa": np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m),
        "iwa": np.zeros(3 * n, np.int32),
        "task": np.zeros(2, np.int32),
        "lsave": np.zeros(4, np.int32),
        "isave": np.zeros(44, np.int32),
        "dsave": np.zeros(29),
        "ln_task": np.zeros(2, np.int32),
        "counts": np.zeros(2, np.int64),
    }


def _check_alike(state: State, begun: State) -> None:
    """Raises ValueError unless a state is of a problem that was so begun."""
    for name, array in begun.items():
        given = state.get(name)
        if given is None or given.shape != array.shape:
            raise ValueError(
                f"`state` must be of {len(begun['x'])} weights and of the same "
                f"`memory`: {name} of shape {array.shape}. Received: "
                + ("none" if given is None else f"shape {given.shape}")
            )


def _by_scipy(
    objective: Objective, start: np.ndarray, limits: Limits, after: After
) -> tuple[np.ndarray, float]:
    def callback(intermediate_result: Any) -> None:
        after(intermediate_result.x, float(intermediate_result.fun), None)

    found = scipy.optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={
            "maxiter": limits.iterations,
            "maxfun": _EVALUATIONS * limits.iterations,
            "maxcor": limits.memory,
            "ftol": limits.ftol,
            "gtol": limits.gtol,
        },
    )
    return found.x, float(found.fun)
