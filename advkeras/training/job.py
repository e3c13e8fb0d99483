"""From a network's name to a model file with its card."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advkeras import checks
from advkeras import files
from advkeras import locks
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.datasets import check_set
from advkeras.models import cards
from advkeras.training.plain import train
from advkeras.training.recipes import Recipe


def train_to_file(
    path: str | os.PathLike,
    name: str,
    train_set: ImageSet,
    test_set: ImageSet,
    recipe: Recipe,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    command: str = "",
    progress: bool = False,
) -> dict[str, Any]:
    """Builds and trains a network, and writes it with its card.

    Called again after an interruption, it goes on from there; called again
    when all is done, it only reads the card.

    Args:
        path: Where to write, ending in ".keras".
        name: Registered name of the network.
        train_set: What to train on.
        test_set: What to test on.
        recipe: How to train.
        seed: Seed of the weights and the order of the images.
        options: For the network's builder, as JSON values.
        command: For the card: what a person would type.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The card: architecture, data, split, seed, recipe, command, train and
        test error (shares, 0 to 1), versions, sha256.

    Raises:
        ValueError: An argument is wrong, or `path` holds another model, or
            one of other images.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(
            f"`output` must end in .keras. Received: output={str(path)!r}"
        )
    checks.check_seed("seed", seed)
    check_set("train_set", train_set)
    check_set("test_set", test_set)
    wanted = {
        "network": name,
        "dataset": train_set.name,
        "split": train_set.split,
        "test_split": test_set.split,
        "seed": seed,
        "recipe": dataclasses.asdict(recipe),
        "options": dict(options or {}),
    }
    wanted = json.loads(json.dumps(wanted))  # tuples are lists in a file
    prints = {
        "train_fingerprint": train_set.fingerprint,
        "test_fingerprint": test_set.fingerprint,
    }
    backup = path.with_suffix(".backup")
    if path.exists():
        card = models.read_card(path)
        there = {"options": {}, **card}  # older cards do not say
        # What the data are called does not say that they are still the same.
        wanted |= {key: value for key, value in prints.items() if key in there}
        files.check_same(path, {key: there.get(key) for key in wanted}, wanted)
        _tidy(path, backup, {**wanted, **prints})
        return card
    model = models.build(name, seed=seed, **(options or {}))
    classifier = Classifier(model, bounds=train_set.bounds)
    for data in (train_set, test_set):
        classifier.check_fits(data)

    lock = files.claim(backup, {**wanted, **prints})
    train(
        model,
        train_set.images,
        train_set.labels,
        recipe,
        seed=seed,
        bounds=train_set.bounds,
        backup_dir=backup,
        progress=progress,
    )
    errors = {
        key: float((classifier.predict(data.images) != data.labels).mean())
        for key, data in (("train_error", train_set), ("test_error", test_set))
    }
    card = models.save_with_card(
        model,
        path,
        {
            **wanted,
            "bounds": list(train_set.bounds),
            "class_names": list(train_set.class_names),
            "train_images": len(train_set),
            "test_images": len(test_set),
            **prints,
            **errors,
            "command": command,
        },
    )
    lock.release()
    with contextlib.suppress(OSError):
        files.discard(backup)
    return card


def _tidy(path: Path, backup: Path, settings: dict[str, Any]) -> None:
    """Removes what a process left that was killed with the model written."""
    for written in (path, cards.card_path(path), backup):
        files.clear_beside(written)
    claimed = backup / "settings.json"
    if claimed.is_file() and locks.is_free(backup):
        # Anything else of this name is not ours to remove.
        with contextlib.suppress(OSError, ValueError):
            if files.read_json(claimed) == settings:
                files.discard(backup)
