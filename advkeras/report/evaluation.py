"""One model of one's own: fooled by how little, and on the device?"""

import os
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import edge
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.evaluation import Robustness
from advkeras.report.edge import edge_in_words
from advkeras.report.edge import edge_sections
from advkeras.report.edge import edge_tables
from advkeras.report.page import Section
from advkeras.report.robustness import budget
from advkeras.report.robustness import robustness_charts
from advkeras.report.robustness import robustness_in_words
from advkeras.report.robustness import robustness_report
from advkeras.report.robustness import robustness_tables
from advkeras.report.robustness import share_in_words
from advkeras.report.run import Run
from advkeras.report.survival import survival_report
from advkeras.report.trust import trust_report
from advkeras.report.white_box import white_box_report
from advkeras.tables import Table


def evaluation_report(
    run: Run,
    name: str,
    classifier: Classifier,
    attacks: Mapping[str, Attack],
    images: np.ndarray,
    labels: np.ndarray,
    variants: Mapping[str, str | os.PathLike],
    *,
    runtimes: Sequence[str] = ("litert",),
    overshoots: Sequence[float] = edge.OVERSHOOTS,
    camera: Sequence[str] = (),
    threads: int = 1,
    white_box: bool = True,
    checks: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Attacks a model, checks the attacks, and goes on to its .tflite copies.

    The copies are shown, and attacked with, what has no budget, and what has
    the first budget that halves the model's accuracy.

    Args:
        run: Where all goes; what is there is used.
        name: What to call the model.
        classifier: The model.
        attacks: As for `robustness_report`.
        images: float32, (n, height, width, channels).
        labels: int64, (n,), the true ones.
        variants: Name -> .tflite file; empty for none.
        runtimes: As for `ak.edge.survival`; the first that runs here judges
            the white boxes.
        overshoots: As for `ak.edge.survival`.
        camera: As for `ak.edge.survival`.
        threads: As for `ak.edge.survival`.
        white_box: Whether to attack the copies themselves as well.
        checks: Those of the model, if they are made already.
        seed: Seed of every random choice.

    Returns:
        For results.json: what `robustness_report` returns, "checks" of the
        model and its copies, and, with copies, "edge": "share", the budget,
        what `survival_report` returns and "white_box".
    """
    shown = images, labels
    found = robustness_report(run, name, classifier, attacks, *shown, seed)
    share = Robustness.from_json(found["robustness"]).halving
    if checks is None:
        checks = trust_report(run, {name: classifier}, *shown, share, seed)
    results = {"source": name, **found, "checks": dict(checks)}
    if not variants:
        return results
    chosen = {
        key: attack
        for key, attack in attacks.items()
        if budget(attack, classifier) in (None, share)
    }
    results["edge"] = {
        "share": share,
        **survival_report(
            run,
            name,
            classifier,
            chosen,
            *shown,
            variants,
            runtimes=runtimes,
            overshoots=overshoots,
            camera=camera,
            threads=threads,
            seed=seed,
        ),
    }
    if white_box:
        here = [runtime for runtime in runtimes if runtime in edge.RUNTIMES]
        results["edge"]["white_box"] = white_box_report(
            run,
            name,
            classifier,
            chosen,
            *shown,
            variants,
            bounds=classifier.bounds,
            share=share,
            runtime=[*here, "litert"][0],
            threads=threads,
            seed=seed,
        )
        results["checks"] |= results["edge"]["white_box"].pop("checks")
    return results


def evaluation_tables(results: Mapping[str, Any]) -> list[Table]:
    """Lays out what `evaluation_report` returned, for the terminal."""
    drawn = robustness_tables(results)
    return drawn + (edge_tables(results["edge"]) if "edge" in results else [])


def evaluation_in_words(results: Mapping[str, Any]) -> list[str]:
    """Says what `evaluation_report` found, but for the checks."""
    said = robustness_in_words(results["source"], results)
    return said + (edge_in_words(results["edge"]) if "edge" in results else [])


def evaluation_sections(results: Mapping[str, Any]) -> list[Section]:
    """Lays out what `evaluation_report` returned, for the page."""
    name = results["source"]
    sections = [
        Section(
            f"How small a change fools {name}",
            tables=robustness_tables(results),
            charts=robustness_charts(results),
        )
    ]
    if "edge" in results:
        share = share_in_words(results["edge"]["share"])
        sections += edge_sections(
            results["edge"],
            f"On devices: the .tflite copies of {name}",
            f"Attacks with a budget are shown with {share} of the pixel "
            f"range, the first that halves the accuracy of {name}.",
        )
    return sections
