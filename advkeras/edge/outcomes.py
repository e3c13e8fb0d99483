"""Outcomes: what targets make of the sets of images that they are shown."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from advkeras.edge.alike import Alike
from advkeras.edge.parting import Parting
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from advkeras.evaluation import fields_from_json
from advkeras.evaluation import fields_to_json
from advkeras.tables import LaidOut
from advkeras.tables import Table
from advkeras.tables import rate


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a target makes of one set of images.

    No answer (`checks.NO_ANSWER`) is neither right nor wrong.

    Attributes:
        attack: Name of the attack that made the images; None: they are clean.
        pixels: "float" as found, "uint8" rounded, "camera" changed as well.
        overshoot: What the perturbation was multiplied by; None: clean.
        accuracy: Of all images, those that the target reads rightly: its
            clean accuracy, or its adversarial accuracy.
        agreement: Of all images, those that the target and the source read
            alike; None if the source is not known.
        survival: Of the images that fool the source at overshoot 1, read
            rightly before and wrongly after, those that the target reads
            wrongly; None for clean ones.
        only_target_wrong: Of all images, those that the target reads wrongly
            and the source rightly; None if the source is not known.
    """

    attack: str | None
    pixels: str
    overshoot: float | None
    accuracy: Rate
    agreement: Rate | None
    survival: Rate | None
    only_target_wrong: Rate | None

    @classmethod
    def of(
        cls,
        shown: tuple[str | None, str, float | None],
        predicted: np.ndarray,
        labels: np.ndarray,
        source_labels: np.ndarray | None,
        fooled: np.ndarray | None,
    ) -> "Outcome":
        """Judges what a target predicted of one set of images.

        Args:
            shown: Attack, pixels and overshoot of the set.
            predicted: What the target says, int64, (n,).
            labels: True labels, int64, (n,).
            source_labels: What the source says, int64, (n,); None if that is
                not known.
            fooled: Which images fool the source at overshoot 1, bool, (n,);
                None: they are clean.
        """
        masks = run_on_device.judge(predicted, labels, source_labels, fooled)
        rates: dict[str, Any] = {
            name: None if mask is None else Rate.of(mask)
            for name, mask in masks.items()
        }
        attack, pixels, overshoot = shown
        return cls(attack, pixels, overshoot, **rates)

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return fields_to_json(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Outcome":
        """Reads what `to_json` returned."""
        return cls(**fields_from_json(values))


@dataclasses.dataclass(frozen=True)
class Row:
    """One target: a variant, executed by a runtime.

    Attributes:
        variant: Name of the .tflite file, or "source": the float model.
        runtime: What executed it.
        version: Package and version of the runtime, or the device.
        threads: Threads of the runtime.
        bytes: Size of the file; None of the source.
        latency: Milliseconds an image, one at a time, warm: "median", "p90"
            and "n"; None where it was not taken.
        outcomes: One for each set of images shown.
    """

    variant: str
    runtime: str
    version: str
    threads: int
    bytes: int | None
    latency: dict[str, float] | None
    outcomes: tuple[Outcome, ...]

    def find(
        self,
        attack: str | None = None,
        pixels: str = "float",
        overshoot: float | None = None,
    ) -> Outcome | None:
        """Returns the outcome of one set; None if it was not shown it.

        Args:
            attack: Name of the attack; None for the clean images.
            pixels: "float", "uint8" or "camera".
            overshoot: Factor of the perturbation; None for 1.
        """
        if attack is not None and overshoot is None:
            overshoot = 1.0
        wanted = (attack, pixels, overshoot)
        for outcome in self.outcomes:
            if (outcome.attack, outcome.pixels, outcome.overshoot) == wanted:
                return outcome
        return None

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        own = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**own, "outcomes": [o.to_json() for o in self.outcomes]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Row":
        """Reads what `to_json` returned."""
        outcomes = tuple(map(Outcome.from_json, values["outcomes"]))
        return cls(**{**values, "outcomes": outcomes})


@dataclasses.dataclass(frozen=True)
class Survival(LaidOut):
    """What every target made of every set of images.

    Attributes:
        attacks: Name -> "n" images, of which "fooled" fool the source.
        overshoots: Factors of the perturbation.
        camera: Camera steps.
        rows: One for each target that ran; the source first, if it is known.
        skipped: "variant", "runtime" and "reason" of those that did not.
        alike: For each variant that several runtimes ran, attack and kind of
            pixels: which answers these have in common. At overshoot 1, or the
            first, if that is none of them.
        partings: Of each two runtimes of an integer variant whose outputs
            differ there, the operator where they part; of runtimes of this
            machine, for a device says nothing but its answers.
        answers: Name of the attack, or "clean" -> "VARIANT on RUNTIME" ->
            what `ak.evaluation.answers_of` returned of these images, rounded
            to uint8, at that overshoot. Not in `to_json`, and empty where read
            from there.
    """

    attacks: dict[str, dict[str, int]]
    overshoots: tuple[float, ...]
    camera: tuple[str, ...]
    rows: tuple[Row, ...]
    skipped: tuple[dict[str, str], ...]
    alike: tuple[Alike, ...] = ()
    partings: tuple[Parting, ...] = ()
    answers: Mapping[str, Any] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )

    def __repr__(self) -> str:
        fooled = ", ".join(
            f"{name} fools on {of['fooled']} of {of['n']}"
            for name, of in self.attacks.items()
        )
        return (
            f"Survival({fooled}; {len(self.rows)} targets ran, "
            f"{len(self.skipped)} did not)"
        )

    def tables(self) -> list[Table]:
        """Returns what survives on each target, as a table an attack.

        At overshoot 1, or the first; `ak.report.survival_tables` has more.
        """
        base = 1.0 if 1.0 in self.overshoots else self.overshoots[0]

        def cells(row: Row, attack: str) -> tuple[str, ...]:
            clean = row.find()
            found = [row.find(attack, kind, base) for kind in self.pixels]
            return (
                rate(None if clean is None else clean.accuracy),
                *(rate(one and one.survival) for one in found),
            )

        return [
            Table(
                f"{attack}: accuracy on {of['n']} clean images, and survival "
                f"of the {of['fooled']} that fool the float model, in % (95 % "
                "interval)",
                (
                    "variant",
                    "runtime",
                    "accuracy",
                    *(f"survival ({kind})" for kind in self.pixels),
                ),
                tuple(
                    (row.variant, row.runtime, *cells(row, attack))
                    for row in self.rows
                ),
                name=f"survival-{attack}",
            )
            for attack, of in self.attacks.items()
        ]

    def find(self, variant: str, runtime: str) -> Row:
        """Returns the row of a target.

        Raises:
            ValueError: There is none.
        """
        for row in self.rows:
            if (row.variant, row.runtime) == (variant, runtime):
                return row
        there = ", ".join(f"{r.variant} on {r.runtime}" for r in self.rows)
        raise ValueError(
            f"`variant` and `runtime` must be one of: {there}. "
            f"Received: variant={variant!r}, runtime={runtime!r}"
        )

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "attacks": self.attacks,
            "overshoots": list(self.overshoots),
            "camera": list(self.camera),
            "rows": [row.to_json() for row in self.rows],
            "skipped": list(self.skipped),
            "alike": [one.to_json() for one in self.alike],
            "partings": [one.to_json() for one in self.partings],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Survival":
        """Reads what `to_json` returned."""
        return cls(
            attacks=values["attacks"],
            overshoots=tuple(values["overshoots"]),
            camera=tuple(values["camera"]),
            rows=tuple(map(Row.from_json, values["rows"])),
            skipped=tuple(values["skipped"]),
            alike=tuple(map(Alike.from_json, values.get("alike", ()))),
            partings=tuple(map(Parting.from_json, values.get("partings", ()))),
        )

    @property
    def pixels(self) -> tuple[str, ...]:
        """Kinds of pixels that the targets were shown."""
        return ("float", "uint8", *["camera"] * bool(self.camera))
