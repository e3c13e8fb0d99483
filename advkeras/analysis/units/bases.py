"""Is the natural basis of a layer better than a random basis of its space?"""

import dataclasses
from typing import Any

import numpy as np
import scipy.stats

from advkeras import checks
from advkeras.analysis.units import directions
from advkeras.analysis.units.likeness import MEASURES
from advkeras.analysis.units.likeness import Likeness


@dataclasses.dataclass(frozen=True)
class BasisTest:
    """Means over the natural basis beside those over random ones.

    Attributes:
        dimension: Vectors of each basis.
        k: Images of each set.
        natural: Measure -> its mean over the units.
        random: Measure -> its mean over each random basis.
        standardised: Whether the bases are of the standardised space.
        seed: Of the random bases.
    """

    dimension: int
    k: int
    natural: dict[str, float]
    random: dict[str, tuple[float, ...]]
    standardised: bool = False
    seed: int = 0

    def p(self, measure: str) -> float:
        """Returns a two-sided p-value, at least 2 / (bases + 1).

        It is twice the smaller of the two shares of bases, the natural one
        among them, that are at least as high, or at most as high. That holds
        whatever the images and the units have to do with each other.
        """
        means = np.array(self.random[measure])
        natural = self.natural[measure]
        beyond = min((means >= natural).sum(), (means <= natural).sum())
        return float(min(1.0, 2 * (1 + beyond) / (1 + len(means))))

    def to_json(self) -> dict[str, Any]:
        """Returns, for each measure, means, spread and p as JSON values."""
        return {
            "dimension": self.dimension,
            "k": self.k,
            "standardised": self.standardised,
            "seed": self.seed,
            "measures": {
                name: {
                    "natural": self.natural[name],
                    "random": list(self.random[name]),
                    "p": self.p(name),
                }
                for name in MEASURES
            },
        }


def basis_test(
    features: Any,
    labels: Any,
    images: Any,
    k: int = 8,
    bases: int = 99,
    standardised: bool = False,
    seed: int = 0,
) -> BasisTest:
    """Compares the natural basis of a layer with whole random bases.

    Where `compare` takes every unit and every direction to be a draw of
    its own, here a whole orthonormal basis is one draw: if the natural basis
    were nothing special, its mean would lie anywhere among theirs. The work
    grows with the square of the number of units: for layers of up to about a
    thousand.

    Args:
        features: As for `compare`, (n, units); dead units are left out.
        labels: As there.
        images: As there.
        k: As there.
        bases: How many random bases, drawn evenly (Haar).
        standardised: As there.
        seed: Seed of the bases.

    Returns:
        A `BasisTest`.

    Raises:
        ValueError: As for `compare`.
    """
    checks.check_seed("seed", seed)
    features, alive = directions.alive(features, standardised)
    directions.check_k(k, 2, len(features) - 1)
    checks.check_count("bases", bases)
    likeness = Likeness.of(labels, images, len(features))
    features = features[:, alive]
    dim = len(alive)
    group = scipy.stats.ortho_group(dim, seed=np.random.default_rng(seed))

    def means(vectors: np.ndarray | None) -> dict[str, float]:
        indices = directions.top_images(features, vectors, k)
        return likeness.measure(indices).means()

    drawn = [means(group.rvs().astype(np.float32)) for _ in range(bases)]
    return BasisTest(
        dimension=dim,
        k=k,
        natural=means(None),
        random={name: tuple(one[name] for one in drawn) for name in MEASURES},
        standardised=standardised,
        seed=seed,
    )
