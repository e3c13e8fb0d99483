"""The sanity checks of a run's models: beside every verdict."""

import functools
from collections.abc import Mapping
from typing import Any

from advkeras.classifier import Classifier
from advkeras.datasets.shards import fingerprint_of
from advkeras.evaluation import Checks
from advkeras.evaluation import trust
from advkeras.report.page import Section
from advkeras.report.run import Run
from advkeras.tables import Table


def trust_report(
    run: Run,
    models: Mapping[str, Classifier],
    images: Any,
    labels: Any,
    share: float,
    seed: int = 0,
    beside: Mapping[str, Classifier] | None = None,
    examples: int = 64,
) -> dict[str, Any]:
    """Makes the sanity checks of each model, each with others' examples.

    Args:
        run: Where they are kept; what is there is used.
        models: Name -> Classifier, all of one image shape and bounds.
        images: As for `ak.evaluation.trust`.
        labels: As there.
        share: Budget of the attacks, as a share of the pixel range.
        seed: Seed of every random choice.
        beside: The models whose examples are shown to each; None for all of
            `models`.
        examples: As for `ak.evaluation.trust`.

    Returns:
        For results.json: name -> `Checks` as JSON values.

    Raises:
        ValueError: What is there is of other images, models or settings.
    """

    def make(name: str) -> dict[str, Any]:
        around = models if beside is None else beside
        others = tuple(m for key, m in around.items() if key != name)
        model = models[name]
        epsilon = model.epsilon(share)
        made = trust(model, images, labels, epsilon, others, examples, seed)
        return {**made.to_json(), "model": name}

    prints = {
        name: model.fingerprint()
        for name, model in {**models, **(beside or {})}.items()
    }
    shown = {
        "images": fingerprint_of(images, labels),
        "share": share,
        "seed": seed,
        "examples": examples,
    }
    return {
        name: run.once(
            f"checks-{name}",
            functools.partial(make, name),
            {
                **shown,
                "model": prints[name],
                "models beside it": {
                    key: prints[key]
                    for key in (models if beside is None else beside)
                    if key != name
                },
            },
        )
        for name in models
    }


def trust_section(results: Mapping[str, Any]) -> Section:
    """Lays out every check that was made, and what was found, for a page.

    Args:
        results: "checks" as `trust_report` returned them.
    """
    words = {True: "holds", False: "DOES NOT HOLD", None: "not established"}
    checks = Table(
        "What has to hold before a figure can be trusted",
        ("model", "check", "", "found", "source"),
        tuple(
            (name, check.name, words[check.holds], check.found, check.source)
            for name, checks in results["checks"].items()
            for check in Checks.from_json(checks).checks
        ),
        names=5,
        name="checks",
    )
    return Section("Checks", tables=[checks])


def trust_in_words(results: Mapping[str, Any]) -> list[str]:
    """Says what the checks come to.

    Args:
        results: "checks" as `trust_report` returned them.
    """
    return [
        line
        for checks in results["checks"].values()
        for line in Checks.from_json(checks).in_words()
    ]
