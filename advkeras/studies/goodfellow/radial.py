"""Section 7: a net that is sure only near what it knows."""

from advkeras import training
from advkeras.evaluation import Mean
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

# Error and confidence on mistakes under FGSM, confidence on clean images.
_PRINTED = {
    "shallow softmax": (99.9, 79.3, None),
    "maxout": (89.4, 97.6, None),
    "shallow RBF": (55.4, 1.2, 60.6),
}


def rbf(context: Context) -> Findings:
    """Measures how sure a shallow RBF net is where it is fooled."""
    images, labels = nets.test_images(context)
    found = nets.load(context, *nets.SHALLOW_AND_DEEP.values())
    rows = []
    for paper, name in nets.SHALLOW_AND_DEEP.items():
        net, loss = found[name], training.recipe(name).loss
        made = nets.examples(net, images, labels)
        clean = answers.ask(net, images, labels, loss)
        fooled = answers.ask(net, made, labels, loss)
        error, sure, clean_sure = _PRINTED[paper]
        cells = (
            Cell(clean.error),
            Cell(Mean.of(100 * clean.confidence), clean_sure),
            Cell(fooled.error, error),
            Cell(Mean.of(100 * fooled.confidence[fooled.wrong]), sure),
        )
        rows.append(Row(paper, cells))
    return Findings(
        "Section 7: RBF nets are fooled less surely",
        (
            Table(
                f"Error and mean confidence in % on {len(images)} test images, "
                f"FGSM at epsilon {nets.EPSILON}",
                "net",
                (
                    "clean error",
                    "clean confidence",
                    "error",
                    "confidence on mistakes",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "The paper prints p(y | x) = exp((x - mu)' beta (x - mu)) and no "
            "way to train it. Here beta is negative and diagonal, one for each "
            "class, and each class is learned on its own, by the cross-entropy "
            "of that probability. The gradient is that of softmax "
            "cross-entropy of the logits, as for the other nets.",
        ),
    )
