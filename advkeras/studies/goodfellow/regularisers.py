"""Do the usual regularisers help? Dropout, weight decay and pretraining."""

from typing import Any

import numpy as np

from advkeras import attacks
from advkeras import training
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

_NETWORK = "fc200-200-10"
_EPSILONS = (0.1, 0.25)
_NONE = {"weight_decay": (0.0, 0.0, 0.0)}
# What it is called -> options of the network.
_ARMS: dict[str, dict[str, Any]] = {
    "nothing": _NONE,
    "weight decay 1e-4": {"weight_decay": (1e-4,) * 3},
    "weight decay 1e-3": {"weight_decay": (1e-3,) * 3},
    "dropout": {**_NONE, "dropout": (0.2, 0.5)},
}
# Of the norm of a maxout net's first layer; the first is the paper's.
_L1 = (0.0025, 0.00025, 0.000025, 0.0)

# What the nets of paper scale show.
_SEEN = (
    "At the larger epsilon no regulariser leaves more than 4 % of the images. "
    "At the smaller one the stronger weight decay and pretraining do help: "
    "they about halve the error under FGSM and double the least distortion, "
    "decay at the price of clean error. Against PGD they do as much as "
    "adversarial training by one step.",
)


def regularisers(context: Context) -> Findings:
    """Trains one net with each regulariser, and attacks it."""
    images, labels = nets.test_images(context)
    few = slice(0, context.pick(128, 16))
    found = {
        name: _trained(context, name, options)
        for name, options in _ARMS.items()
    }
    found["pretraining"] = context.digit_net("ae400-10")
    found["adversarial training"] = _trained(
        context,
        "adversarial training",
        _NONE,
        {"name": "fgsm", "epsilon": nets.EPSILON},
    )
    rows = []
    for name, net in found.items():
        least = context.run.attack(
            f"lbfgs-{name.replace(' ', '-')}",
            attacks.LBFGS(),
            net,
            images[few],
            labels[few],
            seed=context.seed,
        )
        right = least.success & (least.clean_predictions == least.labels)
        pgd = attacks.PGD(_EPSILONS[0], steps=20)(net, images[few], labels[few])
        cells = [Cell(answers.ask(net, images, labels).error)]
        for epsilon in _EPSILONS:
            made = nets.examples(net, images, labels, attacks.FGSM(epsilon))
            cells.append(Cell(answers.ask(net, made, labels).error))
        cells += [
            Cell(Rate.of(pgd.predictions != pgd.labels)),
            Cell(Mean.of(least.distortion[right])),
        ]
        rows.append(Row(name, tuple(cells)))
    return Findings(
        "Regularisers as defences",
        (
            Table(
                f"Error in % of {_NETWORK} on {len(images)} test images, "
                f"clipped; PGD and L-BFGS on {len(images[few])}",
                "trained with",
                (
                    "clean",
                    *(f"FGSM {epsilon:g}" for epsilon in _EPSILONS),
                    f"PGD {_EPSILONS[0]:g}",
                    "least distortion",
                ),
                tuple(rows),
            ),
            _l1_decay(context, images, labels),
        ),
        notes=(
            "The first is not a table of the paper, which says that dropout, "
            "pretraining and averaging of models do not reduce what fools a "
            "net by much; it prints no figures for it.",
            "Least distortion is the mean over images that the net reads "
            "rightly, found by L-BFGS with random targets. Pretraining is "
            "AE400-10: features of an autoencoder that are not trained "
            "further, and logits.",
            "Adversarial training, by FGSM of the larger epsilon, is there "
            "for comparison.",
            "L1 decay: with .0025 on the first layer the paper's net stayed "
            "above 5 % of training error; smaller coefficients let it learn, "
            "and were of no use to the test error. It prints no more. These "
            "nets had 8 epochs.",
            *context.pick(_SEEN, ()),
        ),
    )


def _l1_decay(
    context: Context, images: np.ndarray, labels: np.ndarray
) -> Table:
    """Trains maxout nets with L1 decay of their first layer."""
    train_images, train_labels = context.digits("train").sample(
        context.pick(10_000, 1000), context.seed
    )
    rows = []
    for l1 in _L1:
        net = nets.maxout(context, f"maxout-l1-{l1:g}", l1=l1)
        made = nets.examples(net, images, labels)
        said = (
            answers.ask(net, train_images, train_labels),
            answers.ask(net, images, labels),
            answers.ask(net, made, labels),
        )
        rows.append(Row(f"{l1:g}", tuple(Cell(x.error) for x in said)))
    return Table(
        f"L1 decay on the first layer of maxout nets: error in % on "
        f"{len(train_images)} training images and {len(images)} test images, "
        f"FGSM of {nets.EPSILON} unclipped",
        "coefficient",
        ("train", "test", "FGSM"),
        tuple(rows),
    )


def _trained(
    context: Context,
    name: str,
    options: dict[str, Any],
    attack: dict[str, Any] | None = None,
) -> Classifier:
    recipe = training.Recipe(
        epochs=context.pick(20, 15),
        learning_rate=2e-3,
        weight_decay=0.0,
        attack=attack,
    )
    return context.trained(
        name.replace(" ", "-"), _NETWORK, recipe, options=options
    )
