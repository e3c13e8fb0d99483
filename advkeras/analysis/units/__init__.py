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

from advkeras.analysis.units.activations import features
from advkeras.analysis.units.bases import BasisTest
from advkeras.analysis.units.bases import basis_test
from advkeras.analysis.units.comparison import Comparison
from advkeras.analysis.units.comparison import compare
from advkeras.analysis.units.directions import random_directions
from advkeras.analysis.units.directions import top_images

__all__ = [
    "BasisTest",
    "Comparison",
    "basis_test",
    "compare",
    "features",
    "random_directions",
    "top_images",
]
