"""Training of any network by its recipe, resumable, through Keras fit()."""

import os
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tqdm

from advkeras import files
from advkeras.models.quocnet import stages
from advkeras.training.autoencoder import pretrain_encoder
from advkeras.training.lbfgs import fit_lbfgs
from advkeras.training.recipes import Recipe
from advkeras.training.stages import pretrain_stages

_CHECKPOINT_EVERY = 50  # iterations of L-BFGS


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    seed: int = 0,
    backup_dir: str | os.PathLike | None = None,
    progress: bool = False,
) -> keras.Model:
    """Trains a network in place.

    Args:
        model: A model from images to logits; left uncompiled for "lbfgs".
        images: float32, (n, height, width, channels).
        labels: int, (n,).
        recipe: How; see `advkeras.training.recipe`.
        seed: Seed of the order of the images and their augmentation.
        backup_dir: Where to keep what has been done; called again after an
            interruption, training goes on from there (for "adamw" with the
            images in another order than without the interruption). The
            caller removes it, once the model is safe.
        progress: Whether to show a progress bar on stderr.

    Returns:
        The model.
    """
    backup = Path(backup_dir) if backup_dir is not None else None
    if recipe.encoder_epochs:
        _with_encoder(model, images, recipe.encoder_epochs, seed, backup)
    if recipe.optimizer == "lbfgs":
        _fit_lbfgs(model, images, labels, recipe, backup, progress)
    else:
        _fit_adamw(model, images, labels, recipe, seed, backup, progress)
    return model


def _with_encoder(
    model: keras.Model,
    images: np.ndarray,
    epochs: int,
    seed: int,
    backup: Path | None,
) -> None:
    done = backup / "encoder.weights.h5" if backup is not None else None
    if done is not None and done.exists():
        model.load_weights(done)
        return
    learn = pretrain_stages if stages(model) else pretrain_encoder
    learn(model, images, epochs, seed)
    if done is not None:
        with files.replacing(done) as temporary:
            model.save_weights(temporary)


def _fit_lbfgs(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    recipe: Recipe,
    backup: Path | None,
    progress: bool,
) -> None:
    done = 0
    with tqdm.tqdm(
        total=recipe.epochs,
        desc=model.name,
        unit="iteration",
        disable=not progress,
    ) as bar:
        checkpoint = backup / "lbfgs.npz" if backup is not None else None
        if checkpoint is not None and checkpoint.exists():
            with np.load(checkpoint, allow_pickle=False) as stored:
                done = int(stored["iterations"])
                model.set_weights(
                    [stored[f"w{i}"] for i in range(len(model.weights))]
                )
            bar.update(done)

        def after(iteration: int, objective: float) -> None:
            bar.set_postfix(objective=f"{objective:.5f}", refresh=False)
            bar.update()
            if checkpoint is not None and iteration % _CHECKPOINT_EVERY == 0:
                weights = {
                    f"w{i}": w for i, w in enumerate(model.get_weights())
                }
                with files.replacing(checkpoint) as temporary:
                    np.savez(temporary, iterations=done + iteration, **weights)

        if done < recipe.epochs:
            fit_lbfgs(model, images, labels, recipe.epochs - done, after)


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
    batches = _batches(images, labels, recipe, seed)
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
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    callbacks: list[keras.callbacks.Callback] = []
    if backup is not None:
        callbacks.append(
            keras.callbacks.BackupAndRestore(
                backup / "fit", delete_checkpoint=False
            )
        )
    if progress:
        callbacks.append(_ProgressBar(recipe.epochs, model.name))
    model.fit(
        batches,
        epochs=recipe.epochs,
        callbacks=callbacks,
        shuffle=False,  # the batches are
        verbose=0,
    )


def _batches(
    images: np.ndarray, labels: np.ndarray, recipe: Recipe, seed: int
) -> tf.data.Dataset:
    examples = tf.data.Dataset.from_tensor_slices((images, labels))
    examples = examples.shuffle(len(images), seed=seed)
    if recipe.augment:
        counter = tf.data.Dataset.random(seed=seed)
        examples = tf.data.Dataset.zip(examples, counter).map(
            lambda pair, number: (_shift_and_mirror(pair[0], number), pair[1]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
    return examples.batch(recipe.batch_size).prefetch(tf.data.AUTOTUNE)


def _shift_and_mirror(image: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    seed = tf.stack([number, number + 1])
    size = tf.shape(image)
    padded = tf.pad(image, [[4, 4], [4, 4], [0, 0]], mode="REFLECT")
    image = tf.image.stateless_random_crop(padded, size, seed)
    return tf.image.stateless_random_flip_left_right(image, seed)


class _ProgressBar(keras.callbacks.Callback):
    """One line of progress for all epochs, as the other jobs show it."""

    def __init__(self, epochs: int, name: str):
        super().__init__()
        self.bar = tqdm.tqdm(total=epochs, desc=name, unit="epoch")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = {k: f"{v:.4f}" for k, v in (logs or {}).items()}
        self.bar.set_postfix(values, refresh=False)
        self.bar.update(epoch + 1 - self.bar.n)

    def on_train_end(self, logs: dict | None = None) -> None:
        self.bar.close()
