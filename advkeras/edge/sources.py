"""Sources: the SavedModels that .tflite files are made from."""

import dataclasses
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from advkeras import files
from advkeras import models
from advkeras import reasons
from advkeras.classifier import Classifier
from advkeras.edge.quiet import quiet


@dataclasses.dataclass(frozen=True)
class Source:
    """A model, as it is converted.

    Attributes:
        model: The model.
        spec: What it takes: its own type, or floats; its own number of
            images, or that which was asked for, or any.
    """

    model: keras.Model
    spec: tf.TensorSpec

    @classmethod
    def of(
        cls, classifier: Classifier, batch_size: int | None = None
    ) -> "Source":
        """Returns a classifier's model; in float32 if it can be.

        There are no kernels of TFLite for float64 and float16.

        Args:
            classifier: The model.
            batch_size: Images it is to take at a time; None for what it takes.

        Raises:
            ValueError: The model takes another number.
        """
        source = cls.as_it_is(classifier)
        if batch_size is not None:
            source = source._of_batch(batch_size)
        if source.computes_in_float32:
            return source
        try:
            return source.in_float32()
        except ValueError:  # whatever stands against it, the caller is told
            return source

    @classmethod
    def as_it_is(cls, classifier: Classifier) -> "Source":
        """Returns a classifier's model in whatever it computes in."""
        return cls._of_model(classifier.model, classifier.images_spec())

    @classmethod
    def _of_model(cls, model: keras.Model, spec: tf.TensorSpec) -> "Source":
        # Keras knows the inputs of a graph, and of no other model for sure.
        given = getattr(model, "inputs", None)
        if given:
            spec = tf.TensorSpec(tuple(given[0].shape), given[0].dtype)
        return cls(model, spec)

    def _of_batch(self, batch_size: int) -> "Source":
        rows = self.spec.shape[0]
        if rows not in (None, batch_size):
            raise ValueError(
                "`batch_size` must be left out for a model that takes just "
                f"{rows} images at a time. Received: batch_size={batch_size}"
            )
        shape = (batch_size, *self.spec.shape[1:])
        return Source(self.model, tf.TensorSpec(shape, self.spec.dtype))

    @property
    def computes_in_float32(self) -> bool:
        """Whether nothing in it is of another type."""
        return set(models.dtypes(self.model)) <= {"float32"}

    def in_float32(self) -> "Source":
        """Returns this, as a model that takes and computes float32.

        Raises:
            ValueError: The model has no configuration to rebuild it from.
        """
        source = self._of_model(models.cloned(self.model, "float32"), self.spec)
        rows = self.spec.shape[0]
        return source if rows is None else source._of_batch(rows)

    def batches(self, images: np.ndarray, size: int = 1) -> Iterator[tf.Tensor]:
        """Yields images as the model takes them.

        Args:
            images: They are; repeated where the last batch lacks some.
            size: Of a batch, where the model takes any.
        """
        fixed = self.spec.shape[0]
        size = fixed or size
        dtype = self.spec.dtype
        for start in range(0, len(images), size):
            stop = start + size if fixed else min(start + size, len(images))
            batch = images[np.arange(start, stop) % len(images)]
            yield tf.cast(np.rint(batch) if dtype.is_integer else batch, dtype)

    def answers(self, images: np.ndarray) -> np.ndarray:
        """Returns what the model says of images.

        Raises:
            ValueError: It has several outputs.
        """
        said = [
            np.asarray(self._serve(batch))
            for batch in self.batches(images, len(images))
        ]
        return np.concatenate(said)[: len(images)]

    def _serve(self, images: tf.Tensor) -> tf.Tensor:
        # What Keras itself would trace draws its augmentations.
        outputs = tf.nest.flatten(self.model(images, training=False))
        if len(outputs) != 1:
            raise ValueError(
                f"{len(outputs)} outputs; keras.Model(model.inputs, "
                "model.outputs[0]) has one"
            )
        return outputs[0]

    def save(self, folder: str) -> None:
        """Writes the model as a SavedModel, for inference.

        Raises:
            ValueError: Keras cannot export it.
            NotWrittenError: The disk is full.
        """
        archive = keras.export.ExportArchive()
        try:
            with quiet():
                archive.track(self.model)
                archive.add_endpoint(
                    "serve", self._serve, input_signature=[self.spec]
                )
                archive.write_out(folder, verbose=False)
        except Exception as error:  # of many kinds: each layer has its own
            if files.refusal(error) is not None:
                raise files.NotWrittenError(folder, error) from error
            raise ValueError(
                "`model` must be one that Keras can export. Received: model "
                f"{self.model.name!r} ({reasons.of(error)})"
            ) from error
