"""HopSkipJump's walk: halving, estimating and stepping, by labels alone."""

import math
from collections.abc import Callable

import numpy as np

from advkeras import channels
from advkeras.attacks import seeds
from advkeras.attacks.attack import fooled
from advkeras.classifier import Classifier

# Random images that are tried, until one is read as something else.
_STARTS = 30
# Queries of the first estimate of a gradient, B_0: section IV.
_FIRST_ESTIMATE = 100
# Noise over the distance in l2. The paper has 1 / pixels, which what is
# quantised does not see: on the int8 files of conv-cifar10 the same queries end
# at twice the distance. For float models this is as good.
_NOISE = 0.05
# Queries that show whether noise is seen at all, and by how much it grows where
# it is not.
_PILOT, _LOUDER = 10, 4.0
# An estimate from fewer queries leads nowhere.
_FEWEST = 2 * _PILOT
# Queries to find how far a step may go, of what an iteration sets aside.
_HALVINGS = 5


class Walk:
    """A batch of images, the nearest example of each, and what it may ask.

    `rows` are indices of images in the batch. Candidates are changes, in units
    of the pixel range; what is kept of them is what the model was shown.

    Args:
        classifier: The model to fool.
        norm: What is to be small, "l2" or "linf".
        queries: The most that is asked for an image.
        originals: Images that do not meet the goal, (n, ...).
        labels: What they are to be no longer, (n,).
        targets: What they are to be read as; None for any other class.
        batch_size: Images shown to the model at a time.
        seed: Seed of every random choice.

    Attributes:
        left: Queries that each image may still ask, (n,).
        best: The nearest example of each, as `originals`.
    """

    def __init__(
        self,
        classifier: Classifier,
        norm: str,
        queries: int,
        originals: np.ndarray,
        labels: np.ndarray,
        targets: np.ndarray | None,
        batch_size: int,
        seed: int,
    ):
        self._classifier = classifier
        self._norm = norm
        self._originals = originals
        self._labels, self._targets = labels, targets
        self._batch_size = batch_size
        self._lower, self._upper = channels.lower_upper(classifier.bounds)
        self._range = self._upper - self._lower
        self._random = [seeds.generator(image, seed) for image in originals]
        n, self._pixels = len(originals), originals[0].size
        self.left = np.full(n, queries)
        self.best = originals.copy()
        self._far = np.full(n, np.inf)  # how far it is
        self._louder = np.ones(n)  # than _NOISE

    def begin(self, starts: np.ndarray | None) -> None:
        """Finds an example, however far, and goes back to the boundary."""
        start: Callable[[int, int], np.ndarray] = self._drawn
        tries = _STARTS
        if starts is not None:
            tries, start = len(starts), self._nearest_of(starts)
        for i in range(tries):
            rows = np.flatnonzero(np.isinf(self._far) & (self.left > 0))
            if not len(rows):
                break
            images = np.stack([start(int(row), i) for row in rows])
            self._ask(rows, (images - self._originals[rows]) / self._range)
        rows = np.flatnonzero(np.isfinite(self._far))
        self._to_boundary(rows, self._change(rows))

    def go_on(self) -> None:
        """Steps along the boundary until there are no queries left."""
        iteration = 1
        while len(rows := self._able()):
            directions = np.stack([self._normal(i, iteration) for i in rows])
            stepped, changes = self._step(rows, directions, iteration)
            self._to_boundary(rows[stepped], changes[stepped])
            iteration += 1

    def _able(self) -> np.ndarray:
        """Returns the images that have an example, and queries for a turn."""
        least = self._aside() + _FEWEST
        moved = (self._far > 0) & np.isfinite(self._far)
        return np.flatnonzero(moved & (self.left >= least))

    def _aside(self) -> int:
        """Returns the queries of a turn that are not for the estimate."""
        return self._bisections() + _HALVINGS

    def _bisections(self) -> int:
        """Returns how often a way is halved: d^-3/2 (l2), d^-2, algorithm 1."""
        power = {"l2": 1.5, "linf": 2.0}[self._norm]
        return math.ceil(power * math.log2(max(2, self._pixels)))

    def _drawn(self, row: int, i: int) -> np.ndarray:
        """Returns a random image: noise, noise at the ends, or one colour."""
        shape = self._originals.shape[1:]
        random = self._random[row]
        share = random.random(shape if i % 3 < 2 else shape[2:])
        share = np.rint(share) if i % 3 == 1 else share
        image = self._lower + share * self._range
        return np.broadcast_to(image, shape).astype(np.float32)

    def _nearest_of(
        self, starts: np.ndarray
    ) -> Callable[[int, int], np.ndarray]:
        """Returns what gives an image its i-th nearest start."""
        orders = [
            np.argsort(self._size((starts - image) / self._range))
            for image in self._originals
        ]
        return lambda row, i: starts[orders[row][i]]

    def _change(self, rows: np.ndarray) -> np.ndarray:
        return (self.best[rows] - self._originals[rows]) / self._range

    def _size(self, changes: np.ndarray) -> np.ndarray:
        flat = changes.reshape(len(changes), self._pixels)
        order = {"l2": 2, "linf": np.inf}[self._norm]
        return np.asarray(np.linalg.norm(flat, order, axis=1))

    def _shown(self, rows: np.ndarray, changes: np.ndarray) -> np.ndarray:
        """Returns images: within the box, on the model's levels."""
        images = self._originals[rows] + self._range * changes
        images = np.clip(images, self._lower, self._upper).astype(np.float32)
        if self._classifier.levels is not None:
            images = self._classifier.levels.nearest(images).numpy()
        return images

    def _ask(self, rows: np.ndarray, changes: np.ndarray) -> np.ndarray:
        """Returns which changes make an example, and keeps the nearest."""
        images = self._shown(rows, changes)
        met = self._met(rows, images)
        size = self._size((images - self._originals[rows]) / self._range)
        nearer = met & (size < self._far[rows])
        self.best[rows[nearer]] = images[nearer]
        self._far[rows[nearer]] = size[nearer]
        return met

    def _met(self, rows: np.ndarray, images: np.ndarray) -> np.ndarray:
        np.subtract.at(self.left, rows, 1)
        said = self._classifier.predict(images, self._batch_size)
        if self._targets is not None:
            return np.asarray(said == self._targets[rows])
        return fooled(said, self._labels[rows])

    def _to_boundary(self, rows: np.ndarray, changes: np.ndarray) -> None:
        """Halves the way back from examples, algorithm 1.

        An image that the model was shown as one end of the way is not shown
        again: with levels there are not many between.
        """
        each = (-1, *(1 for _ in self._originals.shape[1:]))
        size = self._size(changes)

        def at(those: np.ndarray, share: np.ndarray) -> np.ndarray:
            if self._norm == "l2":
                return share.reshape(each) * changes[those]
            reach = (share * size[those]).reshape(each)
            return np.clip(changes[those], -reach, reach)

        low, high = np.zeros(len(rows)), np.ones(len(rows))
        for _ in range(self._bisections()):
            middle = (low + high) / 2
            ends = [
                self._shown(rows, at(np.arange(len(rows)), share))
                for share in (middle, high, low)
            ]
            axes = tuple(range(1, ends[0].ndim))
            met, missed = ((ends[0] == e).all(axes) for e in ends[1:])
            new = np.flatnonzero(~met & ~missed & (self.left[rows] > 0))
            if not len(new):
                break
            met[new] = self._ask(rows[new], at(new, middle[new]))
            high = np.where(met, middle, high)
            low = np.where(met, low, middle)

    def _normal(self, row: int, iteration: int) -> np.ndarray:
        """Estimates the way in at the nearest example: section III, C and D.

        Returns:
            A direction of norm 1, as an image.
        """
        change = self._change(np.array([row]))[0]
        noise = _NOISE * float(np.linalg.norm(change))
        left = self.left[row] - self._aside()
        left = min(int(_FIRST_ESTIMATE * math.sqrt(iteration)), left)
        met, moved = self._noisy(row, change, noise, min(_PILOT, left))
        left -= len(met)
        while met.all() == met.any() and left >= _FEWEST:
            if _NOISE * self._louder[row] > 1:
                break  # there is nothing to be seen
            self._louder[row] *= _LOUDER
            met, moved = self._noisy(row, change, noise, _PILOT)
            left -= _PILOT
        if left > 0:
            more = self._noisy(row, change, noise, left)
            met = np.concatenate([met, more[0]])
            moved = np.concatenate([moved, more[1]])
        signs = np.where(met, 1.0, -1.0)
        if met.any() and not met.all():
            signs -= signs.mean()  # equation 16
        direction = np.tensordot(signs, moved, 1)
        if self._norm == "linf":
            return np.sign(direction)
        size = np.linalg.norm(direction)
        return np.asarray(direction / size if size else direction)

    def _noisy(
        self, row: int, change: np.ndarray, noise: float, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Asks about noisy copies; returns the answers, and what was added."""
        shape, random = (count, *change.shape), self._random[row]
        if self._norm == "l2":
            added = random.standard_normal(shape)
        else:
            added = random.uniform(-1, 1, shape)
        flat = added.reshape(count, -1)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        rows = np.full(count, row)
        images = self._shown(rows, change + noise * self._louder[row] * added)
        met = self._met(rows, images)
        return met, (images - self._originals[rows]) / self._range - change

    def _step(
        self, rows: np.ndarray, directions: np.ndarray, iteration: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Halves a step until it ends in an example, section III E.

        Returns:
            Which images have one, and where it leads each.
        """
        size = (self._far[rows] / math.sqrt(iteration)).reshape(
            -1, *(1 for _ in directions.shape[1:])
        )
        changes = self._change(rows)
        stepped = np.zeros(len(rows), bool)
        for _ in range(self._bisections()):
            those = ~stepped & (self.left[rows] > self._bisections())
            those = np.flatnonzero(those)
            if not len(those):
                break
            to = changes[those] + size[those] * directions[those]
            met = self._ask(rows[those], to)
            changes[those[met]] = to[met]
            stepped[those[met]] = True
            size[those] /= 2
        return stepped, changes
