"""Run: an output folder that remembers what is done and says how."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tqdm

from advkeras import datasets
from advkeras import files
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.models import cards

_CHUNK = 256  # images attacked between two saves
_MAX_GB = 1024.0  # of results that a run wrote itself


class Run:
    """An output folder.

    A run that was interrupted goes on where it was when it is opened again
    with the same settings: what `attack` has finished is read back.

    Args:
        output: The folder; made if it is not there.
        settings: All that the results depend on, as JSON values.

    Raises:
        ValueError: The folder holds a run with other settings, or one that
            another process is at work on, or cannot be written.
    """

    def __init__(self, output: str | os.PathLike, settings: dict[str, Any]):
        self.output = Path(output)
        self.settings = settings
        self._lock = files.claim(self.output, settings)

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
        """
        whole = self.output / "examples" / f"{name}.npz"
        if whole.exists():
            return AttackResult.load(whole, _MAX_GB)
        if isinstance(images, datasets.ImageSet):
            classifier.check_fits(images)
        # The attack checks each part, before it works on it.
        images, labels = datasets.examples_of(images, labels, None, None)
        parts, paths = [], []
        with tqdm.tqdm(total=len(images), desc=name, unit="image") as bar:
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
                parts.append(AttackResult.load(path, _MAX_GB))
                bar.update(len(parts[-1]))
        result = AttackResult.concatenate(parts)
        result.save(whole)
        for path in paths:
            path.unlink()
        return result

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Returns `make()`, JSON values, or what it returned before.

        Args:
            name: Name of the result: it becomes `parts/NAME.json`.
            make: Makes the result.
        """
        path = self.output / "parts" / f"{name}.json"
        if not path.exists():
            files.write_json(path, make())
        return files.read_json(path)

    def finish(self, results: dict[str, Any], command: str) -> dict[str, Any]:
        """Writes results.json and returns what it holds.

        Args:
            results: What was measured, as JSON values.
            command: What a person would type to have it again.
        """
        written = {
            "command": command,
            "settings": self.settings,
            "versions": cards.versions(),
            **results,
        }
        files.write_json(self.output / "results.json", written)
        return written
