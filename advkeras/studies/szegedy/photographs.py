"""Figures 5 and 6: AlexNet and QuocNet, fooled by changes nobody sees."""

import numpy as np

from advkeras import attacks
from advkeras import datasets
from advkeras import models
from advkeras.attacks import AttackResult
from advkeras.datasets import ImageSet
from advkeras.evaluation import Mean
from advkeras.evaluation import Rate
from advkeras.loading import load
from advkeras.report import figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table

_PRINTED = 0.006508  # AlexNet's mean distortion over 64 images, from memory
_CLASS = "bird"  # the paper's is an ostrich


def alexnet(context: Context) -> Findings:
    """Turns photographs that AlexNet reads rightly into one class."""
    data = context.photos("test")
    return _findings(
        context,
        f"Figure 5: AlexNet, every photograph turned into a {_CLASS}",
        "alexnet-cifar10",
        data,
        data.class_names.index(_CLASS),
        _PRINTED,
        notes=(
            "The paper's AlexNet sees ImageNet, 227 x 227 pixels and 1,000 "
            "classes; this one CIFAR-10, 32 x 32 and 10, and is a fifth as "
            "wide. Distortion is a pixel's, but the fewer pixels share the "
            "change, the larger each one's part.",
        ),
    )


def quocnet(context: Context) -> Findings:
    """Turns photographs of cars, seen by features without labels, into none."""
    return _findings(
        context,
        "Figure 6: QuocNet, cars turned into no cars",
        "quocnet-cifar10",
        datasets.load("cifar10=automobile", "test", data_dir=context.data_dir),
        0,
        None,
        notes=(
            "The paper's car classifier stands on the last features of a net "
            "that saw 10 million frames of video, without fine-tuning. This "
            "one stands on three stages that saw the 10,000 training images, "
            "half of them cars, without their labels; they are not "
            "fine-tuned either. The paper prints no distortion for it, as far "
            "as is known here.",
        ),
    )


def _attack(
    context: Context, name: str, data: ImageSet, target: int
) -> AttackResult:
    """Attacks random images of other classes that the net reads rightly."""
    net = load(name)
    images, labels = data.sample(1000, context.seed)
    right = net.predict(images) == labels
    rows = np.flatnonzero(right & (labels != target))[: context.pick(64, 16)]
    return context.run.attack(
        f"lbfgs-{name}",
        attacks.LBFGS(),
        net,
        images[rows],
        labels[rows],
        seed=context.seed,
        targets=np.full(len(rows), target),
    )


def _findings(
    context: Context,
    title: str,
    name: str,
    data: ImageSet,
    target: int,
    printed: float | None,
    notes: tuple[str, ...],
) -> Findings:
    result = _attack(context, name, data, target)
    card = models.read_card(models.saved_models()[name])
    wrong = round(card["test_error"] * card["test_images"])
    cells = (
        Cell(Rate(wrong, card["test_images"])),
        Cell(Rate.of(result.success), 100, recalled=True),
        Cell(Mean.of(result.distortion[result.success]), printed, True),
        Cell(float(result.distortion.max())),
        Cell(Mean.of(result.l2[result.success])),
    )
    figures.gallery(
        result,
        context.run.output / "gallery.png",
        data.class_names,
        count=8,
        magnify=10,
    )
    return Findings(
        title,
        (
            Table(
                f"{len(result)} test images that the net reads rightly",
                "net",
                (
                    "test error",
                    "success",
                    "mean distortion",
                    "largest",
                    "mean L2",
                ),
                (Row(name, cells),),
            ),
        ),
        notes=notes,
        pictures={
            "gallery.png": "Clean, adversarial, and the difference ten times "
            "as large, grey for none."
        },
        details={"model": card},
    )
