"""Units beside random directions, one by one, by their top images."""

import dataclasses
from typing import Any

import numpy as np

from advkeras import checks
from advkeras.analysis.units import directions
from advkeras.analysis.units import effects
from advkeras.analysis.units.likeness import MEASURES
from advkeras.analysis.units.likeness import ImageSets
from advkeras.analysis.units.likeness import Likeness
from advkeras.tables import Cell
from advkeras.tables import LaidOut
from advkeras.tables import Table
from advkeras.tables import number


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison(LaidOut):
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

    def __repr__(self) -> str:
        means = ", ".join(
            "{}={:.3f} beside {:.3f}".format(name, *effect.means)
            for name, effect in self.effects.items()
        )
        return (
            f"Comparison({len(self.units)} units beside as many directions, "
            f"k={self.k} of n={self.n}; {means})"
        )

    def tables(self) -> list[Table]:
        """Returns each measure of units, directions and chance, as a table."""
        chance = self.of_chance.means()
        rows = tuple(
            (
                name,
                *map(number, (*effect.means, chance[name])),
                Cell(
                    "{:.3f} ({:.3f} to {:.3f})".format(
                        effect.delta, *effect.interval
                    ),
                    effect.delta,
                    effect.interval,
                ),
                number(effect.p),
            )
            for name, effect in self.effects.items()
        )
        return [
            Table(
                f"the {self.k} images that most excite each of "
                f"{len(self.units)} units, and as many random directions, of "
                f"n = {self.n}: means, Cliff's delta (95 % interval), p",
                ("measure", "units", "directions", "chance", "delta", "p"),
                rows,
                names=1,
                name="units",
            )
        ]

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
        labels: Classes of the images, integers (n,) or one-hot; None for
            those of a data set.
        images: Held-out images, (n, height, width, channels), or an
            `ImageSet` or a `tf.data.Dataset` of them.
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
    checks.check_seed("seed", seed)
    features, chosen = directions.alive(features, standardised)
    n, dim = features.shape
    directions.check_k(k, 2, n - 1)
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
    along = np.empty((len(chosen), k), np.int32)
    for part in directions.parts(len(chosen), n + dim):
        units[part] = directions.top(features[:, chosen[part]].T, k + 1)
        drawn = directions.random_directions(dim, len(chosen[part]), random)
        along[part] = directions.top(drawn @ features.T, k)
    last, following = (features[units[:, i], chosen] for i in (k - 1, k))
    chance = [random.choice(n, k, replace=False) for _ in chosen]
    sets = [
        likeness.measure(indices)
        for indices in (units[:, :k], along, np.stack(chance))
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
