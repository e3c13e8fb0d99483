"""The transfer matrices of a run, with their pictures."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.evaluation import transfer_matrix
from advkeras.report import figures
from advkeras.report.grids import Grid
from advkeras.report.page import Section
from advkeras.report.run import Run
from advkeras.report.tables import cell


def transfer_report(
    run: Run,
    models: Mapping[str, Classifier],
    attacks: Mapping[str, Attack],
    images: Any,
    labels: Any,
    class_names: Sequence[str],
    amplified: float | None = 0.1,
    seed: int = 0,
) -> dict[str, Any]:
    """Measures a transfer matrix for each attack, and draws it.

    Args:
        run: Where examples and pictures go; what is there is used.
        models: Name -> Classifier, each source and target.
        attacks: Name -> attack.
        images: As for `ak.evaluation.transfer_matrix`.
        labels: As there.
        class_names: What each label stands for.
        amplified: As for `transfer_matrix`.
        seed: Seed of the attacks and the noise.

    Returns:
        For results.json: "matrices" and "figures", each by attack; figures
        are paths relative to the run's folder.
    """
    matrices, drawn = {}, {}
    for attack_name, attack in attacks.items():
        found = {
            name: run.attack(
                f"{attack_name}-{name}", attack, model, images, labels, seed
            )
            for name, model in models.items()
        }
        matrix = transfer_matrix(
            models,
            attack,
            images,
            labels,
            amplified=amplified,
            seed=seed,
            results=found,
        ).to_json()
        matrices[attack_name] = matrix
        drawn[attack_name] = [f"{attack_name}-transfer.png"]
        figures.heat_map(matrix, run.output / drawn[attack_name][0])
        for name, result in found.items():
            picture = f"{attack_name}-{name}.png"
            figures.gallery(
                result,
                run.output / picture,
                class_names,
                title=f"{attack_name}, made for {name}",
            )
            drawn[attack_name].append(picture)
    return {"matrices": matrices, "figures": drawn}


def transfer_grids(matrix: Mapping[str, Any]) -> list[Grid]:
    """Lays out what an attack did to each source, and to all targets.

    Args:
        matrix: `TransferMatrix.to_json()`.

    Returns:
        Success on each source, norms being means over the successes; and the
        error of each target on each set of images.
    """
    norms = {
        "distortion": "mean_distortion",
        "L2": "mean_l2",
        "Linf": "mean_linf",
    }
    targets = matrix["targets"]
    clean = (cell(matrix["clean_error"][target]) for target in targets)
    return [
        Grid(
            f"{matrix['attack']} on the model attacked, n = {matrix['n']}: "
            "success of all images, of those read rightly before, and those "
            "still read rightly, in % (95 % interval)",
            ("model", "success", "of correct", "robust", *norms),
            tuple(
                (
                    name,
                    cell(rates["of_all"]),
                    cell(rates["of_correct"]),
                    cell(rates["robust_accuracy"]),
                    *(_norm(rates[key]) for key in norms.values()),
                )
                for name, rates in matrix["success"].items()
            ),
            names=1,
        ),
        Grid(
            f"error of each model in % (95 % interval), n = {matrix['n']}",
            ("images made for", "distortion", *(f"on {t}" for t in targets)),
            (
                ("nobody (clean)", "0", *clean),
                *(
                    (
                        row["name"],
                        f"{row['distortion']:.4f}",
                        *(cell(row["error"][target]) for target in targets),
                    )
                    for row in matrix["rows"]
                ),
            ),
            names=1,
        ),
    ]


def transfer_sections(results: Mapping[str, Any]) -> list[Section]:
    """Lays out what `transfer_report` returned, for a page."""
    return [
        Section(
            f"Transfer: {name}",
            grids=transfer_grids(matrix),
            figures={p: f"{name}: {p}" for p in results["figures"][name]},
        )
        for name, matrix in results["matrices"].items()
    ]


def _norm(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
