"""A .tflite file as C source, with inputs and outputs to test it by."""

import hashlib
import os
import re
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras import files
from advkeras.edge.runtimes.interpreter import Interpreter
from advkeras.edge.standalone import run_on_device

_C_TYPES = {
    "float32": "float",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
}
_COLUMNS = 80
# An array of TensorFlow Lite Micro must begin at a multiple of 16 bytes.
_ALIGNAS = "#ifndef __cplusplus\n#include <stdalign.h>\n#endif"


def write_c_source(
    tflite_path: str | os.PathLike,
    directory: str | os.PathLike,
    images: Any,
    labels: Any = None,
) -> list[Path]:
    """Writes a .tflite file as C11 or C++11, with test vectors.

    `{stem}.h` and `{stem}.c` hold the model and the quantisation of its input
    and output; `{stem}_test_vectors.h` and `.c` some images as the model takes
    them, what LiteRT's reference kernels answer, and the labels.

    Args:
        tflite_path: The file.
        directory: Where to write; made if it is not there.
        images: A few images, (n, height, width, channels): an array, an
            `ImageSet` or a `tf.data.Dataset`.
        labels: Their labels, (n,); None for those of a data set.

    Returns:
        The four files.

    Raises:
        ValueError: The file cannot be run, the images do not fit, or the
            folder cannot be written.
    """
    path = Path(tflite_path)
    with Interpreter(path, "litert-reference") as interpreter:
        images, labels = datasets.examples_of(
            images, labels, None, interpreter.image_shape
        )
        labels = checks.check_labels(
            labels, len(images), interpreter.num_classes
        )
        outputs = interpreter.predict(images).outputs
        inputs = run_on_device.quantize(images, interpreter.input)
        quantised = {"input": interpreter.input, "output": interpreter.output}
    for name, values in (("input", inputs), ("output", outputs)):
        if values.dtype.name not in _C_TYPES or not np.isfinite(values).all():
            raise ValueError(
                f"`tflite_path` must be a model whose {name} is finite and "
                f"one of {', '.join(_C_TYPES)}. Received: tflite_path="
                f"{os.fspath(path)!r} with {values.dtype.name}"
            )
    stem, name = path.stem, identifier(path.stem)
    texts = {
        **_model(stem, name, path.read_bytes(), quantised),
        **_test_vectors(stem, name, inputs, outputs, labels),
    }
    with files.writing("directory", directory):
        return [
            _write(Path(directory) / file, text) for file, text in texts.items()
        ]


def identifier(stem: str) -> str:
    """Returns a file's name as the beginning of names in C and C++.

    Neither allows them to begin with a digit, and they keep for themselves
    those that begin with an underscore or, in C++, hold two in a row.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_")
    return name if name[:1].isalpha() else f"model_{name}".rstrip("_")


def _model(
    stem: str, name: str, content: bytes, quantised: dict[str, dict[str, Any]]
) -> dict[str, str]:
    sha256 = hashlib.sha256(content).hexdigest()
    header = [
        f"extern const unsigned char {name}_tflite[];",
        f"extern const unsigned int {name}_tflite_length;",
        "",
        "/* real value = scale * (stored value - zero point); a scale of 0:",
        "   not quantised. */",
    ]
    source = [
        f"/* sha256 {sha256} */",
        f"alignas(16) const unsigned char {name}_tflite[] = {{",
        *_wrapped(f"0x{byte:02x}" for byte in content),
        "};",
        f"const unsigned int {name}_tflite_length = {len(content)}u;",
        "",
    ]
    for end, tensor in quantised.items():
        scale = np.float32(tensor["scale"] or 0)
        zero_point = tensor["zero_point"] or 0
        header += [
            f"extern const float {name}_{end}_scale;",
            f"extern const int {name}_{end}_zero_point;",
        ]
        source += [
            f"const float {name}_{end}_scale = {_number(scale)};",
            f"const int {name}_{end}_zero_point = {zero_point};",
        ]
    return {
        f"{stem}.h": _header(f"{name}_h", header),
        f"{stem}.c": _source(stem, source),
    }


def _test_vectors(
    stem: str,
    name: str,
    inputs: np.ndarray,
    outputs: np.ndarray,
    labels: np.ndarray,
) -> dict[str, str]:
    n = len(inputs)
    header = [
        "enum {",
        f"  {name}_test_count = {n},",
        f"  {name}_input_size = {inputs[0].size},",
        f"  {name}_output_size = {outputs[0].size}",
        "};",
        "",
        "/* As the model takes them, what it answers, what is right. */",
    ]
    source = []
    for end, values in (("input", inputs), ("output", outputs)):
        declared = (
            f"const {_C_TYPES[values.dtype.name]} {name}_test_{end}s"
            f"[{name}_test_count][{name}_{end}_size]"
        )
        header.append(f"extern {declared};")
        source.append(f"alignas(16) {declared} = {{")
        for row in values.reshape(n, -1):
            source += ["  {", *_wrapped(map(_number, row)), "  },"]
        source += ["};", ""]
    declared = f"const int {name}_test_labels[{name}_test_count]"
    header.append(f"extern {declared};")
    source += [f"{declared} = {{", *_wrapped(map(_number, labels)), "};"]
    return {
        f"{stem}_test_vectors.h": _header(f"{name}_test_vectors_h", header),
        f"{stem}_test_vectors.c": _source(f"{stem}_test_vectors", source),
    }


def _header(guard: str, lines: list[str]) -> str:
    guard = guard.upper()
    return _joined(
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        *lines,
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        f"#endif /* {guard} */",
    )


def _source(stem: str, lines: list[str]) -> str:
    # The header first: what it declares has C's linkage in C++ too.
    return _joined(f'#include "{stem}.h"', "", _ALIGNAS, "", *lines)


def _joined(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _number(value: Any) -> str:
    """Returns a number as a literal that reads back as the same number."""
    if not isinstance(value, np.floating):
        return str(int(value))
    text = f"{value:.9g}"
    return f"{text}f" if re.search(r"[.e]", text) else f"{text}.0f"


def _wrapped(values: Iterable[str]) -> Iterator[str]:
    """Yields the values of an array as lines of at most 80 columns."""
    line = "   "
    for value in values:
        if len(line) + len(value) + 2 > _COLUMNS:
            yield line
            line = "   "
        line += f" {value},"
    yield line


def _write(path: Path, text: str) -> Path:
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
