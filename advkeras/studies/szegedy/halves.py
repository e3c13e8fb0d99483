"""Table 3: nets that were trained on two halves of the training set."""

from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Measured
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.szegedy import nets

# Error in percent on both halves and on test images, average minimal
# distortion; all from memory only.
_PRINTED = {
    "FC100-100-10": (0, 2.4, 2, 0.062),
    "FC123-456-10": (0, 2.5, 2.1, 0.059),
    "FC100-100-10'": (2.3, 0, 2.1, 0.058),
}


def table3(context: Context) -> Findings:
    """Measures each net on its own half, on the other, and on test images."""
    classifiers = {
        name: context.digit_net(name) for name in nets.HALVES.values()
    }
    cards = {name: context.card(name) for name in classifiers}
    sets = [
        context.digits(split)
        for split in (cards["m1"]["split"], cards["m2"]["split"], "test")
    ]
    images, labels = nets.sample(context, "test")
    found = nets.smallest_changes(context, classifiers, images, labels)
    rows = []
    for paper, name in nets.HALVES.items():
        result = found[name]
        right = result.success & (result.clean_predictions == result.labels)
        measured: list[Measured] = [
            _error(classifiers[name], data) for data in sets
        ]
        measured.append(Mean.of(result.distortion[right]))
        cells = [
            Cell(value, printed, recalled=True)
            for value, printed in zip(measured, _PRINTED[paper], strict=True)
        ]
        rows.append(Row(paper, tuple(cells)))
    return Findings(
        "Table 3: nets trained on two halves, and what fools each",
        (
            Table(
                f"Error in % on {len(sets[0])} + {len(sets[1])} training and "
                f"{len(sets[2])} test images; distortion of {len(images)} "
                "test images that are read rightly",
                "net",
                (
                    "first half",
                    "second half",
                    "test",
                    "av. min. distortion",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            "The first two nets were trained on the first half, the third on "
            "the second. Table 4 shows what is found on each to the others.",
            nets.TARGETS,
        ),
        details={"models": cards},
    )


def _error(net: Classifier, data: ImageSet) -> Rate:
    return Rate.of(net.predict(data.images) != data.labels)
