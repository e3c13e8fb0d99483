"""Names for model builders, so that flags and cards can name a network."""

from collections.abc import Callable
from typing import Any

import keras

from advkeras import checks

Builder = Callable[..., keras.Model]

_BUILDERS: dict[str, Builder] = {}


def register(*names: str) -> Callable[[Builder], Builder]:
    """Registers the decorated function as the builder of `names`.

    The function is called as `builder(name, seed=seed, **options)` and returns
    a plain `keras.Model` from images to logits.

    Raises:
        ValueError: A name is taken by another builder.

    Example:
        >>> @ak.models.register("tiny")
        ... def tiny(name, *, seed=0, classes=10):
        ...     return keras.Sequential([...])
        >>> ak.models.build("tiny", classes=3)
    """

    def decorate(builder: Builder) -> Builder:
        for name in names:
            if name in _BUILDERS:
                raise ValueError(
                    "A model name can be registered once. "
                    f"Received: name={name!r}"
                )
        _BUILDERS.update(dict.fromkeys(names, builder))
        return builder

    return decorate


def names() -> tuple[str, ...]:
    """Returns all registered names, sorted."""
    return tuple(sorted(_BUILDERS))


def build(name: str, *, seed: int = 0, **options: Any) -> keras.Model:
    """Builds a registered network with fresh weights.

    Args:
        name: A registered name, such as "fc100-100-10".
        seed: Seed of the initial weights: the same seed, the same weights.
        **options: Passed to the family's builder, e.g. `weight_decay=1e-4`
            for "fc10".

    Returns:
        A `keras.Model` from images of shape (n, height, width, channels) in
        [0, 1] to logits of shape (n, classes), not compiled.

    Raises:
        ValueError: No network has this name.

    Example:
        >>> model = ak.models.build("fc100-100-10", seed=0)
    """
    checks.check_choice("name", name, names())
    checks.check_seed("seed", seed)
    return _BUILDERS[name](name, seed=seed, **options)
