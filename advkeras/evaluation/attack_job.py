"""Attacks in units of work: a shard of images and a model each."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras import files
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.datasets.shards import Shard
from advkeras.datasets.shards import Shards
from advkeras.datasets.shards import of_arrays
from advkeras.datasets.shards import sum_of_labels
from advkeras.work import Folder
from advkeras.work import Plan
from advkeras.work import Unit

MAX_GB = 1024.0  # of results that a run wrote itself
_MODEL = "model"  # the one there is


class AttackJob:
    """The units of some attacks on one model, and what they come to.

    They are added to the plan at once, each attack as a folder in examples/.

    Args:
        plan: Of the run.
        attacks: Name -> attack.
        classifier: The model to fool.
        images: As for the attacks.
        labels: As for the attacks.
        seed: As for the attacks.
        targets: As for the attacks.
        examples: For each attack, how many of the images, from the first; all,
            if this is empty.
        of: What follows an attack's name in that of its folder.

    Attributes:
        models: Name -> model, for `work.perform`.
        counts: Name -> how many images that attack is given.
        seed: As given.

    Raises:
        ValueError: The plan has one of the folders, for something else; or
            the images, labels or targets do not fit each other or the model.
    """

    def __init__(
        self,
        plan: Plan,
        attacks: Mapping[str, Attack],
        classifier: Classifier,
        images: Any,
        labels: Any = None,
        seed: int = 0,
        targets: Any = None,
        examples: Sequence[int] = (),
        of: str = "",
    ):
        checks.check_seed("seed", seed)
        if isinstance(images, datasets.ImageSet):
            classifier.check_fits(images)
        # The attack checks each shard, before it works on it.
        images, labels = datasets.examples_of(images, labels, None, None)
        if targets is not None:
            targets = checks.check_rows("targets", targets, len(images))
        self._plan, self._attacks, self.seed = plan, attacks, int(seed)
        self._images, self._labels, self._targets = images, labels, targets
        counts = [min(n, len(images)) for n in examples]
        counts = counts or [len(images)] * len(attacks)
        self.counts = dict(zip(attacks, counts, strict=True))
        self.models = {_MODEL: classifier}
        self._shards = {
            n: of_arrays(images[:n], None if labels is None else labels[:n])
            for n in set(counts)
        }
        self._folders = {name: f"examples/{name}{of}" for name in attacks}
        folders = {}
        for name, n in self.counts.items():
            shards, seed = self._shards[n], self.seed
            folders[self._folders[name]] = examples_folder(
                attacks[name], classifier, shards, seed, self._rows(n)
            )
        plan.add(folders)

    def units(self) -> Iterator[Unit]:
        """Yields the units."""
        for name, attack in self._attacks.items():
            for shard in self._shards[self.counts[name]]:
                rows = slice(shard.start, shard.start + len(shard.images))
                yield attack_unit(
                    self._plan.path(self._folders[name], shard.start),
                    _MODEL,
                    attack,
                    shard,
                    self.seed,
                    self._rows(rows),
                )

    def results(self) -> dict[str, AttackResult]:
        """Returns what was found, by name, when all is done.

        Raises:
            ValueError: What is there is of something else.
        """
        return {name: self._read(name) for name in self._attacks}

    def _read(self, name: str) -> AttackResult:
        folder = self._folders[name]
        result = AttackResult.load(self._plan.output / folder, MAX_GB)
        n = self.counts[name]
        found = origin.differences(
            result,
            images=self._images[:n],
            labels=None if self._labels is None else self._labels[:n],
            targets=self._rows(n),
            attack=self._attacks[name],
            classifier=self.models[_MODEL],
            seed=self.seed,
        )
        if found:
            raise files.of_other(
                self._plan.output, f"{folder} is of {'; '.join(found)}"
            )
        return result

    def _rows(self, rows: slice | int) -> np.ndarray | None:
        """Returns some of the targets: a slice, or so many from the first."""
        rows = rows if isinstance(rows, slice) else slice(rows)
        return None if self._targets is None else self._targets[rows]


def examples_folder(
    attack: Attack,
    classifier: Classifier,
    shards: Shards,
    seed: int,
    targets: np.ndarray | None = None,
) -> Folder:
    """Returns what a plan says of a folder of examples.

    Args:
        attack: The attack.
        classifier: The model to fool.
        shards: The images.
        seed: Seed of the attack.
        targets: Classes to aim at, (n,); None for none.
    """
    known = isinstance(classifier, Classifier)
    return Folder(
        len(shards),
        shards.size,
        {
            "attack": origin.described(attack),
            "model": classifier.fingerprint() if known else None,
            "data": shards.fingerprint,
            "targets": None if targets is None else sum_of_labels(targets),
            "seed": seed,
        },
    )


def attack_unit(
    path: Path,
    model: str,
    attack: Attack,
    shard: Shard,
    seed: int,
    targets: np.ndarray | None = None,
) -> Unit:
    """Returns the unit that attacks a shard.

    Args:
        path: The file of its result.
        model: Name of the model.
        attack: The attack.
        shard: The images.
        seed: Seed of the attack.
        targets: Classes to aim at, of the shard; None for none.
    """
    given = (attack, shard, seed, targets)
    return Unit(path, model, _attack, given, len(shard.images))


def _attack(
    classifier: Classifier,
    path: Path,
    attack: Attack,
    shard: Shard,
    seed: int,
    targets: np.ndarray | None,
) -> None:
    """Writes what an attack finds of a shard."""
    attack(
        classifier, shard.images, shard.labels, targets=targets, seed=seed
    ).save(path)
