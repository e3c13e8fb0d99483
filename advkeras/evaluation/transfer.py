"""Do examples made for one model fool another?"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import check_result
from advkeras.attacks import fooled
from advkeras.attacks import norms
from advkeras.attacks import origin
from advkeras.classifier import Classifier
from advkeras.classifier import as_classifier
from advkeras.evaluation.perturbations import amplify
from advkeras.evaluation.perturbations import gaussian_noise
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.success import SuccessRates
from advkeras.evaluation.success import success_rates


@dataclasses.dataclass(frozen=True)
class Row:
    """One set of images, shown to every target.

    Attributes:
        name: What the images are, for people.
        kind: "attack", "amplified" or "noise".
        source: The model that the images were made for; None for noise.
        distortion: Mean distortion of the images.
        error: Of all images, those that each target misclassifies; the cells
            of Szegedy et al. 2013, tables 2 and 4.
        transfer: Of the images that fool the source, those that each target
            misclassifies; empty for noise, which has no source.
    """

    name: str
    kind: str
    source: str | None
    distortion: float
    error: dict[str, Rate]
    transfer: dict[str, Rate]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "source": self.source,
            "distortion": self.distortion,
            "error": {k: v.to_json() for k, v in self.error.items()},
            "transfer": {k: v.to_json() for k, v in self.transfer.items()},
        }


@dataclasses.dataclass(frozen=True)
class TransferMatrix:
    """Which model is fooled by what was made for which.

    Attributes:
        attack: The attack's repr.
        targets: Names of the models, the columns.
        n: Number of images.
        clean_error: Error of each target on the unchanged images.
        success: What the attack did on each source itself.
        rows: The attack on each source, then amplified, then noise.
    """

    attack: str
    targets: tuple[str, ...]
    n: int
    clean_error: dict[str, Rate]
    success: dict[str, SuccessRates]
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return {
            "attack": self.attack,
            "targets": list(self.targets),
            "n": self.n,
            "clean_error": {
                k: v.to_json() for k, v in self.clean_error.items()
            },
            "success": {k: v.to_json() for k, v in self.success.items()},
            "rows": [row.to_json() for row in self.rows],
        }


def transfer_matrix(
    models: Mapping[str, Classifier],
    attack: Attack,
    images: Any,
    labels: Any = None,
    *,
    amplified: float | None = 0.1,
    noise: tuple[float, ...] | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    results: Mapping[str, AttackResult] | None = None,
) -> TransferMatrix:
    """Attacks each model, and shows what was found to all of them.

    Args:
        models: Name -> Classifier (or plain Keras model); each is source and
            target. All share one image shape, bounds and classes.
        attack: The attack to make examples with.
        images: (n, height, width, channels), within the bounds, or a data
            set, as attacks take them.
        labels: True labels, (n,), or one-hot; None for those of the data set.
        amplified: Also show each example scaled to this distortion and
            clipped; None for not.
        noise: Distortions of Gaussian noise to show; None for the largest
            mean distortion of a source, rounded up to two digits, and for
            `amplified`.
        batch_size: As for the attack.
        seed: Seed of the attack and the noise.
        results: Name -> what `attack` has found before, to be used as it is.

    Returns:
        A `TransferMatrix`.

    Raises:
        ValueError: The models do not fit each other, or the images them; or
            one of `results` is of something else than what it is used for.

    Example:
        >>> matrix = ak.evaluation.transfer_matrix(
        ...     {"M1": m1, "M2": m2}, ak.attacks.LBFGS(), images, labels)
    """
    classifiers = _compatible(models)
    if amplified is not None:
        checks.check_positive("amplified", amplified)
    first = next(iter(classifiers.values()))
    images, labels = first.examples(images, labels)
    labels = checks.check_labels(labels, len(images), first.num_classes)

    found = dict(results or {})
    for name, result in found.items():
        checks.check_choice("results", name, classifiers)
        check_result(f"results[{name!r}]", result)
        origin.check_origin(
            "results",
            f"results[{name!r}]",
            origin.differences(
                result,
                images=images,
                labels=labels,
                attack=attack,
                classifier=classifiers[name],
            ),
        )
    for name, classifier in classifiers.items():
        if name not in found:
            found[name] = attack(
                classifier, images, labels, batch_size=batch_size, seed=seed
            )

    def row(
        name: str, kind: str, shown: np.ndarray, source: str | None = None
    ) -> Row:
        wrong = {
            target: fooled(
                classifier.predict(shown, within_bounds=False), labels
            )
            for target, classifier in classifiers.items()
        }
        fools = None if source is None else found[source].success
        return Row(
            name=name,
            kind=kind,
            source=source,
            distortion=float(
                norms.distortion(shown - images, first.bounds).mean()
            ),
            error={target: Rate.of(mask) for target, mask in wrong.items()},
            transfer={
                target: Rate.of(mask[fools])
                for target, mask in wrong.items()
                if fools is not None
            },
        )

    rows = [
        row(name, "attack", found[name].images, name) for name in classifiers
    ]
    # Up, but not for what float32 adds to a distortion of 0.14.
    largest = np.ceil(round(100 * max(r.distortion for r in rows), 4)) / 100
    if amplified is not None:
        rows += [
            row(
                f"{name} at {amplified:g}",
                "amplified",
                amplify(images, found[name].images, amplified, first.bounds),
                name,
            )
            for name in classifiers
        ]
    if noise is None:
        levels = {float(largest), amplified or float(largest)}
        noise = tuple(sorted(level for level in levels if level > 0))
    rows += [
        row(
            f"noise {level:g}",
            "noise",
            gaussian_noise(images, level, first.bounds, seed),
        )
        for level in noise
    ]
    return TransferMatrix(
        attack=repr(attack),
        targets=tuple(classifiers),
        n=len(images),
        clean_error=row("clean", "clean", images).error,
        success={name: success_rates(found[name]) for name in classifiers},
        rows=tuple(rows),
    )


def _compatible(models: Mapping[str, Any]) -> dict[str, Classifier]:
    if not models:
        raise ValueError(f"`models` must not be empty. Received: {models!r}")
    classifiers = {name: as_classifier(model) for name, model in models.items()}
    kinds = {
        (c.image_shape, c.bounds, c.num_classes) for c in classifiers.values()
    }
    if len(kinds) > 1:
        listed = "; ".join(f"{k}: {v}" for k, v in classifiers.items())
        raise ValueError(
            "`models` must share image shape, bounds and classes. "
            f"Received: {listed}"
        )
    return classifiers
