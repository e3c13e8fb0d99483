"""One net on pixels 0 .. 1, and the same net on images less their mean."""

import dataclasses
import functools

import keras
import numpy as np
from keras import layers

import advkeras as ak

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])
BOUNDS = ((0 - MEAN) / DEVIATION, (1 - MEAN) / DEVIATION)
# As the flag of an app.
FLAG = "--bounds=" + ",".join(f"{end!r}" for end in np.ravel(BOUNDS).tolist())
TINT = np.array([1.0, 0.7, 0.4])  # no channel is another


def pixels(digits):
    """Returns digits in colour, uint8, (n, 28, 28, 3)."""
    return (255 * digits.images * TINT).round().astype(np.uint8)


def there(images):
    """Returns images 0 .. 1 as the normalised net takes them."""
    lower, upper = np.float32(BOUNDS)
    moved = ((images - MEAN) / DEVIATION).astype(np.float32)
    return moved.clip(lower, upper)


def back(images):
    """Returns what the normalised net takes as images 0 .. 1."""
    return images * DEVIATION + MEAN


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Both nets, and images for each."""

    plain: ak.Classifier
    normalised: ak.Classifier
    images: np.ndarray  # of the plain net
    labels: np.ndarray

    @functools.cached_property
    def theirs(self):
        """The same images, for the normalised net."""
        return there(self.images)


def pair(digits, test_digits):
    """Trains the plain net, and folds a layer in front for the other."""
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            layers.Conv2D(8, 5, strides=3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.Adam(3e-3), loss)
    net.fit(
        np.float32(pixels(digits) / 255), digits.labels, epochs=30, verbose=0
    )
    inputs = keras.Input((28, 28, 3))
    unnormalise = layers.Rescaling(DEVIATION.tolist(), MEAN.tolist())
    whole = keras.Model(inputs, net(unnormalise(inputs)), name="normalised")
    return Pair(
        ak.Classifier(net, bounds=(0, 1)),
        ak.Classifier(whole, bounds=BOUNDS),
        np.float32(pixels(test_digits) / 255)[:40],
        test_digits.labels[:40],
    )
