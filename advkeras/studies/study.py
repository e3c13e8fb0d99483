"""Study: a name, what it shows, and the function that measures it."""

import dataclasses
from collections.abc import Callable

from advkeras.studies.context import Context
from advkeras.studies.findings import Findings


@dataclasses.dataclass(frozen=True)
class Study:
    """One table or figure of a paper.

    Attributes:
        name: PAPER.WHAT, as `--study` names it.
        shows: One line for a list.
        measure: Trains or loads what it needs and measures; called again on
            the same run, goes on from what is there.
    """

    name: str
    shows: str
    measure: Callable[[Context], Findings]
