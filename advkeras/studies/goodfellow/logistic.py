"""Section 5: threes and sevens by logistic regression."""

import keras
import numpy as np

from advkeras import models
from advkeras import training
from advkeras.classifier import Classifier
from advkeras.report import study_figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

_DIGITS = (3, 7)
_DECAYS = (1e-4, 1e-3, 1e-2)  # lambda / 2 * sum(w^2)


def logistic(context: Context) -> Findings:
    """Trains it plainly and on the exact adversarial loss, and attacks it."""
    images, labels = _threes_and_sevens(context, "train")
    shown, classes = _threes_and_sevens(context, "test")
    found = {
        f"plain, decay {decay:g}": _plain(context, decay, images, labels)
        for decay in _DECAYS
    }
    found["adversarial"] = _adversarial(context, images, labels)
    rows, kernels = [], []
    for name, net in found.items():
        weights = np.asarray(net.model.get_layer("score").kernel).ravel()
        made = nets.examples(net, shown, classes)
        clipped = nets.examples(net, shown, classes, nets.CLIPPED)
        published = (1.6, 99) if name.startswith("plain") else (None, None)
        cells = (
            Cell(answers.ask(net, shown, classes).error, published[0]),
            Cell(answers.ask(net, made, classes).error, published[1]),
            Cell(answers.ask(net, clipped, classes).error),
            Cell(float(np.abs(weights).sum())),
        )
        rows.append(Row(name, cells))
        kernels.append(weights / np.abs(weights).max())
    shown_as = (len(kernels), *shown.shape[1:])
    study_figures.strips(
        {
            "weights": np.reshape(kernels, shown_as),
            "signs": np.sign(kernels).reshape(shown_as),
        },
        (-1, 1),
        context.run.output / "weights.png",
    )
    return Findings(
        "Section 5: logistic regression on threes and sevens",
        (
            Table(
                f"Error in % on {len(shown)} test images, FGSM at epsilon "
                f"{nets.EPSILON}",
                "training",
                ("clean", "FGSM", "FGSM clipped", "|w|_1"),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "The paper's weight decay is not said. Its figures are of the "
            "plain net; of adversarial training it prints none here.",
            "The adversarial loss is the closed form, softplus(epsilon |w|_1 - "
            "y (w.x + b)); the paper prints it for y = 1 alone. It keeps |w|_1 "
            "small, which is what epsilon |w|_1 asks for: the net gives up "
            "clean accuracy for it, against a change that takes half the "
            "contrast.",
        ),
        pictures={
            "weights.png": "Weights in the order of the table, and their "
            "signs, which are what is added to an image; grey for none."
        },
    )


def _threes_and_sevens(
    context: Context, split: str
) -> tuple[np.ndarray, np.ndarray]:
    data = context.digits(split)
    rows = np.isin(data.labels, _DIGITS)
    return data.images[rows], (data.labels[rows] == _DIGITS[1]).astype(np.int64)


def _plain(
    context: Context, decay: float, images: np.ndarray, labels: np.ndarray
) -> Classifier:
    model = models.build("logistic", seed=context.seed, weight_decay=decay)
    training.fit_lbfgs(model, images, labels, 300)
    return Classifier(model)


def _adversarial(
    context: Context, images: np.ndarray, labels: np.ndarray
) -> Classifier:
    model = models.build("logistic", seed=context.seed)
    keras.utils.set_random_seed(context.seed)
    epochs, batch = 30, 100
    steps = epochs * -(-len(images) // batch)
    model.compile(
        keras.optimizers.SGD(
            keras.optimizers.schedules.CosineDecay(0.02, steps), momentum=0.9
        ),
        training.logistic_adversarial_loss(model, nets.EPSILON),
    )
    model.fit(images, labels, batch_size=batch, epochs=epochs, verbose=0)
    return Classifier(model)
