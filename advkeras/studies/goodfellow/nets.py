"""The nets that several studies share, and what they are attacked with."""

from typing import Any

import numpy as np

from advkeras import attacks
from advkeras import training
from advkeras.attacks import Attack
from advkeras.classifier import Classifier
from advkeras.studies.context import Context

EPSILON = 0.25
UNCLIPPED = attacks.FGSM(EPSILON, clip=False)
CLIPPED = attacks.FGSM(EPSILON)

# The paper's name -> ours.
SHALLOW_AND_DEEP = {
    "shallow softmax": "fc10-1e-4",
    "maxout": "maxout",
    "shallow RBF": "rbf",
}
PHOTOGRAPHS = "conv-maxout"  # of saved_models, at either scale
CLIPPING = (
    "The paper does not speak of clipping to [0, 1]; its figures go with "
    "images that are not clipped, which is what is compared here unless a "
    "column says otherwise."
)
MAXOUT = (
    "Optimiser, pieces, layers and dropout of the maxout nets are not in the "
    "paper. Here: two layers of units of five pieces, dropout of 0.2 and 0.5, "
    "weights bounded in norm, as in the maxout paper's own MNIST net; AdamW "
    "with a cosine schedule, and far fewer epochs than the hundreds of that "
    "one."
)


def load(context: Context, *names: str) -> dict[str, Classifier]:
    """Returns nets of saved_models, or trained small, by name."""
    return {name: context.digit_net(name) for name in names}


def maxout(
    context: Context,
    name: str,
    seed: int = 0,
    epochs: int = 8,
    attack: dict | None = None,
    loss: str = "softmax",
    **options: Any,
) -> Classifier:
    """Returns a maxout net that one study needs, trained in it.

    At small scale with 60 units a layer.

    Args:
        context: Where and how.
        name: Name of its file.
        seed: Seed of its weights and training.
        epochs: Passes over the images, at paper scale.
        attack: What makes the images that are mixed in.
        loss: What is minimised.
        **options: For the network's builder.
    """
    recipe = training.Recipe(
        epochs=context.pick(epochs, 15),
        batch_size=context.pick(256, 64),
        learning_rate=2e-3,
        weight_decay=0.0,
        attack=attack,
        loss=loss,
    )
    small = context.pick({}, {"units": 60})
    return context.trained(
        name, "maxout", recipe, seed=seed, options={**small, **options}
    )


def test_images(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """Returns all test images, 1000 at small scale, with their labels."""
    test_set = context.digits("test")
    return test_set.sample(context.pick(10_000, 1000), context.seed)


def examples(
    net: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    attack: Attack = UNCLIPPED,
) -> np.ndarray:
    """Returns what an attack makes of images, float32, as they are."""
    return attack(net, images, labels).images
