"""What an attack did to models, as tables."""

from collections.abc import Mapping
from typing import Any

from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import cell


def transfer_tables(
    matrix: Mapping[str, Any], name: str = "attack"
) -> list[Table]:
    """Lays out what an attack did to each source, and to all targets.

    Args:
        matrix: `TransferMatrix.to_json()`.
        name: What the attack is called, in the names of the tables.

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
        Table(
            f"{matrix['attack']} on the model attacked, n = {matrix['n']}: "
            "success of all images, of those read rightly before, and those "
            "still read rightly, in % (95 % interval)",
            ("model", "success", "of correct", "robust", *norms),
            tuple(
                (
                    model,
                    cell(rates["of_all"]),
                    cell(rates["of_correct"]),
                    cell(rates["robust_accuracy"]),
                    *(_norm(rates[key]) for key in norms.values()),
                )
                for model, rates in matrix["success"].items()
            ),
            names=1,
            name=f"success-{name}",
        ),
        Table(
            f"error of each model in % (95 % interval), n = {matrix['n']}",
            ("images made for", "distortion", *(f"on {t}" for t in targets)),
            (
                ("nobody (clean)", "0", *clean),
                *(
                    (
                        row["name"],
                        Cell(f"{row['distortion']:.4f}", row["distortion"]),
                        *(cell(row["error"][target]) for target in targets),
                    )
                    for row in matrix["rows"]
                ),
            ),
            names=1,
            name=f"transfer-{name}",
        ),
    ]


def _norm(value: float | None) -> str:
    return "-" if value is None else Cell(f"{value:.4f}", value)
