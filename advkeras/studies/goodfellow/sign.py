"""Section 4: the fast gradient sign method on nets of several kinds."""

import numpy as np

from advkeras import attacks
from advkeras.classifier import Classifier
from advkeras.loading import load
from advkeras.report import figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

_Printed = tuple[float, float | None, float | None]
_SOFTMAX: _Printed = (99.9, 79.3, None)
# Ours -> the paper's name, its error, confidence, and that on mistakes.
_DIGITS: dict[str, tuple[str, _Printed]] = {
    "fc10-1e-4": ("shallow softmax, decay 1e-4", _SOFTMAX),
    "fc10-1e-2": ("shallow softmax, decay 1e-2", _SOFTMAX),
    "fc10-1": ("shallow softmax, decay 1", _SOFTMAX),
    "maxout": ("maxout", (89.4, 97.6, None)),
}
# 0.1 on images that pylearn2 made of standard deviation 0.5: a fifth of it.
_PHOTO_EPSILON = 0.05


def fgsm(context: Context) -> Findings:
    """Measures error and confidence under FGSM, clipped and not."""
    images, labels = nets.test_images(context)
    rows = []
    for name, (paper, printed) in _DIGITS.items():
        net = context.digit_net(name)
        rows.append(_row(net, paper, images, labels, nets.EPSILON, printed))
        if name == "maxout":
            figures.gallery(
                nets.CLIPPED(net, images[:8], labels[:8]),
                context.run.output / "gallery.png",
                tuple("0123456789"),
                count=8,
            )
    photos, classes = context.photos("test").sample(
        context.pick(10_000, 500), context.seed
    )
    rows.append(
        _row(
            load(nets.PHOTOGRAPHS),
            "convolutional maxout, CIFAR-10",
            photos,
            classes,
            _PHOTO_EPSILON,
            (87.15, None, 96.6),
        )
    )
    return Findings(
        "Section 4: the fast gradient sign method",
        (
            Table(
                f"Error and mean confidence in % on {len(images)} test digits "
                f"at epsilon {nets.EPSILON}, {len(photos)} photographs at "
                f"{_PHOTO_EPSILON}",
                "net",
                (
                    "clean error",
                    *answers.HEADINGS,
                    *(f"clipped: {h}" for h in answers.HEADINGS),
                ),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "Whether the paper's average confidence is over all images or "
            "over mistakes is not said for the nets of digits; it stands "
            "beside that over all. That of softmax regression is a matter of "
            "its weight decay, which is not said either.",
            nets.MAXOUT,
            "The paper's photographs were normalised to a standard deviation "
            "of about 0.5, ours are pixels in [0, 1] with one of 0.25; its "
            "epsilon of 0.1 is 0.05 here. Its net is larger: ours has a "
            "quarter of the channels of the net in the maxout paper.",
        ),
        pictures={"gallery.png": "Maxout: clean, adversarial, difference."},
    )


def _row(
    net: Classifier,
    name: str,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
    printed: _Printed,
) -> Row:
    made = [
        answers.ask(
            net,
            attacks.FGSM(epsilon, clip=clip)(net, images, labels).images,
            labels,
        ).cells(*published)
        for clip, published in ((False, printed), (True, ()))
    ]
    clean = answers.ask(net, images, labels)
    return Row(name, (Cell(clean.error), *made[0], *made[1]))
