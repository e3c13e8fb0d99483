"""Run: an output folder that remembers what is done and says how."""

import hashlib
import json
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from advkeras import files
from advkeras import tables
from advkeras import work
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.evaluation.attack_job import AttackJob
from advkeras.progress import bar as progress_bar
from advkeras.report import saved


class Run:
    """An output folder.

    A run that was interrupted goes on where it was when it is opened again
    with the same settings: what `attack` has finished is read back.

    Args:
        output: The folder; made if it is not there.
        settings: All that the results depend on, as JSON values.
        progress: Whether to show progress bars.
        engine: Where its work is done; None for this process.

    Attributes:
        answers: Name of a set of images -> who -> what it said of each, as
            `ak.evaluation.answers_of` has it; `finish` writes answers.json.
        engine: As given; another may be set.
        plan: The units of its work.

    Raises:
        ValueError: The folder holds a run with other settings, or one that
            another process is at work on, or cannot be written.
    """

    def __init__(
        self,
        output: str | os.PathLike,
        settings: dict[str, Any],
        progress: bool = True,
        engine: work.Engine | None = None,
    ):
        self.output = Path(output)
        self.progress = progress
        self.settings = settings
        self.answers: dict[str, dict[str, Any]] = {}
        self._lock = files.claim(self.output, settings)
        self.engine = engine or work.engine()
        self.plan = work.Plan.begun(self.output)
        self._examples: dict[str, Any] = {}  # name -> what they were made by

    def attack(
        self,
        name: str,
        attack: Attack,
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: int = 0,
        targets: Any = None,
    ) -> AttackResult:
        """Attacks images, saving as it goes, or reads what was saved.

        Args:
            name: Name of the result: it becomes the folder `examples/NAME`,
                which `AttackResult.load` reads.
            attack: The attack.
            classifier: The model to fool.
            images: As for the attack; the same, in one order, at each call.
            labels: As for the attack.
            seed: As for the attack.
            targets: As for the attack.

        Raises:
            ValueError: What was saved is of other images, labels or targets,
                another attack, model or seed.
            FailedUnitsError: Some of it failed three times.
        """
        found = self.attack_all(
            {name: attack}, classifier, images, labels, seed, targets
        )
        return found[name]

    def attack_all(
        self,
        attacks: Mapping[str, Attack],
        classifier: Classifier,
        images: Any,
        labels: Any,
        seed: int = 0,
        targets: Any = None,
        examples: Sequence[int] = (),
        of: str = "",
    ) -> dict[str, AttackResult]:
        """Attacks images in several ways, on all workers of the engine.

        Args:
            attacks: Name -> attack.
            classifier: As for `attack`, and so on.
            images: Likewise.
            labels: Likewise.
            seed: Likewise.
            targets: Likewise.
            examples: For each attack, how many of the images, from the first;
                all, if this is empty.
            of: What follows a name in that of its folder, `examples/NAME`.

        Returns:
            Name -> result.

        Raises:
            ValueError: As `attack`.
            FailedUnitsError: Likewise.
        """
        job = AttackJob(
            self.plan,
            attacks,
            classifier,
            images,
            labels,
            seed,
            targets,
            examples,
            of,
        )
        for name, n in job.counts.items():
            self.note(
                f"{name}{of}", attacks[name], n, job.seed, targets is not None
            )
        what = "examples" if len(attacks) > 1 else next(iter(attacks), "")
        total = sum(job.counts.values())
        self.perform(what, job.units(), total, job.models)
        return job.results()

    def perform(
        self,
        what: str,
        units: Iterable[work.Unit],
        total: int,
        models: Mapping[str, Classifier],
    ) -> work.Performed:
        """Does units of work on the engine, with a progress bar.

        Args:
            what: What they are, for the bar.
            units: The units.
            total: How many images there are, in all units.
            models: Name -> model.

        Raises:
            ValueError: What a unit was given is wrong.
            FailedUnitsError: As of `work.perform`.
        """
        with progress_bar(
            total=total, desc=what, unit="image", disable=not self.progress
        ) as bar:
            return work.perform(
                units, models, self.engine, lambda u: bar.update(u.images)
            )

    def note(
        self,
        name: str,
        attack: Attack,
        n: int,
        seed: int,
        targeted: bool = False,
    ) -> None:
        """Notes by what a set of examples was made, for results.json.

        Args:
            name: Its name.
            attack: The attack.
            n: How many there are.
            seed: As for the attack.
            targeted: Whether it was told which classes to aim at.
        """
        self._examples[name] = {
            "n": n,
            "seed": seed,
            "targeted": targeted,
            "attack": saved.parameters(attack),
        }

    def once(
        self,
        name: str,
        make: Callable[[], Any],
        of: Mapping[str, Any] | None = None,
    ) -> Any:
        """Returns `make()`, JSON values, or what it returned before.

        Args:
            name: Name of the result: it becomes `parts/NAME.json`.
            make: Makes the result.
            of: What it depends on, as JSON values, such as fingerprints; None
                where the name says it.

        Raises:
            ValueError: What was returned before is of something else, or was
                changed since.
        """
        path = self.output / "parts" / f"{name}.json"
        of = _as_read(of or {})
        if not path.exists():
            value = _as_read(make())
            held = {"of": of, "value": value, "sha256": _sum(value)}
            files.write_json(path, held, indent=None)
        with files.reading("path", path, "a part of a run, as it wrote it"):
            held = files.read_json(path)
            there, value = held["of"], held["value"]
            if held["sha256"] != _sum(value):
                raise ValueError("changed since")
            changed = sorted(
                key
                for key in there.keys() | of.keys()
                if there.get(key) != of.get(key)
            )
        if changed:
            place = path.relative_to(self.output).as_posix()
            raise files.of_other(
                self.output, f"{place} is of other {', '.join(changed)}"
            )
        return value

    def finish(self, results: dict[str, Any], command: str) -> dict[str, Any]:
        """Writes results.json, answers.json and tables/.

        Args:
            results: What was measured, as JSON values.
            command: What a person would type to have it again.

        Returns:
            What results.json holds.
        """
        # What draws the tables takes a run.
        from advkeras.report.laid_out import results_tables

        written = saved.save(
            self.output / "results.json",
            {
                "command": command,
                "settings": self.settings,
                "examples": self._examples,
                **results,
            },
        )
        if self.answers:
            path = self.output / "answers.json"
            files.write_json(path, self.answers, indent=None)
        tables.write(results_tables(written), self.output / "tables")
        return written


def _as_read(value: Any) -> Any:
    """Returns JSON values as a file has them: tuples are lists there."""
    return json.loads(json.dumps(value))


def _sum(value: Any) -> str:
    """Returns the SHA-256 of JSON values, in hex."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
