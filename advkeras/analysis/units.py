"""Units and directions: which images excite them most, and how alike these are.

Szegedy et al. 2013, section 3, set the images that most excite a single unit,
argmax <phi(x), e_i>, beside those that lie furthest along a random direction
of the same space, argmax <phi(x), v>, and found by eye that the natural basis
is no better than a random one, and no worse. Here that is measured:

    features = ak.analysis.units.features(model, test.images)
    found = ak.analysis.units.compare(features, test.labels, test.images)
    print(found.effects["purity"])

The random directions are those of the space as it is, as in the paper: units
that vary more count for more in them. `standardised=True` gives all units one
variance first, which can turn the verdict. To centre the space would change
nothing, since all images move alike along a direction.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from advkeras import checks
from advkeras.analysis import effects
from advkeras.analysis.activations import features as features
from advkeras.analysis.likeness import MEASURES
from advkeras.analysis.likeness import ImageSets
from advkeras.analysis.likeness import Likeness

# Numbers worked on at a time: 32 MB in float32.
_AT_A_TIME = 2**23


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """Top images of units beside those of as many random directions.

    Attributes:
        n: How many images there were.
        k: How many of them a set has.
        dimension: Units of the layer.
        dead: Of them, those that are the same for every image. They have no
            top images and are left out.
        tied: Of the units compared, those whose k-th image excites them no
            more than the next: the first of such images were taken.
        standardised: Whether the directions are of the standardised space.
        seed: Of whatever was drawn.
        units: Which units were compared, (m,).
        of_units: Their top images.
        of_directions: Those of m random directions.
        of_chance: m sets of k images drawn without looking: what the measures
            are where nothing is measured.
        effects: For each measure, the units (first) beside the directions
            (second). All sets are of the same images, and the units of a net
            depend on each other, so that p is approximate.
    """

    n: int
    k: int
    dimension: int
    dead: int
    tied: int
    standardised: bool
    seed: int
    units: np.ndarray
    of_units: ImageSets
    of_directions: ImageSets
    of_chance: ImageSets
    effects: dict[str, effects.Effect]

    def to_json(self, rows: int = 8) -> dict[str, Any]:
        """Returns all that is of one number, and some sets, as JSON values.

        Args:
            rows: How many units, and how many directions, are given with
                their images; the seed chooses which.
        """
        names = "n", "k", "dimension", "dead", "tied", "standardised", "seed"
        order = np.random.default_rng(self.seed).permutation(len(self.units))
        shown = np.sort(order[:rows])
        return {
            **{name: getattr(self, name) for name in names},
            "compared": len(self.units),
            "effects": {k: v.to_json() for k, v in self.effects.items()},
            "chance": self.of_chance.means(),
            "units": [
                {"unit": int(self.units[i]), **self.of_units.row(i)}
                for i in shown
            ],
            "directions": [self.of_directions.row(i) for i in shown],
        }


def random_directions(dim: int, count: int, seed: Any = 0) -> np.ndarray:
    """Returns unit vectors, drawn evenly from the sphere.

    Args:
        dim: Units of the space.
        count: How many.
        seed: Seed or generator.

    Returns:
        float32, (count, dim).

    Raises:
        ValueError: `dim` or `count` is not a whole number of at least 1.
    """
    checks.check_count("dim", dim)
    checks.check_count("count", count)
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((count, dim), np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def top_images(
    features: Any, directions: np.ndarray | None = None, k: int = 8
) -> np.ndarray:
    """Returns the k images that lie furthest along each direction.

    Beside its arguments and its result it uses a constant amount of memory.

    Args:
        features: What `features` returned, (n, units).
        directions: Vectors of any length, (m, units); None for the units
            themselves, m = units.
        k: How many images, 1 to n.

    Returns:
        Indices of images, int32, (m, k), furthest first; of images that lie
        equally far, the first.

    Raises:
        ValueError: `features` or `directions` are not finite numbers of that
            shape, or `k` is not 1 to n.
    """
    features = _features(features)
    n, dim = features.shape
    check_k(k, 1, n)
    if directions is None:
        rows = (features[:, part].T for part in _parts(dim, n))
    else:
        directions = np.asarray(directions, np.float32)
        if (
            directions.ndim != 2
            or directions.shape[1] != dim
            or not np.isfinite(directions).all()
        ):
            raise ValueError(
                f"`directions` must be finite numbers, shape (m, {dim}). "
                f"Received: directions.shape={directions.shape}"
            )
        rows = (
            directions[part] @ features.T for part in _parts(len(directions), n)
        )
    found = [_top(row, k) for row in rows]
    return np.concatenate([np.empty((0, k), np.int32), *found])


def compare(
    features: Any,
    labels: Any,
    images: Any,
    k: int = 8,
    count: int | None = None,
    standardised: bool = False,
    seed: int = 0,
) -> Comparison:
    """Compares a layer's units with random directions, by their top images.

    Args:
        features: What `features` returned for `images`, (n, units).
        labels: Classes of the images, integers (n,) or one-hot.
        images: Held-out images, (n, height, width, channels).
        k: How many images to look at for each, 2 to n - 1.
        count: How many units, drawn from those that are not dead, and how
            many random directions; None for all units.
        standardised: Whether random directions are drawn in the space in
            which every unit has variance 1. The units' images are the same.
        seed: Seed of the units drawn, the directions, and the intervals.

    Returns:
        A `Comparison`.

    Raises:
        ValueError: An argument is not such, or fewer than 2 units are alive.

    Source: Szegedy et al. 2013, section 3; the measures are ours.
    """
    features, chosen = alive(features, standardised)
    n, dim = features.shape
    check_k(k, 2, n - 1)
    if count is not None:
        checks.check_count("count", count)
        if count < 2:
            raise ValueError(
                f"`count` must be at least 2. Received: count={count}"
            )
    likeness = Likeness.of(labels, images, n)

    random = np.random.default_rng(seed)
    dead = dim - len(chosen)
    if count is not None:
        chosen = np.sort(random.permutation(chosen)[:count])
    # One image more, to see whether it excites the unit as much.
    units = np.empty((len(chosen), k + 1), np.int32)
    directions = np.empty((len(chosen), k), np.int32)
    for part in _parts(len(chosen), n + dim):
        units[part] = _top(features[:, chosen[part]].T, k + 1)
        drawn = random_directions(dim, len(chosen[part]), random)
        directions[part] = _top(drawn @ features.T, k)
    last, following = (features[units[:, i], chosen] for i in (k - 1, k))
    chance = [random.choice(n, k, replace=False) for _ in chosen]
    sets = [
        likeness.measure(indices)
        for indices in (units[:, :k], directions, np.stack(chance))
    ]
    return Comparison(
        n=n,
        k=k,
        dimension=dim,
        dead=dead,
        tied=int((last == following).sum()),
        standardised=standardised,
        seed=seed,
        units=chosen,
        of_units=sets[0],
        of_directions=sets[1],
        of_chance=sets[2],
        effects={
            name: effects.two_samples(
                getattr(sets[0], name), getattr(sets[1], name), seed=random
            )
            for name in MEASURES
        },
    )


def _parts(count: int, size: int) -> Iterator[slice]:
    """Slices 0 .. count into parts, of which each number costs `size`."""
    step = max(1, _AT_A_TIME // size)
    return (slice(i, min(i + step, count)) for i in range(0, count, step))


def _top(rows: np.ndarray, k: int) -> np.ndarray:
    # TensorFlow promises that equal values come in the order of their index.
    found: np.ndarray = tf.math.top_k(rows, k).indices.numpy()
    return found


def _features(features: Any) -> np.ndarray:
    array = np.asarray(features, np.float32)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise ValueError(
            "`features` must be finite numbers, shape (n, units). "
            f"Received: features.shape={array.shape}, "
            f"{np.isfinite(array).sum()} of them finite"
        )
    return array


def alive(
    features: Any, standardised: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns features and which units are not the same for every image.

    Args:
        features: As for `compare`.
        standardised: Whether to divide each such unit by its deviation.

    Returns:
        float32, (n, units), and their indices, at least 2.

    Raises:
        ValueError: They are not such, or fewer than 2 units are alive.
    """
    array = _features(features)
    found = np.flatnonzero(array.min(axis=0) < array.max(axis=0))
    if len(found) < 2:
        raise ValueError(
            "`features` must have at least 2 units that are not the same for "
            f"every image. Received: {len(found)} of {array.shape[1]}"
        )
    if standardised:
        deviation = np.ones(array.shape[1], np.float32)
        deviation[found] = array[:, found].std(axis=0, dtype=np.float64)
        array = array / deviation
    return array, found


def check_k(k: Any, least: int, most: int) -> None:
    """Raises ValueError unless `k` is a whole number, `least` to `most`."""
    checks.check_count("k", k)
    if not least <= k <= most:
        raise ValueError(f"`k` must be {least} .. {most}. Received: k={k}")
