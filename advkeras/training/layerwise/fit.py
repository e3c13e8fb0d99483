"""Layer-wise adversarial training: Szegedy et al. 2013, section 4.2."""

import os
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from advkeras import checks
from advkeras import fixed
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.training.backup import Backup
from advkeras.training.layerwise import cut
from advkeras.training.layerwise.cut import INPUT
from advkeras.training.layerwise.pool import Pool


def fit_layerwise(
    model: keras.Model,
    images: Any,
    labels: Any,
    attacks: Attack | Mapping[str, Attack],
    *,
    bounds: Mapping[str, checks.Bounds] | None = None,
    weight: float = 1.0,
    pool_size: int = 10_000,
    refresh: int = 1_000,
    every: int = 10,
    epochs: int = 10,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    seed: int = 0,
    validation_data: Any = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    backup_dir: str | os.PathLike | None = None,
) -> keras.callbacks.History:
    """Trains on images and on pools of adversarial outputs of layers.

    Each pool holds adversarial examples against the layers above one layer:
    outputs of that layer, changed a little so that what lies above errs, with
    the true labels of the images behind them. Each step takes a batch of
    images, which trains the whole model, and a batch of each pool, which
    trains the layers above it. Every few steps a random part of each pool
    gives way to examples made anew, of random training images and against
    the weights of that moment.

    Minimised by Adam, whose rate falls to 0 along a cosine, is

        CE(images) + weight * sum of CE(pool) over pools + the model's losses

    with CE the mean cross-entropy of a batch. (The paper alternates between
    the pools, and says neither their sizes, rates or weights nor how long it
    trained.) Without pools it is plain training, which is what to compare
    with.

    Args:
        model: A built functional or Sequential model from images to logits.
            Trained in place; it stays the plain model that it was.
        images: (n, height, width, channels), within their bounds: an array,
            an `ImageSet` or a `tf.data.Dataset`.
        labels: int, (n,); None for those of a data set.
        attacks: Layer name -> the attack that makes its pool's examples, in
            the units of that layer's output; "input" names the images. One
            attack for all: the images and each layer with an activation, but
            for the last. An empty mapping: no pools.
        bounds: Layer name -> (lower, upper) of its outputs, which are clipped
            to them. By default (0, 1) for images, and what is known of a
            layer's activation; needed where that has no bounds, as ReLU.
        weight: Of each pool's loss; that of the images has 1.
        pool_size: Examples in each pool.
        refresh: How many of them are replaced at a time.
        every: Steps from one replacement to the next.
        epochs: Passes over the images.
        batch_size: Images, and examples of each pool, a step.
        learning_rate: Of Adam, at the start.
        seed: Seed of the order of the images and all choices of the pools.
        validation_data: As for `keras.Model.fit`; loss and accuracy of the
            plain model.
        callbacks: As for `keras.Model.fit`, but their `model` is the one that
            is fitted: the plain model and its pools.
        backup_dir: Where to keep weights, pools and optimiser after every
            epoch; called again after an interruption, training goes on from
            there (with the images in another order than without the
            interruption). The caller removes it, once the model is safe.

    Returns:
        The history of `keras.Model.fit`.

    Raises:
        ValueError: An argument is not as described, or the model's graph
            cannot be cut behind a layer.

    Example:
        >>> attacks = {"hidden1": FGSM(0.2), "hidden2": FGSM(0.3)}
        >>> ak.training.fit_layerwise(model, images, labels, attacks)
    """
    for name, value in (
        ("pool_size", pool_size),
        ("refresh", refresh),
        ("every", every),
        ("epochs", epochs),
        ("batch_size", batch_size),
    ):
        checks.check_count(name, value)
    checks.check_positive("weight", weight)
    checks.check_positive("learning_rate", learning_rate)
    if refresh > pool_size:
        raise ValueError(
            f"`refresh` must be at most pool_size={pool_size}. "
            f"Received: refresh={refresh}"
        )
    checks.check_seed("seed", seed)
    if not isinstance(bounds, Mapping | None):
        raise ValueError(
            "`bounds` must be layer name -> (lower, upper). "
            f"Received: bounds={bounds!r}"
        )
    bounds = {INPUT: (0.0, 1.0), **(bounds or {})}
    whole = Classifier(model, bounds[INPUT], outputs="logits")
    images, labels = whole.examples(images, labels)
    labels = checks.check_labels(labels, len(images), whole.num_classes)
    if isinstance(attacks, Attack):
        attacks = dict.fromkeys(cut.names(model), attacks)

    keras.utils.set_random_seed(seed)
    pools = [
        Pool(model, name, attack, bounds, pool_size)
        for name, attack in attacks.items()
    ]
    trainer = _Trainer(model, pools, weight, seed)
    steps = epochs * -(-len(images) // batch_size)
    trainer.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=every,  # and between executions pools are renewed
    )
    all_callbacks: list[keras.callbacks.Callback] = [
        _Renewal(pools, images, labels, refresh, seed)
    ]
    first = 0
    if backup_dir is not None:
        # After: what it restores goes before new pools.
        backup = Backup(Path(backup_dir) / "fit.npz")
        all_callbacks.append(backup)
        first = backup.epoch
    return trainer.fit(
        images,
        labels,
        batch_size=batch_size,
        epochs=epochs,
        initial_epoch=first,
        validation_data=validation_data,
        callbacks=[*all_callbacks, *callbacks],
        verbose=0,
    )


class _Trainer(keras.Model):
    """A model whose loss in training has a term for each pool."""

    def __init__(
        self,
        plain: keras.Model,
        pools: Sequence[Pool],
        weight: float,
        seed: int,
    ):
        super().__init__(name=f"{plain.name}_with_pools")
        self.plain = plain
        self.pools = list(pools)
        self.weight = weight
        self.seed = keras.random.SeedGenerator(seed)
        self.built = True

    def __setattr__(self, name: str, value: Any) -> None:
        # Callbacks of the user's see this model.
        fixed.check_unset(
            self, name, value, ("plain", "pools", "weight", "seed")
        )
        super().__setattr__(name, value)

    def call(self, images: Any, training: bool | None = None) -> Any:
        return self.plain(images, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Adds the pools' losses to that of the images."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        for pool in self.pools:
            examples, labels = pool.draw(keras.ops.shape(y)[0], self.seed)
            losses = keras.losses.sparse_categorical_crossentropy(
                labels, pool.above(examples, training=True), from_logits=True
            )
            loss += self.weight * keras.ops.mean(losses)
        return loss


class _Renewal(keras.callbacks.Callback):
    """Fills the pools, then replaces a part of them after each execution."""

    def __init__(
        self,
        pools: Sequence[Pool],
        images: np.ndarray,
        labels: np.ndarray,
        refresh: int,
        seed: int,
    ):
        super().__init__()
        self.pools = pools
        self.images = images
        self.labels = labels
        self.refresh = refresh
        self.seed = seed

    def on_train_begin(self, logs: dict | None = None) -> None:
        for pool in self.pools:
            size = pool.size
            for start in range(0, size, self.refresh):
                stop = min(start + self.refresh, size)
                self._replace(pool, np.arange(start, stop))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        for pool in self.pools:
            random = self._random(pool)
            rows = random.choice(pool.size, self.refresh, replace=False)
            self._replace(pool, rows)

    def _replace(self, pool: Pool, rows: np.ndarray) -> None:
        random = self._random(pool, rows[0])
        chosen = random.integers(len(self.images), size=len(rows))
        pool.replace(
            rows,
            self.images[chosen],
            self.labels[chosen],
            seed=int(random.integers(2**31)),
        )

    def _random(self, pool: Pool, *more: int) -> np.random.Generator:
        # By the step, not by what was drawn before: a resumed fit agrees.
        step = int(self.model.optimizer.iterations)
        key = (self.seed, step, self.pools.index(pool), *more)
        return np.random.default_rng(key)
