"""Figure 4: logits along the direction of the fast gradient sign method."""

from typing import Any

import numpy as np

from advkeras.classifier import Classifier
from advkeras.evaluation import Mean
from advkeras.report import study_figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

_EPSILONS = np.linspace(-10, 10, 201)
_CLASS = 4  # the paper's image is of one
_FAR = 2.0  # of epsilon, beyond which lines are fitted


def epsilon_trace(context: Context) -> Findings:
    """Follows the logits of images along one direction, both ways."""
    images, labels = nets.test_images(context)
    fours = np.flatnonzero(labels == _CLASS)[: context.pick(100, 20)]
    rows, drawn = [], {}
    for title, name in (
        *nets.SHALLOW_AND_DEEP.items(),
        ("maxout, adversarially trained", "maxout-adversarial"),
    ):
        net = context.digit_net(name)
        read = fours[net.predict(images[fours]) == _CLASS]
        traces = np.stack([trace(net, images[i], _CLASS) for i in read])
        drawn[title] = traces[0]
        rows.append(Row(title, _measured(traces)))
    study_figures.traces(
        drawn, _EPSILONS, _CLASS, context.run.output / "trace.png"
    )
    return Findings(
        "Figure 4: logits along the direction of FGSM",
        (
            Table(
                f"Means over images of a {_CLASS} that the net reads rightly, "
                "epsilon from -10 to 10",
                "net",
                (
                    "read rightly from",
                    "to",
                    "wrong classes met",
                    "fit of two lines, R^2",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            "The direction is that of the gradient at epsilon 0, kept, as the "
            "paper's straight lines imply. It prints no figures for this; its "
            "words are 'conspicuously piecewise linear'. Here that is the "
            "share of the variance of each logit, for epsilon beyond "
            f"{_FAR:g} either way, that a straight line on each side explains.",
            "An RBF net's logits are parabolas, by its definition.",
        ),
        pictures={
            "trace.png": f"Logits of an image of a {_CLASS} (thick) and of "
            "the other classes; grey where it is read rightly."
        },
    )


def trace(net: Classifier, image: np.ndarray, label: int) -> np.ndarray:
    """Returns the logits of an image moved along FGSM's sign, (201, classes).

    Args:
        net: The net.
        image: float32, (height, width, channels).
        label: What it is.
    """
    made = nets.examples(net, image[None], np.array([label]))
    sign = np.sign(made - image)
    moved = image + _EPSILONS.reshape(-1, 1, 1, 1) * sign
    labels = np.full(len(moved), label)
    return answers.ask(net, moved.astype(np.float32), labels).logits


def _measured(traces: np.ndarray) -> tuple[Cell, ...]:
    right = traces.argmax(axis=2) == _CLASS
    middle = len(_EPSILONS) // 2
    ends: dict[str, list[float]] = {"from": [], "to": []}
    for line in right:
        down = np.flatnonzero(~line[:middle])
        up = np.flatnonzero(~line[middle:])
        ends["from"].append(_EPSILONS[down[-1] + 1 if len(down) else 0])
        ends["to"].append(_EPSILONS[middle + up[0] - 1 if len(up) else -1])
    wrong = [len(set(one.argmax(axis=1)) - {_CLASS}) for one in traces]
    straight: Any = np.mean(
        [
            _explained(traces[:, far])
            for far in (_EPSILONS < -_FAR, _EPSILONS > _FAR)
        ],
        axis=0,
    )
    return (
        Cell(Mean.of(ends["from"])),
        Cell(Mean.of(ends["to"])),
        Cell(Mean.of(wrong)),
        Cell(Mean.of(straight)),
    )


def _explained(traces: np.ndarray) -> np.ndarray:
    """Returns R^2 of a straight line for each image and class, flat."""
    lines = traces.transpose(1, 0, 2).reshape(traces.shape[1], -1)
    places = np.arange(len(lines))
    design = np.stack([places, np.ones_like(places)], axis=1).astype(float)
    fitted = design @ np.linalg.lstsq(design, lines, rcond=None)[0]
    rest = np.square(lines - fitted).sum(0)
    whole = np.square(lines - lines.mean(0)).sum(0)
    # What does not vary at all is straight.
    return 1 - np.divide(rest, whole, out=np.zeros_like(rest), where=whole > 0)
