"""What a study is given: where it writes, how large it is, data and nets."""

import dataclasses
from collections.abc import Mapping
from typing import Any
from typing import TypeVar

from advkeras import checks
from advkeras import datasets
from advkeras import models
from advkeras import training
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.loading import load
from advkeras.report import Run

SCALES = ("paper", "small")

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class _Small:
    """How a net of saved_models is trained at small scale, on few digits."""

    network: str
    split: str = "train"
    seed: int = 0
    recipe: dict[str, Any] = dataclasses.field(default_factory=dict)


_FGSM = {"name": "fgsm", "epsilon": 0.25, "clip": False}
_QUICK = {"epochs": 15, "batch_size": 64}
_SMALL = {
    # Szegedy et al.: halves of the training set.
    "m1": _Small("fc100-100-10", "train[:2000]"),
    "m1-prime": _Small("fc123-456-10", "train[:2000]"),
    "m2": _Small("fc100-100-10", "train[2000:]", 1),
    # Goodfellow et al.
    "maxout": _Small("maxout", recipe=_QUICK),
    "maxout-adversarial": _Small("maxout", recipe={**_QUICK, "attack": _FGSM}),
    "rbf": _Small("rbf", recipe={"epochs": 30}),
}
_SMALL_EPOCHS = {"lbfgs": 200, "adamw": 5}


@dataclasses.dataclass(frozen=True)
class Context:
    """What a study works with.

    Attributes:
        run: Where it writes, and what is there already.
        scale: "paper" (MNIST and the nets of saved_models) or "small" (the
            embedded digits and nets trained on them in seconds).
        data_dir: Where TFDS keeps its sets; None for the environment's.
        seed: Seed of every random choice.

    Raises:
        ValueError: There is no such scale.
    """

    run: Run
    scale: str = "paper"
    data_dir: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        checks.check_choice("scale", self.scale, SCALES)
        checks.check_seed("seed", self.seed)

    def pick(self, paper: T, small: T) -> T:
        """Returns the value of this scale."""
        return paper if self.scale == "paper" else small

    def digits(self, split: str) -> ImageSet:
        """Returns a split of MNIST, or of the embedded digits."""
        name = self.pick("mnist", "mnist5k")
        return datasets.load(name, split, data_dir=self.data_dir)

    def photos(self, split: str) -> ImageSet:
        """Returns a split of CIFAR-10, at either scale."""
        return datasets.load("cifar10", split, data_dir=self.data_dir)

    def digit_net(self, name: str) -> Classifier:
        """Returns a net for digits: from saved_models, or trained small.

        Args:
            name: A saved_models name.
        """
        if self.scale == "paper":
            return load(name)
        return load(self._trained(name))

    def card(self, name: str) -> dict[str, Any]:
        """Returns the card of a net that `digit_net` returns."""
        if self.scale == "paper":
            return models.read_card(models.saved_models()[name])
        return models.read_card(self._trained(name))

    def trained(
        self,
        name: str,
        network: str,
        recipe: training.Recipe,
        split: str = "train",
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> Classifier:
        """Returns a net for digits that is trained here, or was before.

        Args:
            name: Name of its file, in the run's folder.
            network: Registered name.
            recipe: How to train it.
            split: Which digits to train it on.
            seed: Seed of its weights and of training.
            options: For the network's builder.
        """
        path = self.run.output / "models" / f"{name}.keras"
        training.train_to_file(
            path,
            network,
            self.digits(split),
            self.digits("test"),
            recipe,
            seed=seed,
            options=options,
            progress=self.run.progress,
        )
        return load(path)

    def _trained(self, name: str) -> Any:
        small = _SMALL.get(name, _Small(name.removesuffix("-1e-4")))
        recipe = training.recipe(small.network)
        epochs = min(recipe.epochs, _SMALL_EPOCHS[recipe.optimizer])
        changes = {"epochs": epochs, **small.recipe}
        self.trained(
            name,
            small.network,
            dataclasses.replace(recipe, **changes),
            small.split,
            small.seed,
        )
        return self.run.output / "models" / f"{name}.keras"
