"""QuocNet, small: stages that learn without labels, under a classifier."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras import checks
from advkeras.models import registry
from advkeras.models.layers import L2Pooling2D
from advkeras.models.layers import LocalContrastNormalization
from advkeras.models.layers import LocallyConnected2D

# Side of the receptive fields, in pixels of what the stage is given, and the
# step from one to the next.
_STAGES = ((6, 2), (3, 1), (3, 1))
_POOL = 2


@registry.register("quocnet")
def quocnet(
    name: str,
    *,
    seed: int = 0,
    input_shape: Sequence[int] = (32, 32, 3),
    classes: int = 2,
    maps: int = 16,
) -> keras.Model:
    """Builds three stages and logits on the last features.

    After Le et al. 2012, "Building high-level features using large scale
    unsupervised learning", which Szegedy et al. 2013 attack: each stage is
    linear units whose receptive fields share no weights, L2 pooling over
    neighbours of the same map, and local contrast normalisation. Theirs sees
    200 x 200 pixels by fields of 18 x 18, eight maps and a billion weights;
    this one fits photographs of 32 x 32. The first layer normalises the
    contrast of the images.

    The stages are random until `advkeras.training.pretrain_stages` has
    trained them without labels, and are not trainable by a classifier.

    Args:
        name: Name of the model.
        seed: Seed of the initial weights.
        input_shape: (height, width, channels), sides of 20 or more.
        classes: Number of logits.
        maps: Maps of every stage; the size of the net.

    Returns:
        A model from images in [0, 1] to logits.

    Raises:
        ValueError: An argument is out of its range.
    """
    checks.check_count("maps", maps)
    if min(input_shape[:2]) < 20:
        raise ValueError(
            "`input_shape` must have sides of 20 pixels or more. "
            f"Received: input_shape={tuple(input_shape)}"
        )
    stack: list[layers.Layer] = [
        keras.Input(tuple(input_shape)),
        LocalContrastNormalization(name="contrast"),
    ]
    for i, (field, step) in enumerate(_STAGES):
        channels = maps if i else input_shape[-1]
        stack += [
            LocallyConnected2D(
                maps,
                field,
                step,
                use_bias=False,
                kernel_initializer=keras.initializers.RandomNormal(
                    stddev=(field**2 * channels) ** -0.5,
                    seed=1000 * seed + i,
                ),
                trainable=False,
                name=f"stage{i + 1}",
            ),
            L2Pooling2D(_POOL, name=f"pool{i + 1}"),
            LocalContrastNormalization(name=f"contrast{i + 1}"),
        ]
    stack += [
        layers.Flatten(),
        layers.Dense(
            classes,
            kernel_initializer=keras.initializers.GlorotUniform(
                seed=1000 * seed + len(_STAGES)
            ),
            name="logits",
        ),
    ]
    return keras.Sequential(stack, name=name)


def stages(model: keras.Model) -> list[tuple[LocallyConnected2D, L2Pooling2D]]:
    """Returns the linear layer and the pooling of each stage, in order."""
    pairs = zip(model.layers, model.layers[1:], strict=False)
    return [
        (first, second)
        for first, second in pairs
        if isinstance(first, LocallyConnected2D)
        and isinstance(second, L2Pooling2D)
    ]
