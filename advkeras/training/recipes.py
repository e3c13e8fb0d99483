"""How each network is trained, as data."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from advkeras import attacks
from advkeras import checks
from advkeras.training.losses import LOSSES

OPTIMIZERS = ("adamw", "lbfgs")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How to train one network.

    Attributes:
        optimizer: "lbfgs" (full batch, to convergence, as Szegedy et al. 2013)
            or "adamw" (warm-up, then cosine decay to zero).
        epochs: Passes over the data; for "lbfgs" its iterations, at most.
        batch_size: Images a step, for "adamw".
        learning_rate: The largest, for "adamw".
        weight_decay: Decoupled, for "adamw".
        augment: Whether to shift by up to 4 pixels and mirror, for "adamw".
        encoder_epochs: Passes over the images that train a frozen encoder, or
            each stage, before and without labels; 0 where there is none.
        attack: Makes examples to mix in half and half, as what
            `advkeras.attacks.build` takes, such as {"name": "fgsm",
            "epsilon": 0.25}; for "adamw". None: clean images alone.
        loss: How logits become probabilities, for "adamw": "softmax", or each
            class on its own by "sigmoid" or "exponential".
    """

    optimizer: str = "adamw"
    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    augment: bool = False
    encoder_epochs: int = 0
    attack: Mapping[str, Any] | None = None
    loss: str = "softmax"

    def __post_init__(self) -> None:
        checks.check_choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.check_choice("loss", self.loss, tuple(LOSSES))
        if self.attack is not None:
            _check_attack(self.attack)
            if self.optimizer != "adamw":
                raise ValueError(
                    "`attack` must be None where a network is trained by "
                    f"{self.optimizer!r}; others, conv-mnist or maxout, are "
                    f"not. Received: attack={self.attack!r}"
                )
        checks.check_count("epochs", self.epochs)
        checks.check_count("batch_size", self.batch_size)
        checks.check_positive("learning_rate", self.learning_rate)
        for name in ("weight_decay", "encoder_epochs"):
            checks.check_not_negative(name, getattr(self, name))


def _check_attack(options: Mapping[str, Any]) -> None:
    """Raises ValueError unless these are an attack and options of its own."""
    if not isinstance(options, Mapping) or "name" not in options:
        raise ValueError(
            "`attack` must be a name and options, such as {'name': 'fgsm', "
            f"'epsilon': 0.25}}. Received: attack={options!r}"
        )
    own = attacks.hyper_parameters(options["name"])
    others = sorted(set(options) - {"name", *own})
    if others:
        raise ValueError(
            f"`attack` {options['name']!r} must have options of its own: "
            f"{', '.join(own)}. Received: {', '.join(others)} among them"
        )
    try:
        attacks.build(**options)  # or says what is wrong with a value
    except TypeError as error:  # one that it has to have is missing
        raise ValueError(
            "`attack` must have all options that it needs. "
            f"Received: attack={options!r} ({error})"
        ) from error


_RECIPES = {
    "fc10": Recipe("lbfgs", epochs=300),
    "fc10-1e-2": Recipe("lbfgs", epochs=300),
    "fc10-1": Recipe("lbfgs", epochs=300),
    "fc100-100-10": Recipe("lbfgs", epochs=1000),
    "fc123-456-10": Recipe("lbfgs", epochs=1000),
    "fc200-200-10": Recipe("lbfgs", epochs=1000),
    "ae400-10": Recipe("lbfgs", epochs=800, encoder_epochs=30),
    "alexnet-cifar10": Recipe(
        epochs=10, learning_rate=2e-3, weight_decay=5e-3, augment=True
    ),
    "quocnet": Recipe(
        epochs=10, learning_rate=3e-3, weight_decay=1e-2, encoder_epochs=4
    ),
    "maxout": Recipe(
        epochs=80, batch_size=128, learning_rate=2e-3, weight_decay=0.0
    ),
    "conv-maxout": Recipe(
        epochs=10, learning_rate=2e-3, weight_decay=0.0, augment=True
    ),
    "rbf": Recipe(
        epochs=20,
        batch_size=100,
        learning_rate=1e-2,
        weight_decay=0.0,
        loss="exponential",
    ),
    "conv-cifar10": Recipe(
        epochs=15, learning_rate=1e-2, weight_decay=5e-3, augment=True
    ),
}


def recipe(name: str) -> Recipe:
    """Returns the recipe of a registered network, or the common one."""
    return _RECIPES.get(name, Recipe())
