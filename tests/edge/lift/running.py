"""What the real interpreter makes of a file, beside what its lift does."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.interpreter import OpResolverType

from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import lift
from advkeras.edge.lift import read
from advkeras.edge.lift import straight_through
from advkeras.edge.lift.differences import as_floats

RUNTIMES = {
    "reference": "litert-reference",
    "default": "litert",
    "tflm": "tflm",
}
RESOLVERS = {
    "reference": OpResolverType.BUILTIN_REF,
    "default": OpResolverType.AUTO,
}


def real(graph, resolver, images):
    """Returns the outputs of the interpreter, float32, (n, ...).

    Args:
        graph: What was read of the file.
        resolver: A name of `RUNTIMES`.
        images: For each input, float32, (n, ...). Given one by one to a file
            that was made for one.
    """
    if resolver == "tflm":
        return _micro(graph, images)
    interpreter = Interpreter(
        graph.path, experimental_op_resolver_type=RESOLVERS[resolver]
    )
    fixed = any(tensor.signature[:1] != (-1,) for tensor in graph.inputs)
    rows = 1 if fixed else len(images[0])
    given = interpreter.get_input_details()
    for detail, values in zip(given, images, strict=True):
        interpreter.resize_tensor_input(
            detail["index"], (rows, *values.shape[1:])
        )
    interpreter.allocate_tensors()
    found = []
    for start in range(0, len(images[0]), rows):
        for detail, tensor, values in zip(
            given, graph.inputs, images, strict=True
        ):
            held = _held(values[start : start + rows], tensor)
            interpreter.set_tensor(detail["index"], held)
        interpreter.reset_all_variables()
        interpreter.invoke()
        found.append(
            [
                as_floats(
                    np.array(interpreter.get_tensor(detail["index"])),
                    tensor if straight_through.is_quantized(tensor) else None,
                )
                for detail, tensor in zip(
                    interpreter.get_output_details(), graph.outputs, strict=True
                )
            ]
        )
    return [
        np.concatenate([np.atleast_1d(value) for value in values])
        for values in zip(*found, strict=True)
    ]


def _micro(graph, images):
    """Returns the outputs of TensorFlow Lite Micro, as `real`."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(
        Path(graph.path).read_bytes(), arena_size=1 << 24
    )
    found = []
    for i in range(len(images[0])):
        interpreter.reset()
        for k, tensor in enumerate(graph.inputs):
            interpreter.set_input(_held(images[k][i : i + 1], tensor), k)
        interpreter.invoke()
        found.append(
            [
                np.atleast_1d(np.array(interpreter.get_output(k)))
                for k in range(len(graph.outputs))
            ]
        )
    return [
        as_floats(
            np.concatenate(values),
            tensor if straight_through.is_quantized(tensor) else None,
        )
        for tensor, values in zip(
            graph.outputs, zip(*found, strict=True), strict=True
        )
    ]


def step(graph, output):
    """Returns the scale of an output, None where it is of floats."""
    writers = {t.index: op for op in graph.operators for t in op.outputs}
    writer = writers[output.index]
    if writer.name == "DEQUANTIZE" and output.dtype == "float32":
        output = writer.inputs[0]
    if not straight_through.is_quantized(output):
        return None
    return float(straight_through.quantization_of(output).scale[0])


def steps_off(path, net, integers, kernels):
    """Returns how many steps the lift of a net and a runtime are apart.

    Args:
        path: Where its file is written.
        net: Made by hand, of quantised outputs.
        integers: What its input holds, (n, ...); of floats, the floats.
        kernels: A name of `RUNTIMES`.

    Returns:
        For each output, (n, ...).
    """
    path.write_bytes(net.content())
    graph = read(path)
    scale, zero_point = 1.0, 0
    if straight_through.is_quantized(graph.inputs[0]):
        scale, zero_point = fixed_point.grid(graph.inputs[0])
    images = ((integers - zero_point) * np.float32(scale)).astype("f")
    found = lift(graph, runtime=RUNTIMES[kernels])(images)
    found = found if isinstance(found, list) else [found]
    return [
        np.rint(np.array(one) / step(graph, tensor))
        - np.rint(other / step(graph, tensor))
        for tensor, one, other in zip(
            graph.outputs, found, real(graph, kernels, [images]), strict=True
        )
    ]


def _held(values, tensor):
    if not straight_through.is_quantized(tensor):
        return values
    grid, ends = tensor.quantization, np.iinfo(tensor.dtype)
    steps = np.rint(values / grid.scale[0]) + grid.zero_point[0]
    return steps.clip(ends.min, ends.max).astype(tensor.dtype)


def compare(graph, images, kernels=("reference", "default"), **limits):
    """Checks that the interpreter and the lift agree on every output.

    Args:
        graph: What was read of the file.
        images: Several batches of what `real` takes.
        kernels: Names of `RUNTIMES`.
        **limits: What `close` takes.
    """
    writers = {t.index: op for op in graph.operators for t in op.outputs}
    for name in kernels:
        model = lift(graph, runtime=RUNTIMES[name])
        for batch in images:
            found = model(batch if len(batch) > 1 else batch[0])
            found = found if isinstance(found, list) else [found]
            outputs = zip(
                graph.outputs, found, real(graph, name, batch), strict=True
            )
            for i, (tensor, one, other) in enumerate(outputs):
                where = f"output {i}, {writers[tensor.index]}, {name}"
                close(
                    np.array(one), other, step(graph, tensor), where, **limits
                )


def close(found, expected, scale, where, steps=1, relative=1e-5):
    """Checks that two outputs are as far apart as they may be.

    Args:
        found: Of the lift.
        expected: Of the interpreter.
        scale: Step of a quantised output, None of one of floats.
        where: What is said if they are not.
        steps: How many steps a quantised output may be off.
        relative: How much of the largest value an output of floats may be.
    """
    assert found.dtype == np.float32, where
    assert found.shape == expected.shape, where
    most = relative * np.abs(expected).max()
    if scale is not None:
        most = (steps + 0.01) * scale  # beside the steps, float32 errs
    assert np.abs(found - expected).max() <= most, where
