"""Model files of every format that Keras has had, found by name or path."""

import importlib.resources
import os
import re
import zipfile
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from advkeras import checks
from advkeras.models import legacy
from advkeras.models import registry
from advkeras.models import sizes
from advkeras.models.wrapped import FunctionModel

# Longer ones in the errors of Keras are whole configurations of models.
_LONGEST_SENTENCE = 300
# How the formats of Keras say that they do not know a name.
_UNKNOWN = re.compile(
    r"(?:Could not locate (?:class|function)|Unknown [a-z ]+:) '([^']+)'"
)
_SUFFIXES = (".keras", ".h5", ".hdf5")


def saved_models() -> dict[str, Path]:
    """Returns the reference models: name -> .keras file.

    Installed, they lie in the package; in the repository, beside it.
    """
    # Unpacked always, as pip does it: Keras and TensorFlow want real paths.
    package = Path(str(importlib.resources.files("advkeras")))
    inside = package / "saved_models"
    folder = inside if inside.is_dir() else package.parent / "saved_models"
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
            "`advkeras train` trains one"
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

    The short name is that of the file, with a number where two are the same,
    unless one is given.

    Args:
        names_or_paths: What `find` takes, or NAME=that.

    Raises:
        ValueError: No model is named, or one is not there; or a name is given
            twice, or is none that a file can have.
    """
    if not names_or_paths:
        raise ValueError("`models` must not be empty. Received: models=''")
    # A path may have an = in it.
    split = [
        ("", one) if Path(one).exists() else _named(os.fspath(one))
        for one in names_or_paths
    ]
    given = [name for name, _ in split if name]
    for name, path in split:
        if given.count(name) > 1 or Path(name).name != name:
            raise ValueError(
                "`models` must be models, or NAME=MODEL, no name twice or with "
                f"a slash. Received: models={f'{name}={path}'!r}"
            )
    found: dict[str, Path] = {}
    for own, name_or_path in split:
        path, number = find(name_or_path), 2
        name = own or path.stem
        while not own and (name in found or name in given):
            name, number = f"{path.stem}-{number}", number + 1
        found[name] = path
    return found


def _named(text: str) -> tuple[str, str]:
    """Splits NAME=FILE; the name is empty where there is none."""
    name, _, path = text.rpartition("=")
    return name, path


def load(
    name_or_path: str | os.PathLike,
    custom_objects: Mapping[str, Any] | None = None,
    max_gb: float = sizes.DEFAULT_MAX_GB,
) -> keras.Model:
    """Loads a model for inference.

    Args:
        name_or_path: A saved_models name, or the path of a .keras file, an
            .h5 file or a SavedModel folder. Files of Keras 2 are rebuilt in
            Keras 3, or run by `tf_keras` where that cannot be and it is
            installed.
        custom_objects: Classes and functions of your own that the file names:
            name -> object.
        max_gb: GB that the model may take once unpacked, its configuration a
            64th of it. What the file says of its sizes is checked before
            anything is unpacked into memory.

    Returns:
        A Keras model, not compiled. A SavedModel becomes a model around its
        serving signature, in float32 and differentiable.

    Raises:
        ValueError: There is no such model, or the file cannot be read, or is
            larger than `max_gb` once unpacked.
    """
    checks.check_positive("max_gb", max_gb)
    path = find(name_or_path)
    if not path.is_dir() and path.suffix not in _SUFFIXES:
        raise ValueError(
            f"a model file must end in {', '.join(_SUFFIXES)} or be a "
            f"SavedModel folder. Received: model={os.fspath(name_or_path)!r}"
        )
    try:
        if path.is_dir():
            sizes.check(path, max_gb)
            return _load_saved_model(path)
        return _load_keras(path, custom_objects, max_gb)
    except sizes.TooLargeError as error:
        raise ValueError(
            "a model file must be one that `max_gb` allows. Received: "
            f"model={os.fspath(name_or_path)!r} ({error})"
        ) from error
    except Exception as error:
        # Keras, h5py, zipfile and TF each fail in their own way on a
        # truncated or foreign file.
        raise ValueError(
            "a model file must be one that Keras can load. Received: "
            f"model={os.fspath(name_or_path)!r} "
            f"({type(error).__name__}: {_reason(error)}){_remedy(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Returns an error's text in whole sentences, without dumps of configs."""
    text = " ".join(str(error).split())
    # Keras wraps an error in another for each model that is inside another.
    _, found, inner = text.rpartition("Exception encountered: ")
    sentences = re.split(r"(?<=[.!?]) ", inner if found else text)
    short = [x for x in sentences if len(x) <= _LONGEST_SENTENCE]
    return " ".join(short or sentences)


def _remedy(error: Exception) -> str:
    """Says how a class of the user's own is made known, where one is not."""
    found = _UNKNOWN.search(str(error))
    if found is None:
        return ""
    name = found[1].rpartition(">")[2]
    return (
        f". {name!r} is none of Keras's own: in Python "
        f"custom_objects={{{name!r}: {name}}} says what it is, in an app "
        "--import=MODULE, the module that defines it"
    )


def _load_keras(
    path: Path, custom_objects: Mapping[str, Any] | None, max_gb: float
) -> keras.Model:
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ValueError("not a whole .keras archive; truncated?")
    sizes.check(path, max_gb)
    with sizes.limited(max_gb):
        if legacy.is_old(path):
            return legacy.load(path, custom_objects)
        return keras.saving.load_model(path, custom_objects, compile=False)


def _load_saved_model(path: Path) -> keras.Model:
    loaded = tf.saved_model.load(str(path))
    if "serving_default" not in loaded.signatures:
        raise ValueError(
            "no signature 'serving_default', only: "
            f"{', '.join(loaded.signatures) or 'none'}"
        )
    signature = loaded.signatures["serving_default"]
    inputs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            f"one input and one output expected, {len(inputs)} and "
            f"{len(outputs)} found"
        )
    ((argument, spec),) = inputs.items()
    (output,) = outputs

    def serve(images: tf.Tensor) -> tf.Tensor:
        # Holds `loaded`: its variables die with it.
        return loaded.signatures["serving_default"](**{argument: images})[
            output
        ]

    return FunctionModel(serve, spec, path.resolve().name)
