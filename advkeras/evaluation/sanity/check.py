"""Check: one thing that has to hold, as data; Checks: all that were made."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Check:
    """One sanity check.

    Attributes:
        name: What has to hold, in a few words.
        holds: Whether it does; None where it could not be found out.
        found: What was measured, in words; or why it could not be.
        advice: What to do where it does not hold.
        source: Who asks for it.
    """

    name: str
    holds: bool | None
    found: str
    advice: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Checks:
    """All checks of one model.

    Attributes:
        model: The model's name.
        n: Images that they were made with.
        checks: One after the other.
    """

    model: str
    n: int
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """Those that do not hold."""
        return tuple(c for c in self.checks if c.holds is False)

    @property
    def open(self) -> tuple[Check, ...]:
        """Those that could not be made."""
        return tuple(c for c in self.checks if c.holds is None)

    @property
    def hold(self) -> bool:
        """Whether all do that could be made."""
        return not self.failed

    def in_words(self) -> list[str]:
        """Says what the checks come to, and what to do: a line each."""
        made = len(self.checks) - len(self.open)
        if self.hold:
            lines = [
                f"{self.model}: no sign of masked gradients: all {made} checks "
                f"hold on {self.n} images."
            ]
        else:
            lines = [
                f"{self.model}: do not trust these figures: "
                f"{len(self.failed)} of {made} checks do not hold on {self.n} "
                "images."
            ]
        lines += [
            f"{self.model}: {check.name}: no. {check.found} {check.advice}"
            for check in self.failed
        ]
        lines += [
            f"{self.model}: {check.name}: not established. {check.found}"
            for check in self.open
        ]
        return lines

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "model": self.model,
            "n": self.n,
            "hold": self.hold,
            "checks": [check.to_json() for check in self.checks],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Checks":
        """Reads what `to_json` returned."""
        checks = tuple(Check(**check) for check in values["checks"])
        return cls(values["model"], values["n"], checks)
