"""The sanity checks of a run's models: beside every verdict."""

import functools
from collections.abc import Mapping
from typing import Any

from advkeras.classifier import Classifier
from advkeras.evaluation import Checks
from advkeras.evaluation import trust
from advkeras.report.run import Run


def trust_report(
    run: Run,
    models: Mapping[str, Classifier],
    images: Any,
    labels: Any,
    share: float,
    seed: int = 0,
) -> dict[str, Any]:
    """Makes the sanity checks of each model, each with the others' examples.

    Args:
        run: Where they are kept; what is there is used.
        models: Name -> Classifier, all of one image shape and bounds.
        images: As for `ak.evaluation.trust`.
        labels: As there.
        share: Budget of the attacks, as a share of the pixel range.
        seed: Seed of every random choice.

    Returns:
        For results.json: name -> `Checks` as JSON values.
    """

    def make(name: str) -> dict[str, Any]:
        others = tuple(m for key, m in models.items() if key != name)
        model = models[name]
        made = trust(
            model, images, labels, model.epsilon(share), others, seed=seed
        )
        return {**made.to_json(), "model": name}

    return {
        name: run.once(f"checks-{name}", functools.partial(make, name))
        for name in models
    }


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
