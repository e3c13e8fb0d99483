"""One output: of a .tflite file that has several, a copy that returns one."""

import contextlib
import dataclasses
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from advkeras import files
from advkeras.edge import flatbuffer

# Where the format keeps them, as offsets in a table of fields.
_OUTPUTS, _SIGNATURES = 8, 18
_LISTED = 12  # of the names of outputs, in an error


@dataclasses.dataclass(frozen=True)
class Output:
    """An output of a .tflite file.

    Attributes:
        names: What it may be called: as the signatures have it, which Keras's
            users know, and then as its tensor is named.
        shape: Its shape; -1 where any size will do.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.names[0]!r} of shape {self.shape}"


def outputs_of(path: str | os.PathLike) -> list[Output]:
    """Returns the outputs of a .tflite file, in its order.

    Args:
        path: The file.

    Raises:
        ValueError: There is no such file, or it is not a whole .tflite file.
    """
    with flatbuffer.reading(path) as model:
        graph = _main(model)
        said: dict[int, list[str]] = {}
        for i in range(model.SignatureDefsLength()):
            signature = model.SignatureDefs(i)
            if signature.SubgraphIndex():
                continue
            for k in range(signature.OutputsLength()):
                one = signature.Outputs(k)
                said.setdefault(one.TensorIndex(), []).append(_text(one.Name()))
        found = []
        for i in range(graph.OutputsLength()):
            index = graph.Outputs(i)
            info = flatbuffer.tensor_info(graph, index)
            names = (*said.get(index, []), info.name)
            found.append(Output(tuple(dict.fromkeys(names)), info.shape))
        return found


def place_of(path: str | os.PathLike, output: str | int | None) -> int:
    """Returns which of a file's outputs is meant.

    Args:
        path: The .tflite file.
        output: A name of it, or its number; None for the only one.

    Raises:
        ValueError: There is no such output, or None and several; or as
            `outputs_of`.
    """
    outputs = outputs_of(path)
    if output is None and len(outputs) == 1:
        return 0
    named = [i for i, one in enumerate(outputs) if output in one.names]
    if len(named) == 1:
        return named[0]
    if (
        isinstance(output, int)
        and not isinstance(output, bool)
        and 0 <= output < len(outputs)
    ):
        return output
    raise ValueError(
        f"`output` must name the output of {Path(path).name} that classifies, "
        f"one of {in_words(outputs)}. Received: output={output!r}"
    )


def several(path: str | os.PathLike) -> list[Output]:
    """Returns the outputs of a file that has more than one; else none.

    None either of what cannot be read: who runs it says better what is wrong.
    """
    try:
        outputs = outputs_of(path)
    except ValueError:
        return []
    return outputs if len(outputs) > 1 else []


def in_words(outputs: list[Output]) -> str:
    """Returns the names and shapes of outputs, on one line."""
    listed = ", ".join(map(str, outputs[:_LISTED]))
    left = len(outputs) - _LISTED
    return listed + (f" and {left} more" if left > 0 else "")


def with_one_output(
    path: str | os.PathLike,
    output: str | int | None,
    copy: str | os.PathLike,
) -> Path:
    """Writes a copy of a .tflite file that returns one of its outputs.

    All else is as it was, to the byte: the same operators run, those that only
    the other outputs need as well. But for the signatures, which name outputs
    that are no longer there, and are left out.

    Args:
        path: The file.
        output: A name of the output, as its signature or its tensor has it,
            or its number; None for the only one.
        copy: Where to write.

    Returns:
        `copy`, as a path.

    Raises:
        ValueError: There is no such output, the file cannot be read, or the
            copy not be written.

    Example:
        >>> file = ak.edge.with_one_output("two.tflite", "scores", "one.tflite")
        >>> ak.edge.survival(result, {"int8": file})
    """
    place = place_of(path, output)
    with flatbuffer.reading(path) as model:
        graph = _main(model)
        content = bytearray(model._tab.Bytes)
        outputs = _vector(graph, _OUTPUTS)
        index = graph.Outputs(place)
        # A list is its length, and then what it holds.
        struct.pack_into("<Ii", content, outputs, 1, index)
        if model.SignatureDefsLength():
            struct.pack_into("<I", content, _vector(model, _SIGNATURES), 0)
    with files.writing("copy", copy), files.replacing(copy) as temporary:
        temporary.write_bytes(content)
    return Path(copy)


@contextlib.contextmanager
def chosen(path: str | os.PathLike, output: str | int | None) -> Iterator[Path]:
    """Yields a file that returns one output: itself, where it has no other.

    Args:
        path: The file.
        output: As for `with_one_output`.

    Raises:
        ValueError: As there.
    """
    path = Path(path)
    if output is None and not several(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = with_one_output(path, output, Path(folder) / path.name)
        try:
            yield copy
        except ValueError as error:
            # Nobody knows of the copy.
            error.args = tuple(
                str(said).replace(str(copy), str(path)) for said in error.args
            )
            raise


def _main(model: Any) -> Any:
    if not model.SubgraphsLength():
        raise ValueError("no graph")
    return model.Subgraphs(0)


def _vector(table: Any, field: int) -> int:
    """Returns where the length of a list is that a table has."""
    first: int = table._tab.Vector(table._tab.Offset(field))
    return first - 4


def _text(name: bytes | None) -> str:
    return (name or b"").decode(errors="replace")
