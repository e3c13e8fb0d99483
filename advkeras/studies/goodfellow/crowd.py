"""Section 8: do other nets, or twelve together, make the same mistakes?"""

from collections.abc import Mapping

import keras
import numpy as np

from advkeras.classifier import Classifier
from advkeras.evaluation import Rate
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets


def ensemble(context: Context) -> Findings:
    """Attacks twelve maxout nets as one, and one of them for all."""
    images, labels = nets.test_images(context)
    members = {
        f"member{i}": nets.maxout(
            context, f"member{i}", seed=context.seed + i, epochs=5
        )
        for i in range(context.pick(12, 3))
    }
    whole = together(members)
    first = members["member0"]
    rows = []
    for name, shown, printed in (
        ("clean", images, None),
        ("FGSM on the whole", nets.examples(whole, images, labels), 91.1),
        ("FGSM on one member", nets.examples(first, images, labels), 87.9),
    ):
        singles = [
            answers.ask(net, shown, labels).error for net in members.values()
        ]
        cells = (
            Cell(answers.ask(whole, shown, labels).error, printed),
            Cell(singles[0]),
            Cell(float(100 * np.mean([one.value for one in singles[1:]]))),
        )
        rows.append(Row(name, cells))
    return Findings(
        f"Section 9: an ensemble of {len(members)} maxout nets",
        (
            Table(
                f"Error in % on {len(images)} test images at epsilon "
                f"{nets.EPSILON}",
                "images",
                ("ensemble", "that member", "mean of the others"),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "The members differ by their seed alone: initial weights, order "
            "of the images, dropout. The ensemble's probability is the mean "
            "of theirs. Each was trained for 5 epochs.",
        ),
    )


def together(members: Mapping[str, Classifier]) -> Classifier:
    """Returns the ensemble of some nets: the mean of their probabilities."""
    first = next(iter(members.values()))
    images = keras.Input(first.image_shape)
    shares = []
    for name, net in members.items():
        # By names of their own, which nets of one architecture have not.
        member = keras.Model(*net.model.inputs, *net.model.outputs, name=name)
        shares.append(keras.layers.Softmax()(member(images)))
    model = keras.Model(images, keras.layers.Average()(shares), name="ensemble")
    return Classifier(model, first.bounds, "probabilities")


# Of the images that maxout misreads: who says what maxout says, in percent.
_PRINTED = {"shallow softmax": (54.6, 84.6), "shallow RBF": (16.0, 54.3)}


def agreement(context: Context) -> Findings:
    """Counts how often nets of three kinds make the same mistake."""
    images, labels = nets.test_images(context)
    found = nets.load(context, *nets.SHALLOW_AND_DEEP.values())
    made = nets.examples(found["maxout"], images, labels)
    said = {
        paper: answers.ask(found[name], made, labels).predictions
        for paper, name in nets.SHALLOW_AND_DEEP.items()
    }
    reference = said["maxout"]
    rows = [
        _agreement(
            f"{name} with maxout", said[name], reference, labels, *shares
        )
        for name, shares in _PRINTED.items()
    ]
    # The paper's images are those that maxout misreads, here too.
    missed = reference != labels
    rows.append(
        _agreement(
            "shallow RBF with shallow softmax",
            said["shallow RBF"][missed],
            said["shallow softmax"][missed],
            labels[missed],
            None,
            53.6,
        )
    )
    return Findings(
        "Section 8: different nets give the same wrong answers",
        (
            Table(
                f"Shares in % of FGSM examples made for maxout, epsilon "
                f"{nets.EPSILON}, {int(missed.sum())} of {len(images)} misread",
                "who",
                (
                    "says the other's wrong class",
                    "the same, where both are wrong",
                    "by chance",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "By chance is how often two nets would give the same wrong class, "
            "where both are wrong, if each drew it from all its wrong answers.",
            "That two linear maps of the same data resemble each other is what "
            "the paper explains this by; the RBF net is the one that is not "
            "linear.",
        ),
    )


def _agreement(
    name: str,
    said: np.ndarray,
    reference: np.ndarray,
    labels: np.ndarray,
    of_missed: float | None,
    of_both: float | None,
) -> Row:
    missed = reference != labels
    both = missed & (said != labels)
    same = said == reference
    counts = [
        np.bincount(one[both], minlength=labels.max() + 1) / max(both.sum(), 1)
        for one in (said, reference)
    ]
    return Row(
        name,
        (
            Cell(Rate.of(same[missed]), of_missed),
            Cell(Rate.of(same[both]), of_both),
            Cell(float(100 * counts[0] @ counts[1])),
        ),
    )
