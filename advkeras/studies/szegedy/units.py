"""Section 3: are single units better than random directions?"""

import functools
from typing import Any

from advkeras.analysis import units
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.loading import load
from advkeras.report.units import unit_sheet
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table

_K = 8  # images of a set


def units_and_directions(context: Context) -> Findings:
    """Compares all units of the last hidden layer with as many directions.

    Of the MNIST conv net on digits, and of AlexNet on photographs, held out;
    at small scale of the first alone, on the embedded digits.
    """
    sets = {"conv-mnist": context.digits("test")}
    if context.scale == "paper":
        sets["alexnet-cifar10"] = context.photos("test")
    rows, pictures, details = [], {}, {}
    for net, data in sets.items():
        classifier = load(net)
        for standardised in (False, True):
            space = "standardised" if standardised else "as it is"
            found = context.run.once(
                f"units-{net}-{'standardised' if standardised else 'plain'}",
                functools.partial(
                    _compare, classifier, data, standardised, context
                ),
                {
                    "model": classifier.fingerprint(),
                    "images": data.fingerprint,
                },
            )
            details[f"{net}, {space}"] = found
            rows += [
                _row(f"{net}, {space}: {measure}", found, measure)
                for measure in ("purity", "similarity")
            ]
        file = f"units-{net}.png"
        unit_sheet(
            details[f"{net}, as it is"]["comparison"],
            data.images,
            context.run.output / file,
            f"{net}, last hidden layer: test images furthest along each",
            data.bounds,
        )
        pictures[file] = (
            f"{net}: test images that most excite single units, and those "
            "furthest along random directions."
        )
    return Findings(
        "Section 3: single units and random directions",
        (
            Table(
                f"Top {_K} test images of every unit of the last hidden "
                "layer, of as many random directions, and of chance",
                "net, space, measure",
                (
                    "units",
                    "directions",
                    "chance",
                    "Cliff's delta",
                    "p",
                    "p of bases",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            "The paper shows both and says, by eye, that the natural basis is "
            "not better than a random one, and not worse; it has no figures. "
            "Purity is the share of the commonest class among the images; "
            "similarity the mean cosine of two of them, pixels less the mean "
            "image. Delta is above 0 where units are the purer, or the more "
            "alike (bootstrap interval); p is Mann-Whitney's.",
            "The units of a net depend on each other, and all sets are of the "
            "same images, so p is approximate. 'p of bases' is exact in that "
            "respect: it ranks the natural basis among whole random bases.",
            "In the space as it is, units that vary much count for more in a "
            "direction; standardised, all count alike, and the directions "
            "are others. Where the two disagree, 'a random direction' has no "
            "one meaning, and the paper does not say which was meant.",
        ),
        pictures=pictures,
        details=details,
    )


def _compare(
    classifier: Classifier,
    data: ImageSet,
    standardised: bool,
    context: Context,
) -> dict[str, Any]:
    features = units.features(classifier, data.images)
    compared = units.compare(
        features,
        data.labels,
        data.images,
        k=_K,
        standardised=standardised,
        seed=context.seed,
    )
    ranked = units.basis_test(
        features,
        data.labels,
        data.images,
        k=_K,
        bases=context.pick(199, 19),
        standardised=standardised,
        seed=context.seed,
    )
    return {"comparison": compared.to_json(), "bases": ranked.to_json()}


def _row(name: str, found: dict[str, Any], measure: str) -> Row:
    compared = found["comparison"]
    effect = compared["effects"][measure]
    low, high = effect["interval"]
    cells = (
        *effect["means"],
        compared["chance"][measure],
        f"{effect['delta']:+.2f} ({low:+.2f} to {high:+.2f})",
        effect["p"],
        found["bases"]["measures"][measure]["p"],
    )
    return Row(name, tuple(map(Cell, cells)))
