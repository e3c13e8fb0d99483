"""Models that compute what another does, in another type or from other images.

Neither changes the model that it is made from.
"""

from typing import Any

import keras

from advkeras.models.scores import image_shape


def cloned(model: keras.Model, dtype: str) -> keras.Model:
    """Returns a copy of a model that takes, holds and computes one type.

    Args:
        model: A Sequential or functional model.
        dtype: "float32" or "float64".

    Raises:
        ValueError: The model has no configuration to rebuild it from.
    """

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.Model) and hasattr(layer, "input_shape"):
            return _clone(layer, dtype, clone)
        return layer.__class__.from_config(
            {**layer.get_config(), "dtype": dtype}
        )

    try:
        copy = _clone(model, dtype, clone)
        copy.set_weights(model.get_weights())
    except (
        NotImplementedError,
        RecursionError,  # a configuration that holds itself
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(
            "`model` must be a Sequential or functional model to be computed "
            f"in {dtype}. Received: model {model.name!r} ({error})"
        ) from error
    return copy


def _clone(model: keras.Model, dtype: str, clone: Any) -> keras.Model:
    # Without an input of its own the clone rounds images to float32.
    images = keras.Input(
        image_shape(model), batch_size=batch_size(model), dtype=dtype
    )
    return keras.models.clone_model(
        model, input_tensors=images, clone_function=clone
    )


def reshaped(model: keras.Model, shape: tuple[int, ...]) -> keras.Model:
    """Returns a model of images of another shape with the same values.

    Args:
        model: A built model of one input.
        shape: Of an image, in which values come in the same order.
    """
    given = getattr(model, "inputs", None)
    dtype = given[0].dtype if given else "float32"
    images = keras.Input(shape, batch_size=batch_size(model), dtype=dtype)
    same = keras.layers.Reshape(image_shape(model), dtype=dtype)(images)
    return keras.Model(images, model(same), name=model.name)


def batch_size(model: keras.Model) -> int | None:
    """Returns how many images a model is made to take at a time."""
    given = getattr(model, "inputs", None)
    size: int | None = given[0].shape[0] if given else None
    return size


def dtypes(model: keras.Model) -> list[str]:
    """Returns the types of floats that a model's layers compute in, sorted."""
    found = {layer.compute_dtype for layer in _layers(model)}
    return sorted(name for name in found if name and "float" in name)


def quantization(model: keras.Model) -> str | None:
    """Returns how Keras itself has quantised a model: "int8", "int4", ..."""
    modes = {
        getattr(layer, "quantization_mode", None) for layer in _layers(model)
    }
    return ", ".join(sorted(mode for mode in modes if mode)) or None


def _layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns the layers that a model is made of, without those of layers."""
    inside = getattr(layer, "layers", None) or ()
    return [layer, *(found for one in inside for found in _layers(one))]
