"""Small nets of every operator that the converter can write.

Each takes images and returns a list of tensors, every one of which depends on
the images by as few operators as can be: so that a step of an output is one
of that operator.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tests.edge.lift import files


@dataclasses.dataclass(frozen=True)
class Net:
    """A net, and what is expected of its files.

    Attributes:
        function: Takes tensors, returns a list.
        operators: What must be in the file, whatever its kind.
        shapes: Of its inputs, for one image each.
        kinds: Which files to make of it.
        batches: Whether for any number of images (None), or for 1.
        low: Smallest value of an input.
        high: Largest.
        steps: How many steps of its output a quantised file may be off.
        relative: How much of the largest value a float file may be off.
        kernels: Which kernels of the interpreter to compare with: of the
            reference ones some are missing or wrong.
    """

    function: Callable
    operators: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...] = ((8, 6, 3),)
    kinds: tuple[str, ...] = ("float32", "int8")
    batches: tuple[int | None, ...] = (None, 1)
    low: float = -3.0
    high: float = 3.0
    steps: int = 1
    relative: float = 1e-5
    kernels: tuple[str, ...] = ("reference", "default")

    def content(self, kind, batch=None):
        """Returns the bytes of the file."""
        return files.converted(
            self.function, self.shapes, kind, batch, self.low, self.high
        )


NETS: dict[str, Net] = {}


def _net(*operators, **settings):
    def enter(function):
        net = Net(function, operators, **settings)
        NETS[function.__name__.replace("_", " ")] = net
        return function

    return enter


def _weights(*shape):
    """Returns a constant, the same each time."""
    random = np.random.default_rng(len(shape) + sum(shape))
    return tf.constant(random.normal(size=shape) / 3, tf.float32)


_FLOAT = ("float32",)
_ALL = files.KINDS


@_net("CONV_2D", kinds=_ALL)
def convolutions(x):
    kernel, bias = _weights(3, 3, 3, 5), _weights(5)
    return [
        tf.nn.conv2d(x, kernel, 1, "SAME") + bias,
        tf.nn.conv2d(x, kernel, 2, "VALID"),
        tf.nn.conv2d(x, kernel, (2, 1), "SAME") + bias,
        tf.nn.conv2d(x, kernel, (1, 3), "VALID"),
        tf.nn.conv2d(x, kernel, 2, "SAME"),
        tf.nn.conv2d(x, kernel, 1, "SAME", dilations=2) + bias,
        tf.nn.conv2d(x, _weights(3, 2, 3, 4), 1, "VALID", dilations=(2, 3)),
    ]


@_net("CONV_2D", kinds=("float32", "int8"), shapes=((6, 5, 4),))
def groups_of_filters(x):
    return [
        tf.nn.conv2d(x, _weights(3, 3, 2, 6), 1, "SAME") + _weights(6),
        tf.nn.conv2d(x, _weights(3, 3, 1, 8), 2, "VALID"),
    ]


# A dynamic range needs weights of at least 1024 numbers.
@_net(
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    shapes=((6, 5, 64),),
    kinds=("dynamic",),
)
def dynamic_ranges(x):
    return [
        tf.nn.conv2d(x, _weights(3, 3, 64, 8), 1, "SAME") + _weights(8),
        tf.nn.conv2d(x, _weights(3, 3, 64, 8), 2, "VALID"),
        tf.nn.depthwise_conv2d(x, _weights(5, 5, 64, 1), (1,) * 4, "SAME"),
        tf.reshape(x, (-1, 320)) @ _weights(320, 7),
    ]


@_net(
    "BATCH_MATMUL",
    shapes=((3, 5, 64),),
    kinds=("dynamic", "int8"),
    batches=(1,),
)
def products_with_a_constant(x):
    return _products_with_a_constant(x)


# The reference kernel, which the constant has to be broadcast for, gives an
# image another answer in company.
@_net(
    "BATCH_MATMUL",
    shapes=((3, 5, 64),),
    kinds=("dynamic", "int8"),
    batches=(None,),
    kernels=("default",),
)
def products_with_a_broadcast_constant(x):
    return _products_with_a_constant(x)


def _products_with_a_constant(x):
    return [
        tf.matmul(x, _weights(3, 64, 20)),
        tf.matmul(x, _weights(3, 5, 80), transpose_a=True),
        tf.matmul(x, _weights(3, 20, 64), transpose_b=True),
    ]


@_net("TRANSPOSE_CONV", shapes=((4, 3, 32),), kinds=("dynamic",), relative=2e-2)
def dynamic_range_of_a_transposed_convolution(x):
    shape = (tf.shape(x)[0], 8, 6, 8)
    return [
        tf.nn.conv2d_transpose(x, _weights(3, 3, 8, 32), shape, 2, "SAME"),
    ]


@_net("DEPTHWISE_CONV_2D", kinds=_ALL)
def depthwise_convolutions(x):
    ones, twos = (1, 1, 1, 1), (1, 2, 2, 1)
    kernel, bias = _weights(3, 3, 3, 2), _weights(6)
    function = tf.nn.depthwise_conv2d
    return [
        function(x, kernel, ones, "SAME") + bias,
        function(x, kernel, twos, "VALID"),
        function(x, kernel, twos, "SAME"),
        function(x, kernel, ones, "SAME", dilations=(2, 2)) + bias,
        function(x, _weights(2, 3, 3, 1), ones, "VALID"),
    ]


# Made of other operators where the converter cannot tell what they do.
@_net("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", batches=(None,))
def unequal_dilations(x):
    kernel = _weights(3, 3, 3, 2)
    return [
        tf.nn.depthwise_conv2d(x, kernel, (1,) * 4, padding, dilations=(1, 2))
        for padding in ("SAME", "VALID")
    ]


# Not fused with its RELU, which takes a step of one for two of its own.
@_net("TRANSPOSE_CONV", shapes=((4, 3, 3),), kinds=_ALL, steps=2)
def transposed_convolutions(x):
    n = tf.shape(x)[0]
    kernel = _weights(3, 3, 4, 3)
    function = tf.nn.conv2d_transpose
    return [
        function(x, kernel, (n, 8, 6, 4), 2, "SAME") + _weights(4),
        function(x, kernel, (n, 9, 7, 4), 2, "VALID"),
        function(x, kernel, (n, 4, 9, 4), (1, 3), "SAME"),
        tf.nn.relu(function(x, kernel, (n, 6, 5, 4), 1, "VALID")),
    ]


@_net("FULLY_CONNECTED", shapes=((4, 12),), kinds=_ALL)
def fully_connected(x):
    weights = _weights(12, 7)
    return [
        tf.reshape(x, (-1, 48)) @ _weights(48, 5) + _weights(5),
        tf.einsum("nij,jk->nik", x, weights) + _weights(7),
        tf.tensordot(x, weights, 1),
        tf.nn.relu(x[:, 0] @ weights),
    ]


@_net("BATCH_MATMUL", shapes=((3, 4, 5), (3, 5, 2)), kinds=_ALL)
def products(x, y):
    return [
        tf.matmul(x, y),
        tf.matmul(y, x, transpose_a=True, transpose_b=True),
        tf.matmul(x, x, transpose_a=True),
        tf.matmul(x, x, transpose_b=True),
    ]


# The converter fuses RELU and RELU6; the others are fused by hand.
@_net(
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "ADD",
    "SUB",
    "MUL",
    kinds=_ALL,
)
def fused_activations(x):
    kernel, row = _weights(3, 3, 3, 4), x[:, 0, 0]
    return [
        end(function(scale))
        for end, scale in ((tf.nn.relu, 2.0), (tf.nn.relu6, 7.0))
        for function in (
            lambda s: tf.nn.conv2d(x, s * kernel, 2, "SAME") + _weights(4),
            lambda s: tf.nn.depthwise_conv2d(x, s * kernel, (1,) * 4, "VALID"),
            lambda s: row @ (s * _weights(3, 6)),
            lambda s: x + s * _weights(3),
            lambda s: x - s * _weights(3),
            lambda s: x * (s + _weights(3)),
        )
    ]


@_net("AVERAGE_POOL_2D", "MAX_POOL_2D", kinds=("float32", "int8", "int16x8"))
def pools(x):
    return [
        function(x, ksize=size, strides=strides, padding=padding)
        for function in (tf.nn.avg_pool2d, tf.nn.max_pool2d)
        for size, strides, padding in (
            (2, 2, "VALID"),
            (3, 2, "SAME"),
            ((3, 2), (1, 3), "SAME"),
            ((2, 3), (3, 1), "VALID"),
        )
    ]


@_net("MEAN", "REDUCE_MAX", "REDUCE_MIN", kinds=_ALL)
def reductions(x):
    return [
        made
        for function in (tf.reduce_mean, tf.reduce_max, tf.reduce_min)
        for made in _reduced(function, x)
    ]


@_net("SUM", kinds=_FLOAT)
def sums(x):
    return _reduced(tf.reduce_sum, x)


# The reference kernel adds the integers as they are, as if of one scale, and
# so do both of 16 bits.
@_net("SUM", kinds=("int8",), kernels=("default",))
def sums_of_integers(x):
    return _reduced(tf.reduce_sum, x)


def _reduced(function, x):
    return [
        function(x, axis, keepdims=keepdims)
        for axis, keepdims in (
            ((1, 2), False),
            ((1, 2), True),
            (-1, False),
            ((1, 2, 3), False),
        )
    ]


@_net("REDUCE_PROD", kinds=_FLOAT)
def product_of_all(x):
    return [tf.reduce_prod(x, 1), tf.reduce_prod(x, (1, 2), keepdims=True)]


@_net(
    "ADD",
    "SUB",
    "MUL",
    "MAXIMUM",
    "MINIMUM",
    shapes=((4, 4, 3), (4, 1, 3)),
    kinds=("float32", "int8", "int16x8"),
)
def arithmetic(x, y):
    constant = _weights(4, 3)
    return [
        function(x, other)
        for function in (
            tf.add,
            tf.subtract,
            tf.multiply,
            tf.maximum,
            tf.minimum,
        )
        for other in (y, constant)
    ]


@_net("SQUARED_DIFFERENCE", shapes=((4, 4, 3), (4, 1, 3)))
def squared_differences(x, y):
    return [(x - y) ** 2, tf.math.squared_difference(x, _weights(4, 3))]


@_net("DIV", "POW", shapes=((4, 4, 3), (4, 1, 3)), low=0.5, high=2.0)
def divisions_and_powers(x, y):
    return [x / y, 1 / x, x**y, tf.nn.relu(x / (y - 1)), x**2.5]


@_net("ADD_N", shapes=((4, 3), (4, 3), (4, 3)), kinds=_FLOAT)
def sum_of_several(x, y, z):
    return [tf.add_n([x, y, z])]


@_net(
    "ABS",
    "COS",
    "FLOOR",
    "LOGISTIC",
    "NEG",
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "SIN",
    "SQUARE",
    "LEAKY_RELU",
    kinds=("float32", "int8", "int16x8"),
)
def functions_of_one_value(x):
    return [
        tf.abs(x),
        tf.cos(x),
        tf.floor(x),
        tf.sigmoid(x),
        tf.negative(x),
        tf.nn.relu(x),
        tf.nn.relu6(x),
        tf.minimum(tf.maximum(x, -1.0), 1.0),
        tf.sin(x),
        tf.square(x),
        tf.nn.leaky_relu(x, 0.3),
    ]


@_net("EXP", "TANH", kinds=("float32", "int8", "int16x8"))
def curves(x):
    return [tf.exp(x), tf.tanh(x)]


@_net("CEIL", "ELU", "ROUND", kernels=("default",))
def functions_without_a_reference(x):
    return [tf.math.ceil(x), tf.nn.elu(x), tf.round(x)]


@_net("GELU")
def gelu(x):
    return [tf.nn.gelu(x, approximate=True), tf.nn.gelu(2 * x)]


# The int8 kernel multiplies 8 bit numbers three times, each time rounded.
@_net("HARD_SWISH", steps=2, kinds=("float32", "int8"))
def hard_swish(x):
    return [x * tf.nn.relu6(x + 3.0) * (1 / 6)]


@_net("LOG", "SQRT", "RSQRT", low=0.2, high=4.0)
def functions_of_what_is_above_0(x):
    return [tf.math.log(x), tf.sqrt(x), tf.math.rsqrt(x)]


@_net(
    "SOFTMAX",
    "LOG_SOFTMAX",
    "L2_NORMALIZATION",
    shapes=((4, 9),),
    kinds=("float32", "int8"),
)
def scores(x):
    return [
        tf.nn.softmax(x),
        tf.nn.log_softmax(x),
        tf.math.l2_normalize(x, -1),
        tf.nn.softmax(x[:, 0]),
    ]


@_net("SOFTMAX", shapes=((4, 9),), kinds=("int16x8",))
def scores_of_16_bits(x):
    return [tf.nn.softmax(x)]


@_net("PAD", "PADV2", "MIRROR_PAD")
def margins(x):
    sizes = [[0, 0], [1, 2], [0, 1], [2, 0]]
    return [
        tf.pad(x, sizes),
        tf.pad(x, sizes, constant_values=1.5),
        tf.pad(x, sizes, "REFLECT"),
        tf.pad(x, sizes, "SYMMETRIC"),
    ]


@_net(
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    kinds=("float32", "int8", "int16x8"),
)
def resized(x):
    return [
        function(
            images=x,
            size=size,
            align_corners=corners,
            half_pixel_centers=centers,
        )
        for function in (
            tf.raw_ops.ResizeBilinear,
            tf.raw_ops.ResizeNearestNeighbor,
        )
        for corners, centers in ((True, False), (False, True), (False, False))
        for size in ((16, 12), (5, 7))
    ]


@_net(
    "DEPTH_TO_SPACE",
    "SPACE_TO_DEPTH",
    shapes=((4, 6, 8),),
    kernels=("default",),
)
def blocks_of_pixels(x):
    return [tf.nn.depth_to_space(x, 2), tf.nn.space_to_depth(x, 2)]


@_net("STRIDED_SLICE", "SLICE", kinds=("float32", "int8", "int16x8"))
def slices(x):
    return [
        x[:, 1:7:2],
        x[:, ::-1, 1:-1],
        x[..., 0],
        x[:, 2, :, 1:],
        x[:, -1],
        x[:, :, tf.newaxis, 1],
        tf.slice(x, (0, 2, 0, 1), (-1, 3, 6, 2)),
    ]


@_net("SHAPE", "PACK", "RESHAPE", "STRIDED_SLICE", batches=(None,))
def shapes_that_are_computed(x):
    n = tf.shape(x)[0]
    return [
        tf.reshape(x, (n, -1, 3)),
        tf.reshape(x, (n, 3, 48)),
        tf.reshape(tf.reshape(x, (n * 8, 6, 3)), (n, 8, 18)),
        tf.reshape(x, (n, tf.shape(x)[1] * 6, 3)),
    ]


@_net("RESHAPE", kinds=("float32", "int8", "int16x8"))
def other_shapes(x):
    return [
        tf.reshape(x, (-1, 16, 9)),
        tf.squeeze(tf.nn.max_pool2d(x, (8, 6), 1, "VALID"), (1, 2)),
    ]


@_net("FILL", batches=(None,), kinds=_FLOAT)
def one_value_everywhere(x):
    return x * tf.fill(tf.shape(x), 0.75)


@_net("EXPAND_DIMS", batches=(None,))
def one_more_dimension(x):
    return [tf.expand_dims(x, 1), tf.expand_dims(x, -1)]


@_net("TRANSPOSE", "GATHER", "TILE", "BROADCAST_TO", kernels=("default",))
def moves(x):
    return [
        tf.transpose(x, (0, 3, 1, 2)),
        tf.transpose(x, (0, 2, 1, 3)),
        tf.gather(x, (2, 0, 2), axis=3),
        tf.gather(x, 1, axis=1),
        tf.gather(x, ((0, 1), (3, 2)), axis=2),
        tf.tile(x, (1, 2, 1, 3)),
        tf.broadcast_to(x[:, :, :1], tf.shape(x)),
    ]


@_net(
    "SPLIT",
    "SPLIT_V",
    "UNPACK",
    "PACK",
    "CONCATENATION",
    shapes=((4, 6), (4, 6)),
    kinds=("float32", "int8", "int16x8"),
)
def parts(x, y):
    return [
        *tf.split(x, 3, -1),
        *tf.split(x, (1, 3, 2), -1),
        *tf.unstack(x, axis=1),
        tf.stack((x, y), 1),
        tf.stack((x, y), -1),
        tf.concat((x, y), 1),
        tf.concat((x, y, x), -1),
    ]


@_net("CAST", kinds=_FLOAT)
def other_types(x):
    return [tf.cast(tf.cast(3 * x, tf.int32), tf.float32)]


@_net(
    "EQUAL",
    "GREATER",
    "GREATER_EQUAL",
    "LESS",
    "LESS_EQUAL",
    "LOGICAL_AND",
    "LOGICAL_NOT",
    "LOGICAL_OR",
    "NOT_EQUAL",
    kinds=_FLOAT,
)
def comparisons(x):
    whole, other = tf.floor(x), tf.floor(2 * x)
    both = tf.logical_and(whole < other, x > 0.3)
    either = tf.logical_or(x < -1.0, x > 1.0)
    found = [
        tf.equal(whole, other),
        tf.not_equal(whole, other),
        whole >= other,
        whole <= other,
        both,
        either,
        tf.logical_not(both),
    ]
    return [tf.cast(each, tf.float32) for each in found]


@_net("REVERSE_V2", kinds=_FLOAT)
def reversed_rows(x):
    return [tf.reverse(x, [1]), tf.reverse(x, [3])]


@_net("ARG_MAX", "ARG_MIN")
def places_of_ends(x):
    places = [tf.argmax(x, 2), tf.argmin(x, -1, tf.int32)]
    return [tf.cast(each, tf.float32) for each in places]


@_net("TOPK_V2")
def largest(x):
    values, places = tf.math.top_k(x, 2)
    return [values, tf.cast(places, tf.float32)]


@_net("SELECT_V2", shapes=((4, 3), (4, 3)))
def one_of_two(x, y):
    return [tf.where(x > 0.5, x, y), tf.where(x > 0.5, x, 0.25)]


@_net("SELECT", shapes=((4, 3), (4, 3)))
def one_of_two_of_a_shape(x, y):
    return [tf.raw_ops.Select(condition=x > 0.5, x=x, y=y)]


@_net("FLOOR_DIV", "FLOOR_MOD", "SIGN", "ATAN2", kinds=_FLOAT)
def of_signs(x):
    return [
        x // 0.7,
        tf.math.floormod(x, 0.7),
        tf.sign(x),
        tf.atan2(x, tf.sin(x)),
    ]


@_net("REDUCE_ALL", "REDUCE_ANY", kinds=_FLOAT)
def all_and_any(x):
    found = [tf.reduce_all(x > -2.0, 1), tf.reduce_any(x > 2.9, (2, 3))]
    return [tf.cast(each, tf.float32) for each in found]


@_net("GATHER_ND", shapes=((4, 3),), batches=(1,))
def values_by_place(x):
    return [tf.gather_nd(x, [[0, 2], [0, 1], [0, 2]])[None]]


@_net("SCATTER_ND", shapes=((4, 3),), batches=(1,), kinds=_FLOAT)
def slices_to_places(x):
    places = tf.constant([[5], [0], [2], [5]])
    return [tf.scatter_nd(places, x[0], (7, 3))[None]]
