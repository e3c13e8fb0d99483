"""Model cards: what a saved model is, beside the file, as JSON."""

import os
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from advkeras import files
from advkeras import reasons
from advkeras.version import __version__

# What is read from cards, and of what kind it is where it is there.
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("sha256", "network", "dataset", "split"), str),
    **dict.fromkeys(("test_split", "command", "architecture"), str),
    **dict.fromkeys(("test_error", "train_error"), (int, float)),
    **dict.fromkeys(("bounds", "class_names"), list),
    **dict.fromkeys(("versions", "recipe", "options", "source"), dict),
    **dict.fromkeys(("input", "output", "operators", "float_operators"), dict),
    "provenance": dict,
}
# Which of them may be null: made without it, or not known.
_MAY_BE_NONE = ("bounds", "class_names", "provenance", "network", "dataset")
_PACKAGES = ("keras", "numpy", "scipy", "tensorflow")


def versions() -> dict[str, str]:
    """Returns the versions of the packages that results depend on."""
    return {
        "advkeras": __version__,
        **{package: metadata.version(package) for package in _PACKAGES},
    }


def card_path(model_path: str | os.PathLike) -> Path:
    """Returns where the card of a model file lies."""
    return Path(model_path).with_suffix(".json")


def save_with_card(
    model: keras.Model, path: str | os.PathLike, card: dict[str, Any]
) -> dict[str, Any]:
    """Writes a model to `path` (.keras) and its card beside it.

    Args:
        model: A Keras model; saved without its optimizer where it can be
            rebuilt from its configuration.
        path: Where to write, ending in ".keras".
        card: What is known of the training; JSON values.

    Returns:
        The card as written: with architecture, versions and sha256 added.
    """
    # A compiled model would be saved with its optimizer, at thrice the size.
    try:
        bare = type(model).from_config(model.get_config())
        bare.set_weights(model.get_weights())
    except (NotImplementedError, TypeError, ValueError):
        bare = model  # a subclassed model, not made to be rebuilt
    with files.replacing(path) as temporary:
        bare.save(temporary)
        card = {
            "architecture": model.name,
            "parameters": model.count_params(),
            **card,
            "versions": versions(),
            "sha256": files.sha256(temporary),
        }
        # Before the model takes its name: a model that is there has a card.
        files.write_json(card_path(path), card)
    return card


def read_card(model_path: str | os.PathLike) -> dict[str, Any]:
    """Returns the card of a model file.

    Raises:
        ValueError: There is no card, or it describes another file.
    """
    received = f"Received: model_path={os.fspath(model_path)!r}"
    path = card_path(model_path)
    if not path.exists():
        raise ValueError(
            f"`model_path` must have a card (.json) beside it. {received}"
        )
    try:
        card = files.read_json(path, kind=dict)
        _check_kinds(card)
    except (ValueError, KeyError, TypeError) as error:
        reason = reasons.of(error.__cause__ or error)
        raise ValueError(
            "`model_path` must have a card that is whole, but "
            f"{path.name} is not. {received} ({reason})"
        ) from error
    with files.reading("model_path", model_path, "a file that can be read"):
        digest = files.sha256(model_path)
    if card["sha256"] != digest:
        raise ValueError(
            "`model_path` must be the file that its card describes, but its "
            f"sha256 differs. {received}"
        )
    return card


def _check_kinds(card: dict[str, Any]) -> None:
    """Raises KeyError or TypeError unless a card can be relied on."""
    card["sha256"]
    for key, kind in _KINDS.items():
        value = card.get(key)
        if key not in card or (value is None and key in _MAY_BE_NONE):
            continue
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{key}: {reasons.shortened(repr(value), 60)}")
    made_from = card.get("provenance") or {}
    for part in (card, made_from):
        names = part.get("class_names") or []
        if not isinstance(names, list) or not all(
            isinstance(name, str) for name in names
        ):
            text = reasons.shortened(repr(names), 60)
            raise TypeError(f"class_names: {text}")
    if not isinstance(made_from.get("trained_on", {}), dict):
        raise TypeError("trained_on")
