"""Adversarial outputs of one layer, a part of which is made anew at a time."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras import fixed
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.training.layerwise import cut


class Pool(keras.layers.Layer):
    """Adversarial examples against the layers above one layer."""

    def __init__(
        self,
        model: keras.Model,
        name: str,
        attack: Attack,
        bounds: Mapping[str, checks.Bounds],
        size: int,
    ):
        super().__init__(name=f"pool_of_{name}")
        if not isinstance(attack, Attack):
            raise ValueError(
                "`attacks` must be an Attack, or map names of layers to such. "
                f"Received: attacks with {name!r}: {attack!r}"
            )
        self.below, self.above = cut.cut(model, name)
        self.attack = attack
        self.size = size
        self.classifier = Classifier(
            self.above, cut.output_range(model, name, bounds), outputs="logits"
        )
        shape = self.classifier.image_shape
        self.examples = self.add_weight(
            (size, *shape), "zeros", trainable=False, name="examples"
        )
        self.labels = self.add_weight(
            (size,), "zeros", "int32", trainable=False, name="labels"
        )
        self.built = True

    def __setattr__(self, name: str, value: Any) -> None:
        fixed.check_unset(
            self, name, value, ("below", "above", "classifier", "size")
        )
        super().__setattr__(name, value)

    def draw(self, n: Any, seed: keras.random.SeedGenerator) -> Any:
        """Returns n random examples and their labels, with repetition."""
        rows = keras.random.randint((n,), 0, self.size, seed=seed)
        return (
            keras.ops.take(self.examples, rows, axis=0),
            keras.ops.take(self.labels, rows, axis=0),
        )

    def replace(
        self,
        rows: np.ndarray,
        images: np.ndarray,
        labels: np.ndarray,
        seed: int,
    ) -> None:
        """Puts examples made of `images` in the place of those of `rows`."""
        outputs = np.asarray(self.below(images, training=False))
        outputs = outputs.clip(*channels.lower_upper(self.classifier.bounds))
        found = self.attack(
            self.classifier,
            outputs,
            labels,
            batch_size=len(outputs),
            seed=seed,
        )
        # In place: a pool of images may be large.
        self.examples.value.scatter_nd_update(rows[:, None], found.images)
        self.labels.value.scatter_nd_update(
            rows[:, None], labels.astype(np.int32)
        )
