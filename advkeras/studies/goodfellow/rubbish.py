"""Appendix: images of nothing that nets are sure to recognise."""

from collections.abc import Sequence

import numpy as np

from advkeras import models
from advkeras.classifier import Classifier
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

# The paper's name -> error and confidence on it, in percent.
_PRINTED: dict[str, tuple[float | None, float | None]] = {
    "maxout": (98.35, 92.8),
    "maxout with independent sigmoids": (68, 87.9),
    "shallow softmax": (59.8, 70.8),
    "shallow RBF": (0, None),
    "maxout, adversarially trained": (None, None),
    "convolutional, CIFAR-10": (93.4, 84.4),
}
# What trained a net, where it is not softmax.
_LOSSES = {
    "maxout with independent sigmoids": "sigmoid",
    "shallow RBF": "exponential",
}
_PHOTOS = "conv-cifar10"
_SURE = 0.5  # a probability above it is a recognition


def rubbish(context: Context) -> Findings:
    """Shows Gaussian noise to nets and counts what they recognise in it."""
    found = {
        "maxout": context.digit_net("maxout"),
        "maxout with independent sigmoids": nets.maxout(
            context, "maxout-sigmoid", loss="sigmoid"
        ),
        "shallow softmax": context.digit_net("fc10-1e-4"),
        "shallow RBF": context.digit_net("rbf"),
        "maxout, adversarially trained": context.digit_net(
            "maxout-adversarial"
        ),
    }
    digits = tuple("0123456789")
    count = context.pick(10_000, 1000)
    rows = [
        _row(name, net, digits, count, context.seed)
        for name, net in found.items()
    ]
    classes = models.read_card(models.saved_models()[_PHOTOS])["class_names"]
    rows.append(
        _row(
            "convolutional, CIFAR-10",
            Classifier.load(_PHOTOS),
            classes,
            context.pick(1000, 200),
            context.seed,
        )
    )
    return Findings(
        "Appendix: rubbish class examples",
        (
            Table(
                "Images of Gaussian noise N(0, 1) in which a net recognises a "
                "class, with a probability above 0.5, and its mean confidence "
                "in these, in %",
                "net",
                ("recognised", "confidence", "most often as", "never as"),
                tuple(rows),
            ),
        ),
        notes=(
            "10,000 images for nets of digits and 1,000 of photographs, as in "
            "the paper (1,000 and 200 at small scale).",
            "In the paper 45.3 % of what maxout recognises are fives and none "
            "are eights; 49.7 % of its photographs are frogs. Which class is "
            "taken is a matter of the one net that was trained.",
            "The paper's photographs are normalised; ours are pixels in "
            "[0, 1], in which noise of a standard deviation of 1 is four "
            "times larger than a photograph's.",
        ),
    )


def _row(
    name: str,
    net: Classifier,
    classes: Sequence[str],
    count: int,
    seed: int,
) -> Row:
    shape = (count, *map(int, net.model.input_shape[1:]))
    noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
    loss = _LOSSES.get(name, "softmax")
    said = answers.ask(net, noise, np.zeros(count, np.int64), loss)
    sure = said.confidence > _SURE
    error, confidence = _PRINTED[name]
    counts = np.bincount(said.predictions[sure], minlength=net.num_classes)
    never, most = "-", "-"
    if counts.any():
        favourite, share = int(counts.argmax()), counts.max() / counts.sum()
        most = f"{classes[favourite]} ({share:.1%})"
        never = ", ".join(classes[int(i)] for i in np.flatnonzero(counts == 0))
    return Row(
        name,
        (
            Cell(Rate.of(sure), error),
            Cell(Mean.of(100 * said.confidence[sure]), confidence),
            Cell(most),
            Cell(never or "-"),
        ),
    )
