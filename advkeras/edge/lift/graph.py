"""A .tflite file as plain data: tensors, operators, and the graph of them."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Quantization:
    """What the integers of a tensor stand for: (q - zero_point) * scale.

    Attributes:
        scale: float32, (1,), or one a slice along `axis`; 0 where all that
            the integers stand for is 0.
        zero_point: int64, as `scale`.
        axis: Where there are several, the dimension that they go along.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int

    @property
    def per_tensor(self) -> bool:
        """Whether one scale holds for all."""
        return len(self.scale) == 1


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the file.

    Attributes:
        index: Its number in the file.
        name: Its name in the file.
        dtype: NumPy's name of its type.
        shape: Its shape, with the 1 of a batch where any size will do.
        signature: Its shape, with -1 where any size will do.
        quantization: What its integers stand for; None if they are no more
            than integers, or it holds floats.
        data: Its values, if they are constants.
    """

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    quantization: Quantization | None
    data: np.ndarray | None


@dataclasses.dataclass(frozen=True, eq=False)
class Operator:
    """An operator of the file.

    Attributes:
        index: Its place in the order of execution.
        name: As the format spells it, e.g. "CONV_2D"; a custom one's own.
        inputs: What it reads; None where an optional one is not there.
        outputs: What it writes.
        options: Its settings by the format's field names, e.g. "strideW".
        runtime: Whose kernel it is computed as.
        graphs: Of a loop: its condition and its body; of a composite: what
            it is made of.
        parts: What computes these: given their inputs and which tensors are
            wanted, it returns their values.
    """

    index: int
    name: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: dict[str, Any]
    runtime: str = "litert"
    graphs: tuple["Graph", ...] = ()
    parts: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"operator {self.index}, {self.name}"


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """A whole file, or a part of it that an operator computes.

    Attributes:
        path: Where it was read.
        tensors: All tensors, in the file's order.
        operators: All operators, in the order of execution.
        inputs: What it is given.
        outputs: What it returns.
    """

    path: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
