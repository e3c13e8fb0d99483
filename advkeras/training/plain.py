"""Training of any network by its recipe, resumable, through Keras fit()."""

import contextlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from advkeras import attacks
from advkeras import checks
from advkeras import datasets
from advkeras import files
from advkeras import models
from advkeras import packed
from advkeras.models.quocnet import stages
from advkeras.progress import bar as progress_bar
from advkeras.training import solver
from advkeras.training.adversarial import AdversarialTraining
from advkeras.training.autoencoder import pretrain_encoder
from advkeras.training.backup import Backup
from advkeras.training.draws import EpochDraws
from advkeras.training.lbfgs import fit_lbfgs
from advkeras.training.losses import LOSSES
from advkeras.training.losses import class_labels
from advkeras.training.recipes import Recipe
from advkeras.training.stages import pretrain_stages

_CHECKPOINT_EVERY = 50  # iterations of L-BFGS
_SOLVER = "solver_"  # before the names of its state in a checkpoint


def train(
    model: keras.Model,
    images: Any,
    labels: Any,
    recipe: Recipe,
    seed: int = 0,
    bounds: checks.Bounds = (0.0, 1.0),
    backup_dir: str | os.PathLike | None = None,
    progress: bool = False,
) -> keras.Model:
    """Trains a network in place.

    Args:
        model: A model from images to logits; left uncompiled for "lbfgs".
        images: (n, height, width, channels): an array, an `ImageSet` or a
            `tf.data.Dataset`; all are held.
        labels: int, (n,); None for those of a data set.
        recipe: How; see `advkeras.training.recipe`.
        seed: Seed of the order of the images, their augmentation and attack.
        bounds: (lower, upper) of every pixel, for a recipe with an attack.
        backup_dir: Where to keep what has been done; called again after an
            interruption, training goes on from there, and ends where it
            would have ended without. The caller removes the folder, once the
            model is safe.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The model.

    Warns:
        UserWarning: What was kept of "lbfgs" has no state of its solver: it
            goes another way down.

    Raises:
        ValueError: The images are not such as the model takes, or have no
            labels.
    """
    checks.check_seed("seed", seed)
    bounds = checks.check_bounds(bounds)
    needed = None if recipe.attack is None else bounds
    images, labels = datasets.examples_of(
        images, labels, needed, models.image_shape(model)
    )
    labels = class_labels(model, labels, len(images))
    backup = Path(backup_dir) if backup_dir is not None else None
    if recipe.encoder_epochs:
        _with_encoder(model, images, recipe.encoder_epochs, seed, backup)
    if recipe.optimizer == "lbfgs":
        _fit_lbfgs(model, images, labels, recipe, backup, progress)
    else:
        learner = model
        if recipe.attack is not None:
            attack = attacks.build(**recipe.attack)
            learner = AdversarialTraining(
                model, attack, bounds=bounds, seed=seed
            )
        _fit_adamw(learner, images, labels, recipe, seed, backup, progress)
    return model


def _with_encoder(
    model: keras.Model,
    images: np.ndarray,
    epochs: int,
    seed: int,
    backup: Path | None,
) -> None:
    done = backup / "encoder.npz" if backup is not None else None
    if done is not None and done.exists():
        with np.load(done, allow_pickle=False) as stored:
            _set_weights(model, stored)
        return
    learn = pretrain_stages if stages(model) else pretrain_encoder
    learn(model, images, epochs, seed)
    if done is not None:
        with files.replacing(done) as temporary:
            np.savez(temporary, **_weights(model))


def _weights(model: keras.Model) -> dict[str, Any]:
    """Returns a model's weights by names for an .npz file.

    Not for one of HDF5, which ends the process where the disk is full.
    """
    return {f"w{i}": w for i, w in enumerate(model.get_weights())}


def _set_weights(model: keras.Model, stored: Mapping[str, np.ndarray]) -> None:
    model.set_weights([stored[f"w{i}"] for i in range(len(model.weights))])


def _fit_lbfgs(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    backup: Path | None,
    progress: bool,
) -> None:
    done = 0
    more: dict[str, Any] = {}  # the solver's state, where it is kept
    with progress_bar(
        total=recipe.epochs,
        desc=model.name,
        unit="iteration",
        disable=not progress,
    ) as bar:
        checkpoint = backup / "lbfgs.npz" if backup is not None else None
        if checkpoint is not None and checkpoint.exists():
            what = "a checkpoint of this model; without it training begins anew"
            with (
                files.reading("backup_dir", checkpoint, what),
                np.load(checkpoint, allow_pickle=False) as stored,
            ):
                packed.check_sizes(checkpoint, models.DEFAULT_MAX_GB)
                done = int(stored["iterations"])
                _set_weights(model, stored)
                if done < recipe.epochs:
                    more["state"] = _solver_state(stored)
            bar.update(done)

        held: dict[str, Any] = {}
        if checkpoint is not None:
            more["keep"] = held.update

        def after(iteration: int, objective: float) -> None:
            bar.set_postfix(objective=f"{objective:.5f}", refresh=False)
            bar.update()
            if checkpoint is not None and iteration % _CHECKPOINT_EVERY == 0:
                state = {f"{_SOLVER}{name}": a for name, a in held.items()}
                with files.replacing(checkpoint) as temporary:
                    np.savez(
                        temporary,
                        iterations=done + iteration,
                        **_weights(model),
                        **state,
                    )

        if done < recipe.epochs:
            fit_lbfgs(
                model, images, labels, recipe.epochs - done, after, **more
            )


def _solver_state(stored: Mapping[str, np.ndarray]) -> solver.State | None:
    state = {
        name.removeprefix(_SOLVER): stored[name]
        for name in stored
        if name.startswith(_SOLVER)
    }
    if state and solver.has_state():
        return state
    warnings.warn(
        "`backup_dir` has weights of L-BFGS, but "
        + (
            "the SciPy that is installed cannot go on from its solver's state"
            if state
            else "no state of its solver"
        )
        + ": training goes on from the weights, and ends on others than it "
        "would have ended on without the interruption",
        stacklevel=4,
    )
    return None


def _fit_adamw(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seed: int,
    backup: Path | None,
    progress: bool,
) -> None:
    keras.utils.set_random_seed(seed)
    draws = EpochDraws()
    batches = _batches(images, labels, recipe, seed, draws.epoch)
    steps = recipe.epochs * len(batches)
    warmup = steps // 5
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        decay_steps=steps - warmup,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        loss=LOSSES[recipe.loss],
        metrics=["accuracy"],
    )
    callbacks: list[keras.callbacks.Callback] = [draws]
    first = 0
    if backup is not None:
        kept = Backup(backup / "fit.npz")
        callbacks.append(kept)
        first = kept.epoch
    with contextlib.ExitStack() as stack:
        if progress:
            bar = _ProgressBar(recipe.epochs, model.name)
            # Else it would be drawn once more, below the error.
            stack.callback(bar.bar.close)
            callbacks.append(bar)
        model.fit(
            batches,
            epochs=recipe.epochs,
            initial_epoch=first,
            callbacks=callbacks,
            shuffle=False,  # the batches are
            verbose=0,
        )


def _batches(
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seed: int,
    epoch: int | tf.Variable = 0,
) -> tf.data.Dataset:
    """Returns the images in an order of each epoch's own."""
    n = len(images)
    images, labels = tf.constant(images), tf.constant(labels)

    def batch(places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        now = tf.cast(epoch, tf.int64)
        rows = tf.random.experimental.index_shuffle(
            places, tf.stack([tf.constant(seed, tf.int64), now]), n - 1
        )
        shown = tf.gather(images, rows)
        if recipe.augment:
            shown = tf.map_fn(
                lambda pair: _shift_and_mirror(
                    pair[0], tf.stack([seed, now * n + pair[1]])
                ),
                (shown, rows),
                fn_output_signature=images.dtype,
            )
        return shown, tf.gather(labels, rows)

    places = tf.data.Dataset.range(n).batch(recipe.batch_size)
    # Not tuned while it runs: there is little to tune, and where this was
    # measured the tuner made every second epoch last twice as long.
    fixed = tf.data.Options()
    fixed.autotune.enabled = False
    batches = places.map(batch, num_parallel_calls=2).prefetch(2)
    return batches.with_options(fixed)


def _shift_and_mirror(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    size = tf.shape(image)
    padded = tf.pad(image, [[4, 4], [4, 4], [0, 0]], mode="REFLECT")
    image = tf.image.stateless_random_crop(padded, size, seed)
    return tf.image.stateless_random_flip_left_right(image, seed)


class _ProgressBar(keras.callbacks.Callback):
    """One line of progress for all epochs, as the other jobs show it."""

    def __init__(self, epochs: int, name: str):
        super().__init__()
        self.bar = progress_bar(total=epochs, desc=name, unit="epoch")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = {k: f"{v:.4f}" for k, v in (logs or {}).items()}
        self.bar.set_postfix(values, refresh=False)
        self.bar.update(epoch + 1 - self.bar.n)
