"""What a study is given: where it writes, how large it is, data and nets."""

import dataclasses
from typing import Any
from typing import TypeVar

from advkeras import checks
from advkeras import datasets
from advkeras import models
from advkeras import training
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.report import Run

SCALES = ("paper", "small")

T = TypeVar("T")

# The nets of the paper that are trained on halves of MNIST, at small scale on
# halves of the embedded digits: name -> (network, split, seed).
_HALVES = {
    "m1": ("fc100-100-10", "train[:2000]", 0),
    "m1-prime": ("fc123-456-10", "train[:2000]", 0),
    "m2": ("fc100-100-10", "train[2000:]", 1),
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
            return Classifier.load(name)
        return Classifier.load(self._trained(name))

    def card(self, name: str) -> dict[str, Any]:
        """Returns the card of a net that `digit_net` returns."""
        if self.scale == "paper":
            return models.read_card(models.saved_models()[name])
        return models.read_card(self._trained(name))

    def _trained(self, name: str) -> Any:
        path = self.run.output / "models" / f"{name}.keras"
        default = (name.removesuffix("-1e-4"), "train", 0)
        network, split, seed = _HALVES.get(name, default)
        recipe = training.recipe(network)
        training.train_to_file(
            path,
            network,
            datasets.load("mnist5k", split),
            datasets.load("mnist5k", "test"),
            dataclasses.replace(
                recipe,
                epochs=min(recipe.epochs, _SMALL_EPOCHS[recipe.optimizer]),
            ),
            seed=seed,
            progress=True,
        )
        return path
