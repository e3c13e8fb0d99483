"""A transfer matrix in units of work: a shard of images and a model each."""

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import packed
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import norms
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.datasets.shards import Shard
from advkeras.datasets.shards import Shards
from advkeras.evaluation.attack_job import MAX_GB
from advkeras.evaluation.attack_job import attack_unit
from advkeras.evaluation.attack_job import examples_folder
from advkeras.evaluation.shown import noise_levels
from advkeras.evaluation.shown import noisy_sets
from advkeras.evaluation.shown import shown_sets
from advkeras.evaluation.success import Outcome
from advkeras.evaluation.transfer import TransferMatrix
from advkeras.evaluation.transfer import matrix_of
from advkeras.work import Folder
from advkeras.work import Plan
from advkeras.work import Unit


class TransferJob:
    """The units of some transfer matrices, and what they come to.

    They are added to the plan at once, and done in this order, as far as each
    goes: what the attack finds of a shard on a model; what a model says of
    everybody's examples; what it says of noise, whose level is known by then.

    Args:
        plan: Of the run.
        models: Name -> Classifier, each source and target.
        attacks: Name -> attack.
        shards: The images.
        amplified: As for `transfer_matrix`.
        seed: Seed of the attacks and the noise.

    Raises:
        ValueError: The plan has one of the folders, for something else.
    """

    def __init__(
        self,
        plan: Plan,
        models: Mapping[str, Classifier],
        attacks: Mapping[str, Attack],
        shards: Shards,
        amplified: float | None,
        seed: int,
    ):
        self._models, self._attacks, self._shards = models, attacks, shards
        self._amplified, self._seed = amplified, seed
        self._plan = plan
        folders: dict[str, Folder] = {}
        prints = {name: one.fingerprint() for name, one in models.items()}
        for attack, one in attacks.items():
            for model, classifier in models.items():
                made = examples_folder(one, classifier, shards, seed)
                asked = {**made.of, "amplified": amplified, "models": prints}
                of_answers = Folder(made.images, made.shard, asked)
                folders[f"examples/{attack}-{model}"] = made
                folders[f"answers/{attack}/{model}"] = of_answers
                folders[f"answers/{attack}-noise/{model}"] = of_answers
        plan.add(folders)

    def examples(self, attack: str, model: str) -> list[Path]:
        """Returns the files of examples, from the first image."""
        return self._plan.paths(f"examples/{attack}-{model}")

    def attack_units(self, attack: str) -> Iterator[Unit]:
        """Yields the units that attack."""
        folders = {name: f"examples/{attack}-{name}" for name in self._models}
        for shard, model, path in self._open(folders):
            yield attack_unit(
                path, model, self._attacks[attack], shard, self._seed
            )

    def answer_units(self, attack: str) -> Iterator[Unit]:
        """Yields the units that ask of examples, which are there."""
        folders = {name: f"answers/{attack}/{name}" for name in self._models}
        for shard, model, path in self._open(folders):
            files = {
                name: self._plan.path(f"examples/{attack}-{name}", shard.start)
                for name in self._models
            }
            of = (self._attacks[attack], self._seed)
            given = (model, files, of, shard, self._amplified)
            yield Unit(path, model, _ask, given, len(shard.images))

    def noise_units(self, attack: str) -> Iterator[Unit]:
        """Yields the units that ask of noise, when the others are done."""
        outcomes = _outcomes(self._answers(attack))
        levels = noise_levels(outcomes.values(), self._amplified)
        folders = {
            name: f"answers/{attack}-noise/{name}" for name in self._models
        }
        for shard, model, path in self._open(folders):
            given = (levels, shard, self._seed)
            yield Unit(path, model, _ask_of_noise, given, len(shard.images))

    def matrix(self, attack: str) -> TransferMatrix:
        """Returns what came of it, when all is done."""
        answers, noise = self._answers(attack), self._answers(f"{attack}-noise")
        outcomes = _outcomes(answers)
        said: dict[str, dict[str, np.ndarray]] = {m: {} for m in self._models}
        distortions: dict[str, np.ndarray] = {}
        for model in self._models:
            for found in (answers[model], noise[model]):
                sets = zip(found["sets"], found["said"].T, strict=True)
                said[model].update({str(key): row for key, row in sets})
                far = zip(found["own"], found["distortions"].T, strict=True)
                distortions |= {str(key): row for key, row in far}
        return matrix_of(
            repr(self._attacks[attack]),
            said,
            outcomes,
            distortions,
            self._amplified,
            noise_levels(outcomes.values(), self._amplified),
        )

    def _open(
        self, folders: Mapping[str, str]
    ) -> Iterator[tuple[Shard, str, Path]]:
        """Yields shards for each model; none are read where all is done."""
        if all(
            p.exists() for f in folders.values() for p in self._plan.paths(f)
        ):
            return
        for shard in self._shards:
            for model, folder in folders.items():
                yield shard, model, self._plan.path(folder, shard.start)

    def _answers(self, kind: str) -> dict[str, dict[str, np.ndarray]]:
        """Returns the arrays of what each model said."""
        return {m: self._read(f"answers/{kind}/{m}") for m in self._models}

    def _read(self, folder: str) -> dict[str, np.ndarray]:
        """Returns the arrays of a folder, with one row an image."""
        parts = []
        for path in self._plan.paths(folder):
            with np.load(path) as held:
                parts.append(dict(held))
        names = ("sets", "own")  # what is said once of all images
        return {
            key: parts[0][key]
            if key in names
            else np.concatenate([part[key] for part in parts])
            for key in parts[0]
        }


def _outcomes(
    answers: Mapping[str, Mapping[str, np.ndarray]],
) -> dict[str, Outcome]:
    names = [field.name for field in dataclasses.fields(Outcome)]
    return {
        model: Outcome(**{name: found[name] for name in names})
        for model, found in answers.items()
    }


def _ask(
    classifier: Classifier,
    path: Path,
    name: str,
    files: Mapping[str, Path],
    of: tuple[Attack, int],
    shard: Shard,
    amplified: float | None,
) -> None:
    """Writes what a model says of everybody's examples, and of its own more."""
    found = {
        who: AttackResult.load(file, MAX_GB) for who, file in files.items()
    }
    for who, result in found.items():
        origin.check_origin(
            "output",
            files[who].as_posix(),
            origin.differences(
                result, labels=shard.labels, attack=of[0], seed=of[1]
            ),
        )
    examples = {who: result.images for who, result in found.items()}
    own = {f"attack {name}", f"amplified {name}"}
    outcome = Outcome.of(found[name])
    _write(
        classifier,
        path,
        shown_sets(shard.images, examples, classifier.bounds, amplified),
        shard,
        own,
        {f.name: getattr(outcome, f.name) for f in dataclasses.fields(outcome)},
    )


def _ask_of_noise(
    classifier: Classifier,
    path: Path,
    levels: tuple[float, ...],
    shard: Shard,
    seed: int,
) -> None:
    """Writes what a model says of noise."""
    sets = noisy_sets(shard.images, levels, classifier.bounds, seed)
    own = {f"noise {level:g}" for level in levels}
    _write(classifier, path, sets, shard, own, {})


def _write(
    classifier: Classifier,
    path: Path,
    sets: Iterator[tuple[str, np.ndarray]],
    shard: Shard,
    own: set[str],
    more: Mapping[str, np.ndarray],
) -> None:
    """Writes what a model says of sets of images; of some, how far they lie."""
    labels, distortions = {}, {}
    for key, images in sets:
        labels[key] = classifier.predict(images, within_bounds=False)
        if key in own:
            changes = images - shard.images
            distortions[key] = norms.distortion(changes, classifier.bounds)
    arrays: dict[str, Any] = {
        "sets": np.array(list(labels)),
        "said": _columns(labels, len(shard.images), np.int64),
        "own": np.array(list(distortions), np.str_),
        "distortions": _columns(distortions, len(shard.images), np.float64),
        **more,
    }
    with path.open("wb") as file:
        packed.write(file, arrays)


def _columns(rows: Mapping[str, np.ndarray], n: int, dtype: Any) -> np.ndarray:
    """Returns arrays side by side, (n, of them)."""
    return np.array(list(rows.values()), dtype).reshape(len(rows), n).T
