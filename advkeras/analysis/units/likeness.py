"""How alike the images of a set are: in their classes, and in their pixels."""

import dataclasses
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets

MEASURES = ("purity", "entropy", "similarity")

# Pixels gathered at a time: 32 MB in float32.
_AT_A_TIME = 2**23


@dataclasses.dataclass(frozen=True, eq=False)
class ImageSets:
    """Sets of k images each, and how alike the images of each are.

    Attributes:
        indices: Which images, (m, k).
        purity: Share of the commonest class, 1/k to 1; float, (m,).
        entropy: Entropy of the classes over the largest that it can be, 0
            (one class) to 1; float, (m,).
        similarity: Mean over all pairs of the cosine of their pixels, from
            which the mean of all images was taken: -1/(k - 1) to 1, and near
            0 for images that have nothing in common; float, (m,).
    """

    indices: np.ndarray
    purity: np.ndarray
    entropy: np.ndarray
    similarity: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def row(self, i: int) -> dict[str, Any]:
        """Returns set number `i` as JSON values."""
        measured = {name: float(getattr(self, name)[i]) for name in MEASURES}
        return {"images": self.indices[i].tolist(), **measured}

    def means(self) -> dict[str, float]:
        """Returns the mean of each measure over all sets."""
        return {name: float(getattr(self, name).mean()) for name in MEASURES}


@dataclasses.dataclass(frozen=True, eq=False)
class Likeness:
    """Images and their classes, ready to be measured set by set.

    Attributes:
        classes: int64, (n,).
        vectors: The images less their mean, as unit vectors; an image that
            is the mean is zeros; float32, (n, pixels).
    """

    classes: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, labels: Any, images: Any, n: int) -> "Likeness":
        """Makes them of `n` images.

        Args:
            labels: Integers, (n,), or one-hot; None for those of a data set.
            images: (n, height, width, channels), or of any other shape; or a
                data set.
            n: How many there must be.

        Raises:
            ValueError: The labels or the images are not such.
        """
        images, labels = datasets.examples_of(images, labels, None, None)
        if len(images) != n:
            raise ValueError(
                f"`images` must be those of the {n} rows of `features`. "
                f"Received: images.shape={images.shape}"
            )
        checks.check_given("labels", labels)
        one_hot = labels.ndim == 2 and labels.shape[1] > 1
        # As many classes as they have themselves: none of them is too large.
        whole = labels.size and np.issubdtype(labels.dtype, np.integer)
        known = labels.shape[1] if one_hot else whole and labels.max() + 1
        classes = checks.check_labels(labels, n, int(known))
        centred = (images - images.mean(axis=0)).reshape(n, -1)
        norms = np.linalg.norm(centred, axis=1, keepdims=True)
        np.divide(centred, norms, out=centred, where=norms > 0)
        return cls(classes, centred)

    def measure(self, indices: np.ndarray) -> ImageSets:
        """Measures sets of images.

        Args:
            indices: Which images, (m, k), k at least 2.
        """
        k = indices.shape[1]
        known = np.unique(self.classes)
        found = self.classes[indices]
        shares = np.stack([(found == c).mean(axis=1) for c in known], axis=1)
        logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        # Of one class alone it is 0 whatever it is divided by.
        largest = np.log(max(2, min(k, len(known))))
        return ImageSets(
            indices=indices,
            purity=shares.max(axis=1),
            entropy=np.abs((shares * logs).sum(axis=1)) / largest,
            similarity=self._similarity(indices),
        )

    def _similarity(self, indices: np.ndarray) -> np.ndarray:
        k = indices.shape[1]
        step = max(1, _AT_A_TIME // (k * self.vectors.shape[1]))
        found = []
        for start in range(0, len(indices), step):
            one = self.vectors[indices[start : start + step]]
            # The square of a sum is the squares and, twice, the pairs.
            whole = (one.sum(axis=1) ** 2).sum(axis=1)
            squares = (one**2).sum(axis=(1, 2))
            found.append((whole - squares) / (k * (k - 1)))
        return np.concatenate(found)
