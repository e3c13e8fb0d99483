"""Do examples made for one model fool another?"""

import dataclasses
from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
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
from advkeras.evaluation.laid_out import transfer_tables
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.shown import noise_levels
from advkeras.evaluation.shown import noisy_sets
from advkeras.evaluation.shown import shown_sets
from advkeras.evaluation.success import Outcome
from advkeras.evaluation.success import SuccessRates
from advkeras.tables import LaidOut
from advkeras.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
class TransferMatrix(LaidOut):
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

    def __repr__(self) -> str:
        return (
            f"TransferMatrix({self.attack}, n={self.n}, "
            f"{len(self.rows)} rows on {', '.join(self.targets)})"
        )

    def tables(self) -> list[Table]:
        """Returns success on each source, and errors of all, as tables."""
        return transfer_tables(self.to_json())

    def plot(self) -> "Figure":
        """Returns a picture: the error of each target on each row's images."""
        from advkeras.evaluation.drawn import drawn  # matplotlib is slow

        return drawn(self.to_json())

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
    classifiers = compatible(models)
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

    said: dict[str, dict[str, np.ndarray]] = {name: {} for name in classifiers}
    distortions = {}

    def show(sets: Iterable[tuple[str, np.ndarray]]) -> None:
        for key, shown in sets:
            distortions[key] = norms.distortion(shown - images, first.bounds)
            for name, classifier in classifiers.items():
                labelled = classifier.predict(shown, within_bounds=False)
                said[name][key] = labelled

    outcomes = {name: Outcome.of(found[name]) for name in classifiers}
    examples = {name: found[name].images for name in classifiers}
    show(shown_sets(images, examples, first.bounds, amplified))
    if noise is None:
        noise = noise_levels(outcomes.values(), amplified)
    show(noisy_sets(images, noise, first.bounds, seed))
    return matrix_of(
        repr(attack), said, outcomes, distortions, amplified, noise
    )


def matrix_of(
    attack: str,
    said: Mapping[str, Mapping[str, np.ndarray]],
    outcomes: Mapping[str, Outcome],
    distortions: Mapping[str, np.ndarray],
    amplified: float | None,
    noise: Iterable[float],
) -> TransferMatrix:
    """Counts what every model said of every set of images.

    Args:
        attack: The attack's repr.
        said: Model -> name of a set, as `shown_sets` and `noisy_sets` have
            them -> the label that it gave each image, (n,).
        outcomes: Model -> what came of the attack on it.
        distortions: Name of a set -> distortion of each image, (n,).
        amplified: As for `transfer_matrix`.
        noise: Distortions of the noise.
    """
    labels = next(iter(outcomes.values())).labels

    def row(key: str, name: str, kind: str, source: str | None = None) -> Row:
        wrong = {target: fooled(of[key], labels) for target, of in said.items()}
        fools = None if source is None else outcomes[source].success
        return Row(
            name=name,
            kind=kind,
            source=source,
            distortion=float(distortions[key].mean()),
            error={target: Rate.of(mask) for target, mask in wrong.items()},
            transfer={
                target: Rate.of(mask[fools])
                for target, mask in wrong.items()
                if fools is not None
            },
        )

    rows = [row(f"attack {name}", name, "attack", name) for name in outcomes]
    if amplified is not None:
        rows += [
            row(
                f"amplified {name}",
                f"{name} at {amplified:g}",
                "amplified",
                name,
            )
            for name in outcomes
        ]
    rows += [
        row(f"noise {level:g}", f"noise {level:g}", "noise") for level in noise
    ]
    return TransferMatrix(
        attack=attack,
        targets=tuple(said),
        n=len(labels),
        clean_error={
            target: Rate.of(fooled(of["clean"], labels))
            for target, of in said.items()
        },
        success={name: one.rates() for name, one in outcomes.items()},
        rows=tuple(rows),
    )


def compatible(models: Mapping[str, Any]) -> dict[str, Classifier]:
    """Returns models as Classifiers.

    Raises:
        ValueError: They do not share image shape, bounds and classes.
    """
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
