"""What a .tflite file says of its input and output."""

from typing import Any

# Its neighbour: the folder of a script is on the path.
import run_on_device


def ends(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what has to be known of the input and of the output.

    For runtimes that keep scales, zero points or sizes to themselves.

    Args:
        content: Bytes of a .tflite file.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAsModel(content, 0).Subgraphs(0)
    names = {
        value: name.lower()
        for name, value in vars(schema.TensorType).items()
        if not name.startswith("_")
    }

    def detail(index: int) -> dict[str, Any]:
        tensor = graph.Tensors(index)
        grid = tensor.Quantization()
        shape = [tensor.Shape(i) for i in range(tensor.ShapeLength())]
        signature = [
            tensor.ShapeSignature(i)
            for i in range(tensor.ShapeSignatureLength())
        ]
        scales = range(grid.ScaleLength() if grid else 0)
        zeros = range(grid.ZeroPointLength() if grid else 0)
        return {
            "index": index,
            "dtype": names[tensor.Type()],
            "shape": shape,
            "shape_signature": signature or shape,
            "quantization_parameters": {
                "scales": [grid.Scale(i) for i in scales],
                "zero_points": [grid.ZeroPoint(i) for i in zeros],
            },
        }

    inputs = range(graph.InputsLength())
    outputs = range(graph.OutputsLength())
    return (
        run_on_device.tensor([detail(graph.Inputs(i)) for i in inputs]),
        run_on_device.tensor([detail(graph.Outputs(i)) for i in outputs]),
    )
