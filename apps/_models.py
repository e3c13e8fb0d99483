"""What the apps know of a model besides its file: code, and its card."""

import importlib
import os
import sys
from typing import Any

from absl import flags

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS


def define_import() -> None:
    """Defines --import."""
    flags.DEFINE_list(
        "import",
        None,
        "Modules that are imported before a model is loaded, by name, from the "
        "folder where you are: those that define its own layers. Their code "
        "is run.",
    )


def import_own() -> dict[str, Any]:
    """Imports the modules of --import.

    Returns:
        Name -> class of the layers and models in them, for `custom_objects`.
        What is registered with Keras is known to it anyway.

    Raises:
        ValueError: One of them cannot be imported.
    """
    # The name of the flag is a keyword of Python: no attribute.
    names = FLAGS["import"].value if "import" in FLAGS else None
    if not names:
        return {}
    import keras

    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found: dict[str, Any] = {}
    for name in names:
        # A module is the user's code, and may fail in any way.
        try:
            module = importlib.import_module(name)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ValueError(
                "`import` must name modules that can be imported, as they are "
                "in an import statement, from the folder where you are. "
                f"Received: import={name!r} ({reason})"
            ) from error
        found |= {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, keras.layers.Layer)
        }
    return found


def card_of(path: Any) -> dict[str, Any] | None:
    """Returns the card of a model file; None where it has none.

    Raises:
        ValueError: The card is broken, or of another file.
    """
    import advkeras as ak

    if not ak.models.card_path(path).exists():
        return None
    return ak.models.read_card(path)


def checked_card(path: Any, data: Any) -> dict[str, Any] | None:
    """Returns a model's card as `card_of`, once it goes with a data set.

    Raises:
        ValueError: As `card_of`, or as `ak.evaluation.check_card`.
    """
    import advkeras as ak

    card = card_of(path)
    if card is not None:
        ak.evaluation.check_card(card, data)
    return card


def provenance(path: Any, data: Any = None) -> dict[str, Any]:
    """Returns what the cards of .tflite files are to say of their source.

    Args:
        path: The float model.
        data: The images to calibrate with; None for none.
    """
    said: dict[str, Any] = {}
    if data is not None:
        said |= {
            "dataset": data.name,
            "split": data.split,
            "seed": FLAGS.seed,
            "class_names": list(data.class_names),
        }
    card = card_of(path)
    if card is not None and "network" in card:
        said["trained_on"] = {
            key: card.get(key) for key in ("dataset", "split")
        }
        if card.get("class_names"):  # the model's own, in its order
            said["class_names"] = card["class_names"]
    return said
