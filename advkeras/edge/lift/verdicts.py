"""What is said of a lift and the real interpreter, tensor by tensor."""

import dataclasses
from typing import Any

from advkeras.edge.lift.differences import Difference
from advkeras.evaluation import Rate
from advkeras.evaluation import fields_to_json


@dataclasses.dataclass(frozen=True)
class TensorAgreement:
    """One tensor, lifted and real.

    Attributes:
        tensor: Its name in the file.
        shape: Its shape in the file, -1 where any size will do.
        dtype: NumPy's name of its type.
        scale: Step of the quantisation, also that of floats from a DEQUANTIZE;
            None where it is not quantised.
        zero_point: The integer that stands for 0; None likewise.
        difference: How far the two are apart, from the images on: with what
            the operators before did, each by its own rounding.
    """

    tensor: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None
    difference: Difference

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        return fields_to_json(self)


@dataclasses.dataclass(frozen=True)
class OperatorAgreement(TensorAgreement):
    """A tensor that an operator writes.

    Attributes:
        index: The operator's place in the order of execution.
        name: The operator.
        alone: The difference of this operator alone: the lifted one is given
            what the real one was. None where the file mixes what it is given
            with others.
    """

    index: int
    name: str
    alone: Difference | None


@dataclasses.dataclass(frozen=True)
class OutputAgreement(TensorAgreement):
    """An output of the file.

    Attributes:
        top_1: Of the images, those that both classify alike: the first class
            with the largest score; None where it is not (n, classes).
    """

    top_1: Rate | None


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How far a lift and the real interpreter agree.

    Attributes:
        path: The .tflite file.
        runtime: What the outputs were compared with.
        version: Package and version of it.
        n: Images that the outputs were compared on.
        inspected: Images that all operators were compared on: the first.
        constant: How many operators do not depend on the images.
        operators: What the others write, in the order of execution.
        outputs: The outputs, in the file's order.
    """

    path: str
    runtime: str
    version: str
    n: int
    inspected: int
    constant: int
    operators: tuple[OperatorAgreement, ...]
    outputs: tuple[OutputAgreement, ...]

    @property
    def parted(self) -> OperatorAgreement | None:
        """The first operator where the two part, from the images on.

        Rounding adds up on the way: of a deep quantised net whose every
        operator agrees within a step, some tensor still parts.
        """
        return next((o for o in self.operators if o.difference.parted), None)

    @property
    def parted_alone(self) -> OperatorAgreement | None:
        """The first operator that parts, given what the real one was."""
        return next(
            (o for o in self.operators if o.alone and o.alone.parted), None
        )

    def to_json(self) -> dict[str, Any]:
        """Returns all as JSON values."""
        parted, alone = self.parted, self.parted_alone
        return {
            **fields_to_json(self),
            "parted": parted and parted.index,
            "parted_alone": alone and alone.index,
        }
