"""Appendix: images of nothing that nets are sure to recognise."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from advkeras import attacks
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.loading import load
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
    "convolutional maxout, CIFAR-10": (93.4, 84.4),
}
# What trained a net, where it is not softmax.
_LOSSES = {
    "maxout with independent sigmoids": "sigmoid",
    "shallow RBF": "exponential",
}
_BATCH = 200
_SURE = 0.5  # a probability above it is a recognition
_STEPS = (0.05, 0.1)
# Class -> success of one step towards it, in percent; the mean last.
_FOOLED = {"airplane": 24.7, "frog": 100.0, "truck": 100.0, "mean": 75.3}


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
        _row(name, net, digits, _noise(net, count, context.seed))
        for name, net in found.items()
    ]
    photographs = load(nets.PHOTOGRAPHS)
    card = models.read_card(models.saved_models()[nets.PHOTOGRAPHS])
    classes = card["class_names"]
    noise = _noise(photographs, context.pick(1000, 200), context.seed)
    rows.append(
        _row("convolutional maxout, CIFAR-10", photographs, classes, noise)
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
            _towards(photographs, classes, noise),
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
            "How large the step towards a class is, the paper does not say; "
            "its figures stand beside the smaller step here, which is the one "
            "on its photographs. A class that the noise shows anyway needs no "
            "step.",
        ),
    )


def _row(
    name: str, net: Classifier, classes: Sequence[str], noise: np.ndarray
) -> Row:
    loss = _LOSSES.get(name, "softmax")
    said = answers.ask(net, noise, np.zeros(len(noise), np.int64), loss)
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


def _towards(
    net: Classifier, classes: Sequence[str], noise: np.ndarray
) -> Table:
    """Takes one signed step from noise towards each class in turn."""
    reached = np.empty((len(classes), 1 + len(_STEPS), len(noise)), bool)
    for i in range(len(classes)):
        target = np.full(len(noise), i)
        shown = [noise, *(_step(net, noise, target, size) for size in _STEPS)]
        for j, images in enumerate(shown):
            said = answers.ask(net, images, target)
            reached[i, j] = ~said.wrong & (said.confidence > _SURE)
    found: dict[str, list[Rate | Mean]] = {
        name: [Rate.of(hits) for hits in reached[i]]
        for i, name in enumerate(classes)
    }
    found["mean"] = [
        Mean.of(100 * hits.mean(axis=0)) for hits in reached.swapaxes(0, 1)
    ]
    return Table(
        "Convolutional maxout, CIFAR-10: the same noise, recognised as one "
        "class, after a step along the sign of the gradient towards it, in %",
        "class",
        ("no step", *(f"step {size}" for size in _STEPS)),
        tuple(
            Row(
                name,
                (
                    Cell(none),
                    Cell(first, _FOOLED.get(name)),
                    *map(Cell, others),
                ),
            )
            for name, (none, first, *others) in found.items()
        ),
    )


def _step(
    net: Classifier, noise: np.ndarray, target: np.ndarray, size: float
) -> np.ndarray:
    attack = attacks.FGSM(size, clip=False)
    # Noise is no image within bounds, which a call of the attack asks for.
    return np.concatenate(
        [
            np.asarray(
                attack.perturb(
                    net,
                    tf.constant(noise[i : i + _BATCH]),
                    tf.constant(target[i : i + _BATCH], tf.int64),
                    targeted=True,
                )[0]
            )
            for i in range(0, len(noise), _BATCH)
        ]
    )


def _noise(net: Classifier, count: int, seed: int) -> np.ndarray:
    shape = (count, *map(int, net.model.input_shape[1:]))
    return np.random.default_rng(seed).standard_normal(shape, np.float32)
