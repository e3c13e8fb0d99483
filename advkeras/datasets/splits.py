"""Which images a split means, in the syntax of TFDS."""

from collections.abc import Mapping

import numpy as np
import tensorflow_datasets as tfds

# A fixed order is part of what a split's name means.
_SEED = 0


def rows(split: str, counts: Mapping[str, int]) -> np.ndarray:
    """Returns the places of a split's images, all splits laid end to end.

    Args:
        split: As TFDS has it: "test", "train[:100]", "train[80%:]+test",
            "all".
        counts: Name -> images of each split, in the order they lie in.

    Raises:
        ValueError: There is no such split, or it has no image.
    """
    infos = {
        name: tfds.core.SplitInfo(name=name, shard_lengths=[count], num_bytes=0)
        for name, count in counts.items()
    }
    try:
        instruction = tfds.core.ReadInstruction.from_spec(split)
        parts = instruction.to_absolute(infos)
    # A RuntimeError: TFDS does not slice "all".
    except (ValueError, KeyError, AssertionError, RuntimeError) as error:
        raise unknown(split, counts) from error
    names = list(counts)
    ends = np.cumsum(list(counts.values()))
    places = np.concatenate(
        [
            np.arange(end - counts[part.splitname], end)[part.from_ : part.to]
            for part in parts
            for end in [ends[names.index(part.splitname)]]
        ]
    )
    if not len(places):
        raise empty(split)
    return places


def unknown(split: str, names: Mapping[str, object]) -> ValueError:
    """Returns the error that says which splits there are."""
    return ValueError(
        f"`split` must be of {', '.join(names)}, or a slice such as "
        f"'{next(iter(names))}[:2000]'. Received: split={split!r}"
    )


def empty(split: str) -> ValueError:
    """Returns the error that says that a split has no image."""
    return ValueError(
        f"`split` must have at least one image. Received: split={split!r}"
    )


def mixed(n: int) -> np.ndarray:
    """Returns the one mixed order that `n` images always have."""
    return np.random.default_rng(_SEED).permutation(n)


def shares(n: int) -> dict[str, int]:
    """Returns the splits of `n` images that name none: a fifth to test on."""
    test = max(1, round(n / 5))
    return {"train": n - test, "test": test}
