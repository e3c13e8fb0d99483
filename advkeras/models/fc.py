"""The fully connected MNIST networks of Szegedy et al. 2013, table 1."""

from collections.abc import Sequence

import keras
from keras import layers

from advkeras.models import registry

# Units, and one lambda a layer. The paper's text reads lambda * sum(w^2) / k
# with k the units of a layer; its FC10 rows come out with lambda / 2 * sum(w^2)
# only, and the hidden nets reach its distortion with it too, so that is what is
# used.
_NETS: dict[str, tuple[tuple[int, ...], tuple[float, ...]]] = {
    "fc10": ((10,), (1e-4,)),
    "fc10-1e-2": ((10,), (1e-2,)),
    "fc10-1": ((10,), (1.0,)),
    "fc100-100-10": ((100, 100, 10), (1e-5, 1e-5, 1e-6)),
    "fc200-200-10": ((200, 200, 10), (1e-5, 1e-5, 1e-6)),
    "fc123-456-10": ((123, 456, 10), (1e-5, 1e-5, 1e-6)),
}


@registry.register(*_NETS)
def fully_connected(
    name: str,
    *,
    seed: int = 0,
    weight_decay: Sequence[float] | None = None,
    dropout: tuple[float, float] = (0.0, 0.0),
    input_shape: Sequence[int] = (28, 28, 1),
) -> keras.Model:
    """Builds sigmoid hidden layers and logits; the name holds the units.

    Args:
        name: "fc" and the units of each layer, the classes last. "fc10" is
            softmax regression, the paper's FC10(1e-4); behind a dash follow
            its other two lambdas.
        seed: Seed of the initial weights.
        weight_decay: One lambda a layer, of `lambda / 2 * sum(w^2)`, biases
            excluded; None for the paper's.
        dropout: Share of the pixels, and of hidden units, that is left out.
        input_shape: (height, width, channels).

    Returns:
        A model from images to logits.

    Raises:
        ValueError: `weight_decay` has not one value a layer.
    """
    units, papers = _NETS[name]
    weight_decay = papers if weight_decay is None else weight_decay
    if len(weight_decay) != len(units):
        raise ValueError(
            f"`weight_decay` must have one value for each of the {len(units)} "
            f"layers of {name}. Received: weight_decay={weight_decay!r}"
        )
    images, hidden = dropout
    stack: list[layers.Layer] = [
        keras.Input(tuple(input_shape)),
        layers.Flatten(),
    ]
    if images:
        stack.append(layers.Dropout(images, seed=seed))
    for i, (k, decay) in enumerate(zip(units, weight_decay, strict=True)):
        is_last = i == len(units) - 1
        stack.append(
            layers.Dense(
                k,
                activation=None if is_last else "sigmoid",
                kernel_initializer=keras.initializers.GlorotUniform(
                    seed=1000 * seed + i
                ),
                kernel_regularizer=keras.regularizers.L2(decay / 2),
                name="logits" if is_last else f"hidden{i + 1}",
            )
        )
        if hidden and not is_last:
            stack.append(layers.Dropout(hidden, seed=seed + 1 + i))
    return keras.Sequential(stack, name=name)
