"""The transfer matrices of a run, with their pictures."""

from collections.abc import Mapping
from typing import Any

from advkeras import checks
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.datasets.shards import Shards
from advkeras.datasets.shards import of_arrays
from advkeras.evaluation.laid_out import transfer_tables
from advkeras.evaluation.transfer import compatible
from advkeras.evaluation.transfer_job import TransferJob
from advkeras.report.looking import keep_answers
from advkeras.report.page import Chart
from advkeras.report.page import Section
from advkeras.report.page import charts
from advkeras.report.run import Run
from advkeras.tables import Table
from advkeras.tables import cell


def transfer_report(
    run: Run,
    models: Mapping[str, Classifier],
    attacks: Mapping[str, Attack],
    images: Any,
    labels: Any = None,
    amplified: float | None = 0.1,
    seed: int = 0,
) -> dict[str, Any]:
    """Measures a transfer matrix for each attack, a shard at a time.

    Args:
        run: Where examples and answers go, and where the work is done; what
            is there is used.
        models: Name -> Classifier, each source and target.
        attacks: Name -> attack.
        images: As for `ak.evaluation.transfer_matrix`, or `Shards`.
        labels: As there.
        amplified: As for `transfer_matrix`.
        seed: Seed of the attacks and the noise.

    Returns:
        For results.json: "matrices", by attack.

    Raises:
        ValueError: The models do not fit each other, or the images them.
        FailedUnitsError: Some of the work failed three times.
    """
    models = compatible(models)
    checks.check_seed("seed", seed)
    if amplified is not None:
        checks.check_positive("amplified", amplified)
    shards = images
    if not isinstance(images, Shards):
        first = next(iter(models.values()))
        images, labels = first.examples(images, labels)
        labels = checks.check_labels(labels, len(images), first.num_classes)
        shards = of_arrays(images, labels)
    job = TransferJob(run.plan, models, attacks, shards, amplified, seed)
    total = len(shards) * len(models)
    matrices = {}
    for name, attack in attacks.items():
        for model in models:
            run.note(f"{name}-{model}", attack, len(shards), seed)
        for what, units in (
            (f"{name}: examples", job.attack_units(name)),
            (f"{name}: answers", job.answer_units(name)),
            (f"{name}: noise", job.noise_units(name)),
        ):
            run.perform(what, units, total, models)
        matrices[name] = job.matrix(name).to_json()
        keep_answers(
            run,
            models,
            {
                f"{name}-{model}": AttackResult.load(
                    job.examples(name, model)[0], max_gb=1024.0
                )
                for model in models
            },
        )
    return {"matrices": matrices}


def transfer_chart(name: str, matrix: Mapping[str, Any]) -> Chart:
    """Draws the error of each target on each set of images.

    Args:
        name: The attack.
        matrix: `TransferMatrix.to_json()`.
    """
    sets = [("nobody (clean)", matrix["clean_error"])]
    sets += [(row["name"], row["error"]) for row in matrix["rows"]]
    return charts.heat_map(
        f"{name}: error of each model (across) on the images made for each "
        f"(down), in %, of {matrix['n']} images",
        Table(
            "Error in % (95 % interval)",
            ("images made for", "on", "error", "written"),
            tuple(
                (made_for, target, cell(errors[target]), _short(errors[target]))
                for made_for, errors in sets
                for target in matrix["targets"]
            ),
        ),
        x="on",
        y="images made for",
        value="error",
        text="written",
    )


def transfer_sections(results: Mapping[str, Any]) -> list[Section]:
    """Lays out what `transfer_report` returned, for a page."""
    return [
        Section(
            f"Transfer: {name}",
            tables=transfer_tables(matrix, name),
            charts=[transfer_chart(name, matrix)],
        )
        for name, matrix in results["matrices"].items()
    ]


def _short(rate: Mapping[str, Any]) -> str:
    return "-" if rate["value"] is None else f"{100 * rate['value']:.1f}"
