"""Attributes that stay what they are when an object is made."""

from collections.abc import Collection
from typing import Any


def check_unset(
    owner: object, name: str, value: Any, fixed: Collection[str]
) -> None:
    """Raises AttributeError where a fixed attribute is set a second time.

    For `__setattr__` of a class whose compiled functions have its attributes
    built in: set later they would be ignored without a word.

    Args:
        owner: The object whose attribute is to be set.
        name: Of the attribute.
        value: What it is to be.
        fixed: Names of attributes that are set once, in the constructor.
    """
    if name in fixed and name in vars(owner):
        kind = type(owner).__name__.lstrip("_")
        raise AttributeError(
            f"`{name}` must stay what the {kind} was made with: compiled "
            f"functions have it built in. Make another {kind} instead. "
            f"Received: {name}={value!r}"
        )
