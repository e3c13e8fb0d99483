"""The papers' tables and figures, measured on our models beside published."""

from collections.abc import Sequence

from advkeras.studies import goodfellow
from advkeras.studies import szegedy
from advkeras.studies.context import SCALES
from advkeras.studies.context import Context
from advkeras.studies.findings import Findings
from advkeras.studies.study import Study

_STUDIES = {
    study.name: study for study in (*szegedy.STUDIES, *goodfellow.STUDIES)
}


def names() -> tuple[str, ...]:
    """Returns the names of all studies, in the order of the papers."""
    return tuple(_STUDIES)


def find(wanted: Sequence[str]) -> list[Study]:
    """Returns studies by name, or all of a paper.

    Args:
        wanted: Names such as "szegedy.table4", or "szegedy" for every study
            of that paper.

    Returns:
        The studies, each once.

    Raises:
        ValueError: There is no such study or paper, or none is named.
    """
    found: dict[str, Study] = {}
    for name in wanted:
        chosen = {
            key: study
            for key, study in _STUDIES.items()
            if name in (key, key.split(".")[0])
        }
        if not chosen:
            papers = dict.fromkeys(key.split(".")[0] for key in _STUDIES)
            raise ValueError(
                "`study` must name studies, or a paper for all of its own: "
                f"{', '.join((*papers, *_STUDIES))}. Received: study={name!r}"
            )
        found |= chosen
    if not found:
        raise ValueError("`study` must name a study. Received: study=''")
    return list(found.values())


__all__ = [
    "SCALES",
    "Context",
    "Findings",
    "Study",
    "find",
    "goodfellow",
    "names",
    "szegedy",
]
