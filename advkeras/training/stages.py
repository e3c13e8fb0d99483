"""Training of a net's stages one by one, without labels."""

from typing import Any

import keras
from keras import ops

from advkeras import checks
from advkeras import datasets
from advkeras import models
from advkeras.models.layers import L2Pooling2D
from advkeras.models.layers import LocallyConnected2D
from advkeras.models.quocnet import stages

_SPARSITY = 0.1  # lambda, the weight of the pooled lengths
_BATCH = 100


class _Autoencoder(keras.layers.Layer):
    """Rebuilds each receptive field from its own units, which are sparse.

    Adds the loss of Le et al. 2012, section 3.2, of a mean image and place:
    |W2 W1 x - x|^2 + lambda * sum of the pooled lengths of W1 x.
    """

    def __init__(
        self, stage: LocallyConnected2D, pooling: L2Pooling2D, seed: int
    ):
        super().__init__()
        self.stage = stage
        self.pooling = pooling
        self.seed = seed

    def build(self, input_shape: tuple) -> None:
        rows, columns, values, filters = self.stage.kernel.shape
        self.decoder = self.add_weight(
            shape=(rows, columns, filters, values),
            initializer=keras.initializers.RandomNormal(
                stddev=values**-0.5, seed=self.seed
            ),
        )

    def call(self, x: Any) -> Any:
        codes = self.stage(x)
        fields = self.stage.receptive_fields(x)
        rebuilt = ops.einsum("nrcf,rcfp->nrcp", codes, self.decoder)
        error = ops.sum(ops.square(rebuilt - fields), axis=-1)
        lengths = ops.sum(self.pooling(codes), axis=-1)
        self.add_loss(ops.mean(error) + _SPARSITY * ops.mean(lengths))
        return codes


def pretrain_stages(
    model: keras.Model, images: Any, epochs: int, seed: int = 0
) -> list[float]:
    """Trains the stages of a "quocnet" model, from the first to the last.

    Each stage is trained on what the stages below it, which then rest, make
    of the images, by Adam through Keras `fit()`. The decoder is thrown away.

    Args:
        model: A model with a stage or more: a `LocallyConnected2D` followed by
            an `L2Pooling2D`. Trained in place; left not trainable, as found.
        images: (n, height, width, channels): an array, an `ImageSet` or a
            `tf.data.Dataset`; labels are not looked at.
        epochs: Passes over the images, for each stage.
        seed: Seed of the decoders and of the order of the images.

    Returns:
        The last epoch's loss of each stage, a mean over images and places.

    Raises:
        ValueError: The model has no stage.

    Source: Le et al. 2012, section 3.2.
    """
    checks.check_count("epochs", epochs)
    checks.check_seed("seed", seed)
    found = stages(model)
    if not found:
        raise ValueError(
            "`model` must have a stage: a LocallyConnected2D under an "
            "L2Pooling2D. Received: layers "
            f"{', '.join(layer.name for layer in model.layers)}"
        )
    images = datasets.images_of(images, None, models.image_shape(model))
    losses = []
    for i, (stage, pooling) in enumerate(found):
        keras.utils.set_random_seed(seed + i)
        below = model.inputs[0]
        for layer in model.layers[: model.layers.index(stage)]:
            below = layer(below)
        stage.trainable = True
        codes = _Autoencoder(stage, pooling, seed + i)(below)
        autoencoder = keras.Model(model.inputs[0], codes)
        autoencoder.compile(keras.optimizers.Adam(1e-3))
        history = autoencoder.fit(
            images, epochs=epochs, batch_size=_BATCH, verbose=0
        )
        stage.trainable = False
        losses.append(float(history.history["loss"][-1]))
    return losses
