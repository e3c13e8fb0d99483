"""Small .tflite files: made by the converter, or by hand."""

import flatbuffers
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from advkeras.edge.quiet import quiet

KINDS = ("float32", "float16", "dynamic", "int8", "int16x8")
_OPS = tf.lite.OpsSet
_INTEGER_OPS = {
    "int8": _OPS.TFLITE_BUILTINS_INT8,
    "int16x8": (
        _OPS.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ),
}


def converted(
    function, shapes, kind, batch=None, low=-3.0, high=3.0, sizes=None
):
    """Returns a function of tensors as the bytes of a .tflite file.

    Args:
        function: Takes tensors, returns a list of them.
        shapes: Of its inputs, for one image each.
        kind: One of `KINDS`.
        batch: Images at a time; None for any number.
        low: Smallest value that an input has.
        high: Largest value.
        sizes: What to calibrate with where `shapes` are open.
    """
    signature = [tf.TensorSpec((batch, *shape)) for shape in shapes]
    concrete = tf.function(
        function, input_signature=signature, autograph=False
    ).get_concrete_function()
    random = np.random.default_rng(0)
    seen = (
        [
            random.uniform(low, high, (batch or 1, *shape)).astype("f")
            for shape in ([sizes] if sizes else shapes)
        ]
        for _ in range(8)
    )
    with quiet():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
        return of_kind(converter, kind, seen)


def of_kind(converter, kind, seen):
    """Returns what a converter makes.

    Args:
        converter: Of TensorFlow Lite.
        kind: One of `KINDS`.
        seen: What to calibrate with: lists of inputs.
    """
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind in _INTEGER_OPS:
        converter.representative_dataset = lambda: seen
        converter.target_spec.supported_ops = [
            _INTEGER_OPS[kind],
            _OPS.TFLITE_BUILTINS,
        ]
    if kind == "int8":
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


class File:
    """A file made by hand: tensors and operators are added one by one."""

    def __init__(self):
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model = schema.ModelT()
        self._model.version, self._model.operatorCodes = 3, []
        self._model.buffers = [schema.BufferT()]
        self._model.subgraphs = [self._graph]

    def tensor(
        self,
        shape,
        dtype="FLOAT32",
        grid=None,
        data=None,
        signature=None,
        **more,
    ):
        """Adds a tensor; returns its index.

        Args:
            shape: Its shape.
            dtype: The format's name of its type.
            grid: (scale, zero point) where it is quantised; lists of them
                for one a slice along the first dimension.
            data: Its values where it is constant.
            signature: Its shape with -1 where any size will do.
            **more: What else the format knows of it or, as
                `quantizedDimension`, of its grid.
        """
        made = schema.TensorT()
        made.name = f"tensor {len(self._graph.tensors)}"
        made.type = getattr(schema.TensorType, dtype)
        made.shape, made.shapeSignature = list(shape), signature
        if grid is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.ravel(grid[0]).tolist()
            made.quantization.zeroPoint = np.ravel(grid[1]).tolist()
        for key, value in more.items():
            owner = made if key in vars(made) else made.quantization
            if key not in vars(owner):
                raise ValueError(f"a tensor has no {key}")
            setattr(owner, key, value)
        if data is not None:
            made.buffer = len(self._model.buffers)
            buffer = schema.BufferT()
            stored = np.asarray(data, dtype.lower())
            buffer.data = np.frombuffer(stored.tobytes(), np.uint8)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def operator(self, name, inputs, outputs, kind=None, **options):
        """Adds an operator.

        Args:
            name: As the format spells it; another is that of a custom one.
            inputs: Indices of tensors.
            outputs: Indices of tensors.
            kind: Name of its table of options, e.g. "Conv2DOptions".
            **options: The options by the format's field names.
        """
        code = schema.OperatorCodeT()
        custom = schema.BuiltinOperator.CUSTOM
        code.builtinCode = getattr(schema.BuiltinOperator, name, custom)
        code.customCode = name if code.builtinCode == custom else None
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 2 if name.endswith("CONV_2D") else 1
        made = schema.OperatorT()
        made.opcodeIndex = len(self._model.operatorCodes)
        made.inputs, made.outputs = list(inputs), list(outputs)
        if kind is not None:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            made.builtinOptions = getattr(schema, f"{kind}T")()
            for key, value in options.items():
                if key not in vars(made.builtinOptions):
                    raise ValueError(f"{kind} has no {key}")
                setattr(made.builtinOptions, key, value)
        self._model.operatorCodes.append(code)
        self._graph.operators.append(made)

    def packed(self, inputs, outputs):
        """Returns the bytes of the file with these inputs and outputs."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        return packed(self._model)


def packed(model):
    """Returns a whole model of the schema as the bytes of a file."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
