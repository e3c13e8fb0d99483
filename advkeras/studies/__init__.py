"""The papers' tables, measured on our models beside what was printed."""

from collections.abc import Callable

from advkeras import checks
from advkeras.studies import szegedy
from advkeras.studies.comparison import Comparison

# What `--study` may name.
_STUDIES: dict[str, Callable[..., Comparison]] = {
    "szegedy.table_4": szegedy.table_4,
}


def names() -> tuple[str, ...]:
    """Returns all names that `find` knows, sorted."""
    return tuple(sorted(_STUDIES))


def find(name: str) -> Callable[..., Comparison]:
    """Returns a study, a function of `data_dir` and `seed`.

    Raises:
        ValueError: No study has this name.
    """
    checks.check_choice("study", name, names())
    return _STUDIES[name]


__all__ = ["Comparison", "find", "names", "szegedy"]
