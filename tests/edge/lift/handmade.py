"""Files made by hand of what the converter does not write, or no longer."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.edge.lift.files import File

NONE, RELU, RELU_N1_TO_1, RELU6, TANH = range(5)
SAME, VALID = range(2)
# What a number of the images is worth, by type: (scale, zero point).
_GRIDS = {
    "FLOAT32": None,
    "INT8": (6 / 255, 0),
    "UINT8": (6 / 255, 128),
    "INT32": None,
}
_CONV = {"dilationWFactor": 1, "dilationHFactor": 1}


class Net(File):
    """A file of one input, every output of which is made of that.

    Args:
        dtype: The format's name of the type of all activations.
        shape: Of the input, with the 1 of its batch.
        fixed: Whether the file is for one image.
        grid: Scale and zero point of the input.
    """

    def __init__(self, dtype, shape=(1, 6, 5, 4), fixed=False, grid=None):
        super().__init__()
        self.dtype, self.fixed = dtype, fixed
        self.random = np.random.default_rng(0)
        self.outputs = []
        self.given = self.images(shape, grid)

    def images(self, shape, grid=None):
        """Adds a tensor that depends on the images; returns its index."""
        return self.tensor(
            shape,
            self.dtype,
            grid or _GRIDS[self.dtype],
            signature=None if self.fixed else [-1, *shape[1:]],
        )

    def integers(self, *values):
        """Adds a constant of int32."""
        return self.tensor((len(values),), "INT32", data=values)

    def weights(self, shape, outputs, dtype=None):
        """Adds filters and a bias; returns their indices."""
        dtype = dtype or self.dtype
        bias = self.random.normal(size=outputs) / 2
        if dtype == "FLOAT32":
            filters = self.random.normal(size=shape) / 3
            return [
                self.tensor(shape, data=filters),
                self.tensor((outputs,), data=bias),
            ]
        # Old uint8 files have no symmetric filters.
        low, zero_point = (0, 131) if dtype == "UINT8" else (-127, 0)
        integers = self.random.integers(low, low + 255, shape)
        filters = self.tensor(shape, dtype, (1 / 120, zero_point), integers)
        if self.dtype == "FLOAT32":
            return [filters, self.tensor((outputs,), data=bias)]
        scale = _GRIDS[self.dtype][0] / 120
        bias = np.rint(bias / scale)
        return [
            filters,
            self.tensor((outputs,), "INT32", (scale, 0), bias),
        ]

    def add(self, name, inputs, shape, kind=None, grid=None, **options):
        """Adds an operator that writes an output; returns its index."""
        written = self.images(shape, grid)
        self.operator(name, inputs, [written], kind, **options)
        self.outputs.append(written)
        return written

    def content(self, outputs=None):
        """Returns the bytes of the file."""
        return self.packed([self.given], outputs or self.outputs)


def activations(dtype, activation):
    """Every operator that an activation can be fused into."""
    net = Net(dtype)
    x, fused = net.given, {"fusedActivationFunction": activation}
    window = dict(padding=SAME, strideW=2, strideH=2, **fused)
    conv = [x, *net.weights((3, 3, 3, 4), 3)]
    depthwise = [x, *net.weights((1, 3, 3, 8), 8)]
    full = [x, *net.weights((7, 120), 7)]
    net.add("CONV_2D", conv, (1, 3, 3, 3), "Conv2DOptions", **window, **_CONV)
    net.add(
        "DEPTHWISE_CONV_2D",
        depthwise,
        (1, 3, 3, 8),
        "DepthwiseConv2DOptions",
        depthMultiplier=2,
        **window,
        **_CONV,
    )
    net.add("FULLY_CONNECTED", full, (1, 7), "FullyConnectedOptions", **fused)
    constant = net.weights((4,), 1)[0]
    for name, kind in (("ADD", "Add"), ("SUB", "Sub"), ("MUL", "Mul")):
        net.add(name, [x, constant], (1, 6, 5, 4), f"{kind}Options", **fused)
    for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        net.add(
            name,
            [x],
            (1, 3, 3, 4),
            "Pool2DOptions",
            filterWidth=2,
            filterHeight=3,
            **window,
        )
    return net.content()


def strides(dtype):
    """Convolutions as TensorFlow has none, or none with a gradient."""
    net = Net(dtype)
    weights, full = net.weights((1, 3, 3, 8), 8), net.weights((3, 3, 3, 4), 3)
    for padding, (height, width), (tall, wide), shape in (
        (SAME, (2, 1), (1, 1), (1, 3, 5, 8)),
        (VALID, (1, 3), (1, 1), (1, 4, 1, 8)),
        (SAME, (2, 2), (2, 2), (1, 3, 3, 8)),
        (SAME, (1, 2), (3, 2), (1, 6, 3, 8)),
        (VALID, (2, 1), (2, 1), (1, 1, 3, 8)),
    ):
        how = {
            "padding": padding,
            "strideH": height,
            "strideW": width,
            "dilationHFactor": tall,
            "dilationWFactor": wide,
        }
        net.add(
            "DEPTHWISE_CONV_2D",
            [net.given, *weights],
            shape,
            "DepthwiseConv2DOptions",
            depthMultiplier=2,
            **how,
        )
        net.add(
            "CONV_2D",
            [net.given, *full],
            (*shape[:3], 3),
            "Conv2DOptions",
            **how,
        )
    return net.content()


def one_bias_of_two():
    """Two convolutions of other scales with one bias, as converters share it.

    The interpreter checks the scale of a bias only where there is one for all
    filters.
    """
    net = Net("INT8")
    bias = net.tensor((3,), "INT32", (6 / 255 / 120, 0), (900, -2000, 1500))
    for scale in (1 / 120, 1 / 60):
        scales = [scale, scale / 2, scale / 3]
        integers = net.random.integers(-127, 128, (3, 1, 1, 4))
        filters = net.tensor(
            (3, 1, 1, 4), "INT8", (scales, [0, 0, 0]), integers
        )
        net.add(
            "CONV_2D",
            [net.given, filters, bias],
            (1, 6, 5, 3),
            "Conv2DOptions",
            padding=VALID,
            strideW=1,
            strideH=1,
            **_CONV,
        )
    return net.content()


def old_bias():
    """A classifier whose bias has the dimension of its filters' scales.

    As old converters wrote it; the bias has no such dimension.
    """
    net = Net("INT8", (1, 1, 1, 4))
    scales, zeros = np.array([1 / 120, 1 / 60, 1 / 90]), [0, 0, 0]
    integers = net.random.integers(-127, 128, (3, 1, 1, 4))
    filters = net.tensor((3, 1, 1, 4), "INT8", (scales, zeros), integers)
    bias = net.tensor(
        (3,),
        "INT32",
        (_GRIDS["INT8"][0] * scales, zeros),
        (900, -2000, 1500),
        quantizedDimension=3,
    )
    net.add(
        "CONV_2D",
        [net.given, filters, bias],
        (1, 1, 1, 3),
        "Conv2DOptions",
        padding=VALID,
        strideW=1,
        strideH=1,
        **_CONV,
    )
    return net.content()


def with_a_state(name, dtype="INT8"):
    """An operator that writes a tensor and keeps another between its calls."""
    net = Net(dtype)
    state = net.tensor((1, 8), dtype, (1 / 99, 0), isVariable=True)
    net.add(name, [net.given, state], (1, 6, 5, 4))
    return net.content()


def sparse():
    """A dense layer of which the file leaves out the weights that are 0."""
    net = Net("FLOAT32")
    weights, bias = net.weights((7, 120), 7)
    net._graph.tensors[weights].sparsity = schema.SparsityParametersT()
    net.add(
        "FULLY_CONNECTED",
        [net.given, weights, bias],
        (1, 7),
        "FullyConnectedOptions",
    )
    return net.content()


def old_uint8(fixed):
    """A whole classifier, with one zero point for all filters of a layer."""
    net = Net("UINT8", (1, 8, 8, 3), fixed)
    strides = {"strideW": 2, "strideH": 2, **_CONV}

    def weights(shape, outputs, grid):
        # A bias is of the steps of its products.
        integers = net.random.integers(0, 256, shape)
        filters = net.tensor(shape, "UINT8", (1 / 400, 131), integers)
        bias = net.random.integers(-4000, 4000, outputs)
        return [
            filters,
            net.tensor((outputs,), "INT32", (grid[0] / 400, 0), bias),
        ]

    first, second = (4 / 255, 0), (3 / 255, 90)
    values = net.add(
        "CONV_2D",
        [net.given, *weights((6, 3, 3, 3), 6, _GRIDS["UINT8"])],
        (1, 4, 4, 6),
        "Conv2DOptions",
        first,
        padding=SAME,
        fusedActivationFunction=RELU6,
        **strides,
    )
    values = net.add(
        "DEPTHWISE_CONV_2D",
        [values, *weights((1, 3, 3, 6), 6, first)],
        (1, 1, 1, 6),
        "DepthwiseConv2DOptions",
        second,
        padding=VALID,
        depthMultiplier=1,
        **strides,
    )
    # Of old files the shape is an option.
    values = net.add(
        "RESHAPE", [values], (1, 6), "ReshapeOptions", second, newShape=[-1, 6]
    )
    values = net.add(
        "FULLY_CONNECTED",
        [values, *weights((5, 6), 5, second)],
        (1, 5),
        "FullyConnectedOptions",
        (4 / 255, 128),
    )
    net.add(
        "SOFTMAX", [values], (1, 5), "SoftmaxOptions", (1 / 256, 0), beta=1.0
    )
    return net.content()


def symmetric_ranges():
    """Float images and int8 weights, as first converters had them."""
    net = Net("FLOAT32")
    full, bias = net.weights((7, 4), 7, "INT8")
    square, _ = net.weights((4, 3), 3, "INT8")
    old, new = (
        {"asymmetricQuantizeInputs": asymmetric} for asymmetric in (False, True)
    )
    for options in (old, new):
        net.add(
            "FULLY_CONNECTED",
            [net.given, full, bias],
            (1, 6, 5, 7),
            "FullyConnectedOptions",
            keepNumDims=True,
            **options,
        )
        net.add(
            "BATCH_MATMUL",
            [net.given, square],
            (1, 6, 5, 3),
            "BatchMatMulOptions",
            **options,
        )
    conv = net.weights((3, 3, 3, 4), 3, "INT8")
    net.add(
        "CONV_2D",
        [net.given, *conv],
        (1, 6, 5, 3),
        "Conv2DOptions",
        padding=SAME,
        strideW=1,
        strideH=1,
        **_CONV,
    )
    return net.content()


def piecewise(dtype):
    """RELU_0_TO_1 and PRELU."""
    net = Net(dtype)
    slopes = [-0.5, 0.25, 0.0, 1.0]
    grid = None
    if dtype != "FLOAT32":
        grid = (1 / 100, 0 if dtype == "INT8" else 60)
        slopes = np.array(slopes) * 100 + grid[1]
    alpha = net.tensor((1, 1, 4), dtype, grid, slopes)
    shape = (1, 6, 5, 4)
    net.add("RELU_0_TO_1", [net.given], shape)
    net.add("PRELU", [net.given, alpha], shape)
    return net.content()


def shapes(dtype):
    """What the converter replaces: SQUEEZE, and masks of STRIDED_SLICE."""
    net = Net(dtype, (1, 6, 1, 4), fixed=True)
    x = net.given
    net.add("SQUEEZE", [x], (1, 6, 4), "SqueezeOptions", squeezeDims=[2])
    net.add("SQUEEZE", [x], (1, 6, 4), "SqueezeOptions", squeezeDims=[-2])
    net.add("RESHAPE", [x], (1, 3, 8), "ReshapeOptions", newShape=[-1, 3, 8])
    zeros, ones = net.integers(0, 0, 0, 0), net.integers(1, 1, 1, 1)
    ends = net.integers(1, 4, 1, 4)
    for shape, masks in (
        ((1, 4, 1, 4), {}),
        ((1, 6, 1, 4), {"endMask": 2}),
        ((1, 1, 4), {"shrinkAxisMask": 2}),
        ((1, 1, 6, 1, 4), {"endMask": 4, "newAxisMask": 2}),
        ((1, 6, 1, 4), {"ellipsisMask": 2}),
    ):
        net.add(
            "STRIDED_SLICE",
            [x, zeros, ends, ones],
            shape,
            "StridedSliceOptions",
            **masks,
        )
    parts = [net.images((1, 3, 1, 4)) for _ in range(2)]
    # An axis in a list of one.
    net.operator(
        "SPLIT", [net.integers(1), x], parts, "SplitOptions", numSplits=2
    )
    net.outputs += parts
    return net.content()


def rows_of_a_table(dtype):
    """EMBEDDING_LOOKUP in the images, and in constants by what they say."""
    net = Net(dtype, (1, 6, 5, 4), fixed=True)
    where = net.tensor((3,), "INT32", data=[0, 0, 0])
    net.add("EMBEDDING_LOOKUP", [where, net.given], (3, 6, 5, 4))
    if dtype == "FLOAT32":
        table = net.random.integers(-127, 128, (5, 7))
        table = net.tensor((5, 7), "INT8", (1 / 90, 0), table)
        flat = net.images((120,))
        net.operator(
            "RESHAPE", [net.given], [flat], "ReshapeOptions", newShape=[120]
        )
        whole = net.tensor((120,), "INT32")
        net.operator("CAST", [flat], [whole], "CastOptions")
        places = net.tensor((120,), "INT32")
        net.operator("ABS", [whole], [places], "AbsOptions")
        net.add("EMBEDDING_LOOKUP", [places, table], (120, 7))
    return net.content()


def moved(name, shape, written, how, dtype, grid=None):
    """One TRANSPOSE or PAD of a whole tensor, as a file of one operator.

    Args:
        name: Of the operator.
        shape: What it is given.
        written: What it writes.
        how: Its permutation, or its paddings in rows of two.
        dtype: The format's name of the type.
        grid: Scale and zero point of both, where they are quantised.
    """
    file, how = File(), np.asarray(how)
    given = file.tensor(shape, dtype, grid)
    constant = file.tensor(how.shape, "INT32", data=how)
    made = file.tensor(written, dtype, grid)
    kind = f"{name.capitalize()}Options"
    file.operator(name, [given, constant], [made], kind)
    return file.packed([given], [made])


def requantised(dtype, grid, written, written_grid):
    """One QUANTIZE between integers."""
    file, shape = File(), (1, 3, 4, 5)
    given = file.tensor(shape, dtype, grid)
    made = file.tensor(shape, written, written_grid)
    file.operator("QUANTIZE", [given], [made], "QuantizeOptions")
    return file.packed([given], [made])


def of_two(name, dtypes, grids, shapes, any_number=True):
    """One operator of two inputs, each of them the file's.

    Args:
        name: Of the operator, which writes what the first input is.
        dtypes: The format's names of the types of the inputs.
        grids: Their scales and zero points.
        shapes: Of each, for one image.
        any_number: Whether each input is for any number of images.
    """
    file = File()
    given = [
        file.tensor(
            (1, *shape),
            dtype,
            grid,
            signature=[-1, *shape] if open_ else None,
        )
        for shape, dtype, grid, open_ in zip(
            shapes, dtypes, grids, np.broadcast_to(any_number, 2), strict=True
        )
    ]
    made = file.tensor(
        (1, *shapes[0]),
        dtypes[0],
        grids[0],
        signature=[-1, *shapes[0]] if np.all(any_number) else None,
    )
    file.operator(name, given, [made], f"{name.capitalize()}Options")
    return file.packed(given, [made])
