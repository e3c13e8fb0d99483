"""Run: an output folder that remembers what is done and says how."""

import glob
import hashlib
import json
import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advkeras import checks
from advkeras import datasets
from advkeras import files
from advkeras import tables
from advkeras import work
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.progress import bar as progress_bar
from advkeras.report import saved

_CHUNK = 256  # images attacked between two saves
_MAX_GB = 1024.0  # of results that a run wrote itself


class Run:
    """An output folder.

    A run that was interrupted goes on where it was when it is opened again
    with the same settings: what `attack` has finished is read back.

    Args:
        output: The folder; made if it is not there.
        settings: All that the results depend on, as JSON values.
        progress: Whether to show progress bars.

    Attributes:
        answers: Name of a set of images -> who -> what it said of each, as
            `ak.evaluation.answers_of` has it; `finish` writes answers.json.

    Raises:
        ValueError: The folder holds a run with other settings, or one that
            another process is at work on, or cannot be written.
    """

    def __init__(
        self,
        output: str | os.PathLike,
        settings: dict[str, Any],
        progress: bool = True,
    ):
        self.output = Path(output)
        self.progress = progress
        self.settings = settings
        self.answers: dict[str, dict[str, Any]] = {}
        self._lock = files.claim(self.output, settings)
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
            name: Name of the result: it becomes `examples/NAME.npz`.
            attack: The attack.
            classifier: The model to fool.
            images: As for the attack; the same, in one order, at each call.
            labels: As for the attack.
            seed: As for the attack.
            targets: As for the attack.

        Raises:
            ValueError: What was saved is of other images, labels or targets,
                another attack, model or seed.
        """
        whole = self.output / "examples" / f"{name}.npz"
        if isinstance(images, datasets.ImageSet):
            classifier.check_fits(images)
        # The attack checks each part, before it works on it.
        images, labels = datasets.examples_of(images, labels, None, None)
        if targets is not None:
            targets = checks.check_rows("targets", targets, len(images))

        self.note(name, attack, len(images), seed, targets is not None)

        def read(path: Path, rows: slice) -> AttackResult:
            result = AttackResult.load(path, _MAX_GB)
            found = origin.differences(
                result,
                images=images[rows],
                labels=None if labels is None else labels[rows],
                targets=None if targets is None else targets[rows],
                attack=attack,
                classifier=classifier,
                seed=seed,
            )
            if found:
                raise self._stale(path, "; ".join(found))
            return result

        shards = whole.with_suffix("")
        if shards.is_dir():  # a transfer matrix has made them
            return read(shards, slice(None))
        if whole.exists():
            for part in whole.parent.glob(f"{glob.escape(name)}.part*.npz"):
                part.unlink()  # the run was killed before it could
            return read(whole, slice(None))
        parts, paths = [], []
        with progress_bar(
            total=len(images),
            desc=name,
            unit="image",
            disable=not self.progress,
        ) as bar:
            for start in range(0, len(images), _CHUNK):
                rows = slice(start, start + _CHUNK)
                path = whole.with_name(f"{name}.part{start}.npz")
                if not path.exists():
                    attack(
                        classifier,
                        images[rows],
                        None if labels is None else labels[rows],
                        targets=None if targets is None else targets[rows],
                        seed=seed,
                    ).save(path)
                paths.append(path)
                parts.append(read(path, rows))
                bar.update(len(parts[-1]))
        result = AttackResult.concatenate(parts)
        result.save(whole)
        for path in paths:
            path.unlink()
        return result

    def perform(
        self,
        what: str,
        units: Iterable[work.Unit],
        total: int,
        models: Mapping[str, Classifier],
        engine: work.Engine,
    ) -> work.Performed:
        """Does units of work, with a progress bar.

        Args:
            what: What they are, for the bar.
            units: The units.
            total: How many there are.
            models: Name -> model.
            engine: Where they are done.

        Raises:
            ValueError: What a unit was given is wrong.
            FailedUnitsError: As of `work.perform`.
        """
        with progress_bar(
            total=total, desc=what, unit="unit", disable=not self.progress
        ) as bar:
            return work.perform(units, models, engine, lambda _: bar.update())

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
            raise self._stale(path, f"other {', '.join(changed)}")
        return value

    def _stale(self, path: Path, of: str) -> ValueError:
        """Returns the error that says of what else a file here is."""
        return ValueError(
            "`output` must be new, or hold what the same settings made. "
            f"Received: output={str(self.output)!r} "
            f"({path.relative_to(self.output).as_posix()} is of {of})"
        )

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
