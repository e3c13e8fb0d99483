"""Row: what a campaign tried, and what failed of it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table in docs/reliability.md.

    Attributes:
        what: What was tried.
        tried: How often.
        failures: What failed, a sentence each: enough to do it again.
        found: What else was counted, in words.
    """

    what: str
    tried: int
    failures: tuple[str, ...] = ()
    found: str = ""
