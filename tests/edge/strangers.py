"""Small nets as other people make them, each with a trait of its own."""

import keras

layers = keras.layers


def net(*inside, shape=(28, 28, 1), **of_input):
    """Returns a classifier of ten classes, of random weights."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(shape, **of_input),
            *inside,
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def augmented():
    """Its augmentation is inside, as Keras's tutorials have it."""
    return net(
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.Conv2D(4, 3, activation="relu"),
    )


def without_channels():
    """Takes (28, 28)."""
    return net(layers.Dense(8, activation="relu"), shape=(28, 28))


def flat():
    """Takes (784,)."""
    return net(layers.Dense(16, activation="relu"), shape=(784,))
