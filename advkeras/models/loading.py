"""Model files of every format that Keras has had, found by name or path."""

import os
import zipfile
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from advkeras.models import registry

_SUFFIXES = (".keras", ".h5", ".hdf5")


def saved_models() -> dict[str, Path]:
    """Returns the reference models of this checkout: name -> .keras file."""
    folder = Path(__file__).parents[2] / "saved_models"
    return {path.stem: path for path in sorted(folder.glob("*.keras"))}


def find(name_or_path: str | os.PathLike) -> Path:
    """Returns the path of a saved_models name, or of an existing file.

    Raises:
        ValueError: There is neither.
    """
    path = Path(name_or_path)
    known = saved_models()
    if path.exists():
        return path
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    hint = ""
    if str(name_or_path) in registry.names():
        hint = (
            ". A network of this name can be built, but is not trained: "
            "`python -m apps.train` trains one"
        )
    raise ValueError(
        "a model must be a path to a Keras file or one of saved_models: "
        f"{', '.join(known) or '(none here)'}. "
        f"Received: model={os.fspath(name_or_path)!r}{hint}"
    )


def find_all(
    names_or_paths: Sequence[str | os.PathLike],
) -> dict[str, Path]:
    """Returns short name -> path of several models, as `find` does of one.

    The short name is that of the file, with a number where two are the same.

    Raises:
        ValueError: No model is named, or one is not there.
    """
    if not names_or_paths:
        raise ValueError("`models` must not be empty. Received: models=''")
    found: dict[str, Path] = {}
    for name_or_path in names_or_paths:
        path = find(name_or_path)
        name, number = path.stem, 2
        while name in found:
            name, number = f"{path.stem}-{number}", number + 1
        found[name] = path
    return found


def load(name_or_path: str | os.PathLike) -> keras.Model:
    """Loads a model for inference.

    Args:
        name_or_path: A saved_models name, or the path of a .keras file, a
            legacy .h5 file or a SavedModel folder.

    Returns:
        A Keras model, not compiled. A SavedModel becomes a model around its
        serving signature, in float32 and differentiable.

    Raises:
        ValueError: There is no such model, or the file cannot be read.
    """
    path = find(name_or_path)
    if path.is_dir():
        reader: Callable[[Path], keras.Model] = _load_saved_model
    elif path.suffix in _SUFFIXES:
        reader = _load_keras
    else:
        raise ValueError(
            f"a model file must end in {', '.join(_SUFFIXES)} or be a "
            f"SavedModel folder. Received: model={os.fspath(name_or_path)!r}"
        )
    try:
        return reader(path)
    except Exception as error:
        # Keras, h5py, zipfile and TF each fail in their own way on a
        # truncated or foreign file.
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            "a model file must be one that Keras can load. Received: "
            f"model={os.fspath(name_or_path)!r} "
            f"({type(error).__name__}: {reason})"
        ) from error


def _load_keras(path: Path) -> keras.Model:
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ValueError("not a whole .keras archive; truncated?")
    return keras.saving.load_model(path, compile=False)


def _load_saved_model(path: Path) -> keras.Model:
    loaded = tf.saved_model.load(str(path))
    if "serving_default" not in loaded.signatures:
        raise ValueError(
            "no signature 'serving_default', only: "
            f"{', '.join(loaded.signatures) or 'none'}"
        )
    return _SignatureModel(loaded, name=path.resolve().name)


class _SignatureModel(keras.Model):
    """A SavedModel's serving signature as a Keras model."""

    def __init__(self, loaded: Any, name: str):
        super().__init__(name=name)
        # In a tuple, out of reach of Keras, which would track its variables.
        self._loaded = (loaded,)
        self._signature = loaded.signatures["serving_default"]
        inputs = self._signature.structured_input_signature[1]
        if len(inputs) != 1 or len(self._signature.structured_outputs) != 1:
            raise ValueError(
                f"one input and one output expected, {len(inputs)} and "
                f"{len(self._signature.structured_outputs)} found"
            )
        ((self._argument, spec),) = inputs.items()
        (self._output,) = self._signature.structured_outputs
        self._input_dtype = spec.dtype
        self._image_shape = tuple(spec.shape)
        self.built = True

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        return self._image_shape

    def call(self, images: Any, training: bool = False) -> Any:
        del training  # a serving signature is for inference
        images = tf.cast(images, self._input_dtype)
        return self._signature(**{self._argument: images})[self._output]
