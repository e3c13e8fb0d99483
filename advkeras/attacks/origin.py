"""Origin: whether a result is of these images, this attack and this model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from advkeras.attacks.result import AttackResult
from advkeras.classifier import Classifier


def differences(
    result: AttackResult,
    *,
    images: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    targets: np.ndarray | None = None,
    attack: Any = None,
    classifier: Any = None,
    seed: int | None = None,
) -> list[str]:
    """Lists what a result is of that is other than what is asked for.

    What is None is not compared, nor is what the result does not know.

    Args:
        result: What an attack found.
        images: The images that should have been attacked, (n, height, width,
            channels), before a quantised model rounds them.
        labels: Their labels, (n,), or one-hot.
        targets: The classes to aim at, as `labels`; None for the attack's
            own, or none.
        attack: The attack that should have made it.
        classifier: The model that should have been attacked.
        seed: Seed of the attack.

    Returns:
        Of "other images", "other labels" and the like, those that hold.
    """
    found = []
    if images is not None and not same_images(result, images, classifier):
        found.append("other images")
    if labels is not None and not _same_classes(result.labels, labels):
        found.append("other labels")
    if targets is not None and not _same_classes(result.targets, targets):
        found.append("other targets")
    untargeted = targets is None and getattr(attack, "targets", None) is None
    if attack is not None and untargeted and result.targets is not None:
        found.append("targets, where the attack has none")
    if attack is not None and differ(result.attack, described(attack)):
        found.append(f"another attack, {result.attack}")
    if isinstance(classifier, Classifier):
        if result.bounds != classifier.bounds:
            found.append(f"other bounds, {result.bounds}")
        elif differ(result.model, classifier.fingerprint()):
            found.append("another model, or one of other weights")
    if seed is not None and differ(result.seed, int(seed)):
        found.append(f"another seed, {result.seed}")
    return found


def described(attack: Any) -> str:
    """Returns what results say of the attack that made them."""
    return str(getattr(attack, "described", attack.__repr__)())


def same_images(
    result: AttackResult, images: np.ndarray, classifier: Any = None
) -> bool:
    """Returns whether these are the images that were attacked.

    Args:
        result: What an attack found.
        images: (n, height, width, channels).
        classifier: The model attacked, which may have rounded them.
    """
    images = np.asarray(images, np.float32)
    levels = getattr(classifier, "levels", None)
    if levels is not None:
        images = levels.nearest(images).numpy()
    return np.array_equal(result.originals, images)


def _same_classes(held: np.ndarray | None, wanted: Any) -> bool:
    wanted = np.asarray(wanted)
    if wanted.ndim == 2:  # one-hot
        wanted = wanted.argmax(axis=1)
    return held is not None and np.array_equal(held, wanted)


def differ(one: Any, other: Any) -> bool:
    """Returns whether two are known, and not the same."""
    return one is not None and other is not None and one != other


def check_origin(name: str, which: str, found: list[str]) -> None:
    """Raises ValueError if there are differences.

    Args:
        name: Name of the argument.
        which: Which of its results they are of.
        found: As `differences` lists them.
    """
    if found:
        raise ValueError(
            f"`{name}` must be of the images, labels, attack and model that "
            f"they are used for. Received: {which} of {'; of '.join(found)}"
        )


def check_one_model(name: str, results: Mapping[str, AttackResult]) -> None:
    """Raises ValueError unless results are of one model, as far as is known.

    Args:
        name: Name of the argument.
        results: Name -> result.
    """
    first = next(iter(results.values()))
    models = {key: r.model for key, r in results.items() if r.model is not None}
    for key, result in results.items():
        found = []
        if result.bounds != first.bounds:
            found.append("other bounds than the first")
        if key in models and models[key] != next(iter(models.values())):
            found.append("another model than the first")
        check_origin(name, f"{name}[{key!r}]", found)
