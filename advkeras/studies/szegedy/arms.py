"""Section 4.2: one net, trained in different ways on one schedule."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from advkeras import checks
from advkeras import models
from advkeras import training
from advkeras.attacks import FGSM
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet

# Of all arms alike.
_SCHEDULE: dict[str, Any] = {
    "batch_size": 256,
    "learning_rate": 5e-3,
    "pool_size": 10_000,
    "refresh": 2_000,
    "every": 20,
}


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way of training FC100-100-10.

    Attributes:
        shows: What it is, for a table.
        weight_decay: lambda of each layer, of `lambda / 2 * sum(w^2)`.
        dropout: Share of the pixels, and of hidden units, left out.
        attacks: What fills the pools; see `advkeras.training.fit_layerwise`.
        published: The paper's test error in percent; None where it has none.
    """

    shows: str
    weight_decay: float
    dropout: tuple[float, float] = (0.0, 0.0)
    attacks: Mapping[str, Attack] = dataclasses.field(default_factory=dict)
    published: float | None = None


def _pools(**epsilons: float) -> dict[str, Attack]:
    return {name: FGSM(e, norm="l2") for name, e in epsilons.items()}


# Chosen on training images held out: the last 10,000, of nets trained on the
# first 20,000 or 50,000.
ARMS = {
    "weight_decay": Arm("weight decay alone", 1e-4, published=1.6),
    "dropout": Arm("dropout", 1e-6, dropout=(0.2, 0.1), published=1.3),
    "layerwise": Arm(
        "pools of images and of both hidden layers",
        3e-5,
        attacks=_pools(input=1.5, hidden1=0.3, hidden2=0.3),
        published=1.2,
    ),
}


def run(
    arm: str,
    seed: int,
    train_set: ImageSet,
    test_set: ImageSet,
    epochs: int = 40,
    backup_dir: str | os.PathLike | None = None,
    **schedule: Any,
) -> dict[str, Any]:
    """Trains one net in one way and tests it.

    Args:
        arm: A name of `ARMS`.
        seed: Seed of the weights, the order of the images and the pools.
        train_set: What to train on.
        test_set: What to test on; shown to the net once, after training.
        epochs: Passes over the images.
        backup_dir: As for `advkeras.training.fit_layerwise`.
        **schedule: Other options of `fit_layerwise` than those of the study,
            as smaller pools for fewer images.

    Returns:
        What was trained and how, and its errors on both sets (shares, 0 to
        1), as JSON values.

    Raises:
        ValueError: There is no such arm, or the data do not fit.
    """
    checks.check_choice("arm", arm, tuple(ARMS))
    settings = ARMS[arm]
    options = {**_SCHEDULE, **schedule}
    model = models.build(
        "fc100-100-10",
        seed=seed,
        weight_decay=(settings.weight_decay,) * 3,
        dropout=settings.dropout,
        input_shape=train_set.image_shape,
    )
    classifier = Classifier(model, train_set.bounds)
    for data in (train_set, test_set):
        classifier.check_fits(data)
    training.fit_layerwise(
        model,
        train_set.images,
        train_set.labels,
        settings.attacks,
        bounds={"input": train_set.bounds},
        epochs=epochs,
        seed=seed,
        backup_dir=backup_dir,
        **options,
    )
    errors = {
        key: float((classifier.predict(data.images) != data.labels).mean())
        for key, data in (("train_error", train_set), ("test_error", test_set))
    }
    return {
        "arm": arm,
        "seed": seed,
        "epochs": epochs,
        "weight_decay": settings.weight_decay,
        "dropout": list(settings.dropout),
        "attacks": {k: str(v) for k, v in settings.attacks.items()},
        **options,
        "train_images": len(train_set),
        "test_images": len(test_set),
        **errors,
    }
