"""The transfer matrices of a run, with their pictures."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.evaluation import transfer_matrix
from advkeras.report import figures
from advkeras.report.run import Run


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
