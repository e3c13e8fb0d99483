"""Small nets as strangers build them, of whatever layers Keras has.

Random weights; what is asked of them is whether they are exported, run and
lifted, or refused in a sentence, and never silently wrong.
"""

import keras
import numpy as np
from keras import layers
from keras import ops

SHAPE = (16, 16, 3)
CLASSES = 5
NETS = {}


def _net(shape=SHAPE, dtype="float32"):
    """Registers what a function makes of an input as a model."""

    def register(function):
        def build():
            keras.utils.set_random_seed(0)
            given = keras.Input(shape, dtype=dtype, name="images")
            net = keras.Model(given, function(given), name=function.__name__)
            return _seen(net)

        NETS[function.__name__] = build
        return function

    return register


def images(model, n=16):
    """Returns random images for a net, as its input holds them."""
    random = np.random.default_rng(1)
    shape = model.input_shape[1:]
    # Each of a colour of its own, or all would be alike on average.
    colour = random.random((n, *[1] * (len(shape) - 1), shape[-1]))
    values = (colour + random.random((n, *shape))) / 2
    whole = keras.backend.standardize_dtype(model.inputs[0].dtype) == "uint8"
    return (np.round(255 * values) if whole else values).astype(np.float32)


def _seen(net):
    # As if trained: moving averages fit what comes by.
    normalised = [
        layer
        for layer in net._flatten_layers()
        if isinstance(layer, layers.BatchNormalization)
    ]
    for layer in normalised:
        layer.momentum = 0.5
    for _ in range(8 if normalised else 0):
        net(images(net), training=True)
    last = net.layers[-1]
    if last.units > 1:
        # All classes are about as likely.
        hidden = keras.Model(net.input, last.input)(images(net))
        scores = ops.cast(hidden, last.kernel.dtype) @ last.kernel
        last.bias.assign(-ops.mean(scores, axis=0))
    return net


def _head(x):
    return layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))


def _conv(x, filters=8, **options):
    return layers.Conv2D(filters, 3, padding="same", **options)(x)


@_net()
def batch_norm_after_conv(x):
    x = layers.BatchNormalization()(_conv(x, use_bias=False))
    return _head(layers.ReLU()(x))


@_net()
def batch_norm_after_relu(x):
    return _head(layers.BatchNormalization()(_conv(x, activation="relu")))


@_net()
def batch_norm_before_all(x):
    return _head(_conv(layers.BatchNormalization()(x), activation="relu"))


@_net()
def batch_norm_unscaled(x):
    x = layers.BatchNormalization(scale=False, center=False)(_conv(x))
    return layers.Dense(CLASSES)(layers.Flatten()(layers.ReLU()(x)))


@_net()
def layer_norm(x):
    return _head(layers.LayerNormalization()(_conv(x, activation="gelu")))


@_net()
def group_norm(x):
    return _head(layers.ReLU()(layers.GroupNormalization(4)(_conv(x))))


@_net()
def rms_norm(x):
    return _head(layers.RMSNormalization()(_conv(x, activation="relu")))


@_net()
def unit_norm(x):
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return layers.Dense(CLASSES)(layers.UnitNormalization()(x))


@_net()
def gelu(x):
    return _head(_conv(_conv(x, activation="gelu"), activation="gelu"))


@_net()
def swish(x):
    return _head(_conv(_conv(x, activation="swish"), activation="swish"))


@_net()
def mish(x):
    return _head(_conv(x, activation="mish"))


@_net()
def elu(x):
    return _head(_conv(x, activation="elu"))


@_net()
def selu_alpha_dropout(x):
    x = layers.AlphaDropout(0.2)(_conv(x, activation="selu"))
    return _head(x)


@_net()
def leaky_relu(x):
    return _head(layers.LeakyReLU(0.1)(_conv(x)))


@_net()
def prelu(x):
    return _head(layers.PReLU(shared_axes=(1, 2))(_conv(x)))


@_net()
def relu6_tanh_sigmoid(x):
    x = _conv(_conv(x, activation="relu6"), activation="tanh")
    return _head(_conv(x, activation="sigmoid"))


@_net()
def squeeze_excite(x):
    x = _conv(x, activation="relu")
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(4, 1, activation="relu")(s)
    s = layers.Conv2D(8, 1, activation="hard_sigmoid")(s)
    return _head(layers.Multiply()([x, s]))


@_net()
def squeeze_excite_hard_swish(x):
    x = _conv(x, activation="hard_swish")
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(8, 1, activation="hard_sigmoid")(s)
    return _head(_conv(layers.Multiply()([x, s]), activation="hard_swish"))


@_net()
def separable(x):
    x = layers.SeparableConv2D(8, 3, activation="relu")(x)
    return _head(layers.SeparableConv2D(12, 3, strides=2)(x))


@_net()
def depthwise(x):
    return _head(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))


@_net()
def inverted_residual(x):
    x = _conv(x)
    y = layers.Conv2D(24, 1, activation="relu6")(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(y)
    return _head(layers.Add()([x, layers.Conv2D(8, 1)(y)]))


@_net()
def transposed_conv(x):
    x = _conv(x, strides=2, activation="relu")
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same")(x)
    return _head(layers.ReLU()(x))


@_net()
def dilated(x):
    return _head(_conv(_conv(x), dilation_rate=2, activation="relu"))


@_net()
def grouped(x):
    return _head(_conv(_conv(x, 8), 8, groups=4, activation="relu"))


@_net()
def multi_branch(x):
    pooled = layers.AveragePooling2D(3, strides=1, padding="same")(x)
    parts = [layers.Conv2D(4, 1)(x), _conv(x, 4), layers.Conv2D(4, 1)(pooled)]
    return _head(layers.ReLU()(layers.Concatenate()(parts)))


@_net()
def residual(x):
    x = _conv(x, activation="relu")
    y = _conv(_conv(x, activation="relu"))
    return _head(layers.ReLU()(layers.Add()([x, y])))


@_net()
def dense_blocks(x):
    for _ in range(3):
        x = layers.Concatenate()([x, _conv(x, 4, activation="relu")])
    return _head(x)


@_net()
def pools(x):
    x = layers.MaxPooling2D(3, strides=2, padding="same")(_conv(x))
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    return layers.Dense(CLASSES)(layers.GlobalMaxPooling2D()(x))


@_net()
def padded_and_cropped(x):
    x = layers.Conv2D(8, 3)(layers.ZeroPadding2D(((1, 2), (0, 3)))(x))
    return _head(layers.Cropping2D(1)(x))


@_net()
def upsampled(x):
    x = layers.UpSampling2D(2, interpolation="bilinear")(_conv(x))
    return _head(_conv(x, activation="relu"))


@_net()
def shared_layers(x):
    twice = layers.Conv2D(3, 3, padding="same", activation="relu")
    return _head(layers.Add()([twice(twice(x)), x]))


@_net()
def gated(x):
    return _head(layers.Multiply()([_conv(x), _conv(x, activation="sigmoid")]))


@_net()
def softmax_head(x):
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return layers.Dense(CLASSES, activation="softmax")(x)


@_net()
def one_sigmoid_unit(x):
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    return layers.Dense(1, activation="sigmoid")(x)


@_net()
def conv_mixer(x):
    x = layers.Conv2D(8, 4, strides=4, activation="gelu")(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="gelu")(x)
    x = layers.Add()([x, layers.BatchNormalization()(y)])
    return _head(layers.Conv2D(8, 1, activation="gelu")(x))


@_net()
def mlp_mixer(x):
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(x))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Dense(16, activation="gelu")(y)
    x = layers.Add()([x, layers.Permute((2, 1))(y)])
    return layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x))


@_net()
def vision_transformer(x):
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4)(x))
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
    y = layers.Dense(16, activation="gelu")(layers.LayerNormalization()(x))
    x = layers.Add()([x, layers.Dense(8)(y)])
    return layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x))


@_net()
def relu_of_a_product(x):
    x = layers.Reshape((16, 48))(x)
    product = ops.matmul(layers.Dense(8)(x), layers.Dense(16)(x)[:, :8])
    return layers.Dense(CLASSES)(layers.Flatten()(ops.relu(product)))


@_net()
def preprocessing(x):
    x = layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.1] * 3)(x)
    return _head(_conv(layers.Rescaling(2.0, -1.0)(x), activation="relu"))


@_net()
def resized_inside(x):
    return _head(_conv(layers.Resizing(24, 24)(x), activation="relu"))


@_net()
def augmented(x):
    x = layers.RandomFlip("horizontal")(x)
    x = layers.RandomZoom(0.1)(layers.RandomRotation(0.1)(x))
    return _head(_conv(x, activation="relu"))


@_net((28, 28))
def quickstart_without_channels(x):
    x = layers.Dense(32, activation="relu")(layers.Flatten()(x))
    return layers.Dense(10)(layers.Dropout(0.2)(x))


@_net((784,))
def flat_input(x):
    return layers.Dense(10)(layers.Dense(32, activation="relu")(x))


@_net((28, 28))
def rows_as_a_series(x):
    x = layers.Conv1D(8, 3, activation="relu")(x)
    return layers.Dense(10)(layers.GlobalAveragePooling1D()(x))


@_net((28, 28))
def lstm(x):
    return layers.Dense(10)(layers.LSTM(8)(x))


@_net((28, 28))
def lstm_unrolled(x):
    return layers.Dense(10)(layers.LSTM(8, unroll=True)(x))


@_net((28, 28))
def gru_unrolled(x):
    return layers.Dense(10)(layers.GRU(8, unroll=True)(x))


@_net(dtype="uint8")
def uint8_input(x):
    return _head(_conv(layers.Rescaling(1 / 255)(x), activation="relu"))


@_net()
def double_precision(x):
    x = layers.Flatten()(ops.cast(x, "float64"))
    return layers.Dense(CLASSES, dtype="float64")(x)


@_net()
def mixed_precision(x):
    x = layers.Conv2D(8, 3, activation="relu", dtype="mixed_float16")(x)
    x = layers.GlobalAveragePooling2D(dtype="mixed_float16")(x)
    return layers.Dense(CLASSES, dtype="float32")(x)
