"""A callback that attacks a few images while a model is trained."""

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from advkeras import channels
from advkeras import checks
from advkeras import datasets
from advkeras import fixed
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import fooled
from advkeras.classifier import Classifier
from advkeras.report import figures


class AttackMonitor(keras.callbacks.Callback):
    """Attacks held-out images after epochs of `fit()`, and says what it finds.

    Robust accuracy, the share of the images that is still read rightly, and
    the mean distortion of the examples that fool the model join the epoch's
    logs, as `robust_accuracy` and `distortion`. So the history has them, and
    every callback that stands behind this one: `CSVLogger`, `TensorBoard`,
    `EarlyStopping`.

    Args:
        attack: Any attack.
        images: A few held-out images, (n, height, width, channels), within
            the bounds; or an `ImageSet` or a `tf.data.Dataset` of them.
        labels: Their true labels; None for those of a data set.
        bounds: (lower, upper) of every pixel.
        every: Epochs from one attack to the next; the first is attacked.
        pictures: Folder for a picture of clean and adversarial images after
            each attack, epoch-001.png and so on; None for none.
        class_names: What each label stands for, for the pictures; None for
            the numbers.
        log_dir: Folder of TensorBoard, for the same pictures and figures;
            None for none. Needs the extra `tensorboard`.
        prefix: Before the names, where several monitors run side by side.
        verbose: Whether to print a line after each attack.
        seed: Seed of the attack.

    Raises:
        ValueError: An argument is not as described.
        ImportError: `log_dir` is given and TensorBoard is not installed.

    Example:
        >>> monitor = ak.report.AttackMonitor(FGSM(0.1), images, labels)
        >>> model.fit(x, y, callbacks=[monitor, CSVLogger("log.csv")])
    """

    def __init__(
        self,
        attack: Attack,
        images: Any,
        labels: Any = None,
        bounds: checks.Bounds = (0.0, 1.0),
        every: int = 1,
        pictures: str | os.PathLike | None = None,
        class_names: Sequence[str] | None = None,
        log_dir: str | os.PathLike | None = None,
        prefix: str = "",
        verbose: bool = True,
        seed: int = 0,
    ):
        super().__init__()
        if not isinstance(attack, Attack):
            raise ValueError(
                f"`attack` must be an Attack. Received: attack={attack!r}"
            )
        checks.check_count("every", every)
        checks.check_seed("seed", seed)
        self.bounds = checks.check_bounds(bounds)
        self.images, labels = datasets.examples_of(
            images, labels, self.bounds, None
        )
        checks.check_given("labels", labels)
        self.labels = labels
        if log_dir is not None and not importlib.util.find_spec("tensorboard"):
            raise ImportError(
                "`log_dir` needs TensorBoard: pip install "
                f"'advkeras[tensorboard]'. Received: log_dir={str(log_dir)!r}"
            )
        self.attack = attack
        self.every = every
        self.pictures = None if pictures is None else Path(pictures)
        self.class_names = class_names
        self.log_dir = log_dir
        self.prefix = prefix
        self.verbose = verbose
        self.seed = seed
        self._classifier: Classifier | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        # The classifier, which is made when training begins, has them.
        fixed.check_unset(self, name, value, ("bounds",))
        super().__setattr__(name, value)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Checks that the images fit the model, before any training."""
        self._classifier = None
        if self.model.built:
            self._look_at_model()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Checks it now, where Keras builds a model by its first batch."""
        if self._classifier is None:
            self._look_at_model()

    def _look_at_model(self) -> None:
        # What a trainer of this package trains it has as `plain`.
        plain = getattr(self.model, "plain", self.model)
        self._classifier = Classifier(plain, self.bounds)
        self.images = checks.check_images(
            self.images, self.bounds, self._classifier.image_shape
        )
        self.labels = checks.check_labels(
            self.labels, len(self.images), self._classifier.num_classes
        )
        classes = self._classifier.num_classes
        if self.class_names is not None and len(self.class_names) < classes:
            raise ValueError(
                f"`class_names` must name the {classes} classes. "
                f"Received: class_names={list(self.class_names)}"
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Attacks, where it is this epoch's turn."""
        if epoch % self.every:
            return
        result = self.attack(
            self._classifier, self.images, self.labels, seed=self.seed
        )
        right = result.predictions == result.labels
        wrong = fooled(result.predictions, result.labels)
        values = {
            f"{self.prefix}robust_accuracy": float(right.mean()),
            f"{self.prefix}distortion": (
                float(result.distortion[wrong].mean()) if wrong.any() else 0.0
            ),
        }
        if logs is not None:
            logs.update(values)
        if self.verbose:
            said = " - ".join(f"{k}: {v:.4g}" for k, v in values.items())
            print(f"Epoch {epoch + 1}: {said}")
        if self.pictures is not None:
            self._draw(result, self.pictures / f"epoch-{epoch + 1:03d}.png")
        if self.log_dir is not None:
            self._write(result, epoch, values)

    def _draw(self, result: AttackResult, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        count = self._classifier.num_classes if self._classifier else 0
        names = self.class_names or [str(i) for i in range(count)]
        figures.gallery(result, path, names)

    def _write(
        self, result: AttackResult, epoch: int, values: dict[str, float]
    ) -> None:
        lower, upper = channels.lower_upper(self.bounds)
        shown = (result.images - lower) / (upper - lower)
        writer = tf.summary.create_file_writer(str(self.log_dir))
        with writer.as_default(step=epoch):
            for name, value in values.items():
                tf.summary.scalar(name, value)
            if shown.shape[-1] in (1, 3):
                name = f"{self.prefix}adversarial"
                tf.summary.image(name, shown.clip(0, 1), max_outputs=8)
        writer.close()
