"""Unit: a piece of work with one file as its result."""

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advkeras import files


@dataclasses.dataclass(frozen=True, eq=False)
class Unit:
    """A pure function of a model and what it is given.

    Whoever does it, and however often, its file is the same; it is there or
    it is not, and then the unit is done.

    Attributes:
        path: The file, in a folder that belongs to one set of settings.
        model: Name of the model that it needs.
        make: Called with (model, a path to write, *given); a function of a
            module, which a worker can import.
        given: What it works on; can be pickled.
        images: How many images that is, for a progress bar.
    """

    path: Path
    model: str
    make: Callable[..., None] = dataclasses.field(repr=False)
    given: tuple[Any, ...] = dataclasses.field(default=(), repr=False)
    images: int = dataclasses.field(default=1, repr=False)


# Those that this worker has loaded, by how they were sent.
_loaded: dict[bytes, Any] = {}


def do(unit: Unit, model: Any) -> int:
    """Does a unit, unless its file is there.

    Args:
        unit: The unit.
        model: What it needs, or that pickled.

    Returns:
        How many models had to be loaded for it.
    """
    if unit.path.exists():
        return 0
    loads = 0
    if isinstance(model, bytes):
        if model not in _loaded:
            _loaded[model] = pickle.loads(model)
            loads = 1
        model = _loaded[model]
    with files.replacing(unit.path) as temporary:
        unit.make(model, temporary, *unit.given)
    return loads
