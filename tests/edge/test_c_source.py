"""C source: it compiles everywhere, and holds what the files hold."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import c_source
from advkeras.edge.c_source import identifier
from advkeras.edge.c_source import write_c_source
from advkeras.edge.export import export
from advkeras.edge.runtimes.interpreter import Interpreter
from advkeras.edge.standalone import run_on_device

VARIANTS = ("float32", "int8", "int16x8")

# Prints all that the sources hold, for the test to compare.
MAIN = """
#include <stdio.h>
#include "{stem}.h"
#include "{stem}_test_vectors.h"

int main(void) {{
  unsigned int i;
  int j, k;
  printf("%u %u\\n", (unsigned int)((uintptr_t){name}_tflite % 16),
         (unsigned int)((uintptr_t){name}_test_inputs % 16));
  printf("%.9g %d %.9g %d\\n", (double){name}_input_scale,
         {name}_input_zero_point, (double){name}_output_scale,
         {name}_output_zero_point);
  for (i = 0; i < {name}_tflite_length; i++)
    printf("%02x", (unsigned int){name}_tflite[i]);
  printf("\\n");
  for (j = 0; j < {name}_test_count; j++) {{
    for (k = 0; k < {name}_input_size; k++)
      printf("%.9g ", (double){name}_test_inputs[j][k]);
    printf("\\n");
    for (k = 0; k < {name}_output_size; k++)
      printf("%.9g ", (double){name}_test_outputs[j][k]);
    printf("\\n%d\\n", {name}_test_labels[j]);
  }}
  return 0;
}}
"""
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")
LANGUAGES = {
    "c": ("cc", "-xc", "-std=c11"),
    "c++": ("c++", "-xc++", "-std=c++11"),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory, digits):
    return export(
        ak.load("m1"),
        tmp_path_factory.mktemp("m1"),
        VARIANTS,
        calibration=digits.images[:20],
    )


@pytest.fixture
def run(tmp_path):
    """Compiles the sources of a stem, and returns the lines they print."""

    def run(language, stem, folder):
        compiler, *options = LANGUAGES[language]
        if shutil.which(compiler) is None:
            pytest.skip(f"needs a compiler: {compiler} is not on this machine")
        main = tmp_path / "main.c"
        main.write_text(MAIN.format(stem=stem, name=identifier(stem)))
        sources = [
            main,
            folder / f"{stem}.c",
            folder / f"{stem}_test_vectors.c",
        ]
        program = tmp_path / "program"
        subprocess.run(
            [
                compiler,
                *options,
                *STRICT,
                f"-I{folder}",
                f"-o{program}",
                *sources,
            ],
            check=True,
        )
        printed = subprocess.run([program], capture_output=True, check=True)
        return printed.stdout.decode().splitlines()

    return run


def numbers(line):
    return np.array(line.split(), np.float32)


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("variant", VARIANTS)
def test_compiled_it_holds_what_the_file_holds(
    exported, tmp_path, test_digits, run, language, variant
):
    path = exported[variant]
    images, labels = test_digits.images[:3], test_digits.labels[:3]
    written = write_c_source(path, tmp_path / "c", images, labels)
    assert [file.name for file in written] == [
        f"{variant}.h",
        f"{variant}.c",
        f"{variant}_test_vectors.h",
        f"{variant}_test_vectors.c",
    ]
    assert sorted(written) == sorted((tmp_path / "c").iterdir())
    aligned, quantisation, content, *rows = run(
        language, variant, tmp_path / "c"
    )

    assert aligned == "0 0"
    assert bytes.fromhex(content) == path.read_bytes()
    with Interpreter(path, "litert-reference") as interpreter:
        inputs = run_on_device.quantize(images, interpreter.input)
        outputs = interpreter.predict(images).outputs
        expected = [
            interpreter.input["scale"] or 0,
            interpreter.input["zero_point"] or 0,
            interpreter.output["scale"] or 0,
            interpreter.output["zero_point"] or 0,
        ]
    # Nine digits tell any float32 from its neighbours.
    assert np.array_equal(numbers(quantisation), np.float32(expected))
    for i in range(3):
        pixels, scores, label = rows[3 * i : 3 * i + 3]
        assert np.array_equal(numbers(pixels), inputs[i].ravel())
        assert np.array_equal(numbers(scores), outputs[i])
        assert int(label) == labels[i]
    if variant == "int8":
        # By hand: black is -128, white 127, and halves go to even.
        steps = np.rint(images / np.float32(expected[0])) - 128
        assert np.array_equal(inputs, np.clip(steps, -128, 127))


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_file_of_an_odd_name(exported, tmp_path, test_digits, run, language):
    odd = tmp_path / "4 Zahlen__größe-int.tflite"
    odd.write_bytes(exported["int8"].read_bytes())
    write_c_source(odd, tmp_path, test_digits.images[:1], [3])
    lines = run(language, odd.stem, tmp_path)
    assert bytes.fromhex(lines[2]) == odd.read_bytes()
    assert lines[-1] == "3"


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("int8", "int8"),
        ("int8-float-io", "int8_float_io"),
        ("_private", "private"),
        ("a__b--c", "a_b_c"),
        ("2nd", "model_2nd"),
        ("größe", "gr_e"),
        ("---", "model"),
        ("int", "int"),  # never on its own: int_tflite is no keyword
    ],
)
def test_identifiers(stem, name):
    assert identifier(stem) == name
    assert re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)


def test_no_line_of_an_array_is_long(exported, tmp_path, test_digits):
    images, labels = test_digits.images[:1], test_digits.labels[:1]
    for file in write_c_source(exported["int8"], tmp_path, images, labels):
        text = file.read_text()
        lines = [line for line in text.splitlines() if line.startswith(" ")]
        assert max(map(len, lines)) <= 80, file.name


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (np.int8(-128), "-128"),
        (np.int64(7), "7"),
        (np.float32(0), "0.0f"),
        (np.float32(-3), "-3.0f"),
        (np.float32(0.1), "0.100000001f"),
        (np.float32(1e-30), "1e-30f"),
        (np.float32(3e38), "3.00000001e+38f"),
    ],
)
def test_literals_read_back_as_themselves(value, literal):
    assert c_source._number(value) == literal
    assert type(value)(literal.rstrip("f")) == value


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (np.zeros((1, 28, 28)), [0], "`images` must be of shape"),
        (np.full((1, 28, 28, 1), np.nan), [0], "`images` must be finite"),
        (np.zeros((0, 28, 28, 1)), [], "`images` must be of shape"),
        (np.zeros((1, 28, 28, 1)), [0, 1], "`labels` must have one row for"),
        (np.zeros((1, 28, 28, 1)), [10], "`labels` must be 0 .. 9"),
    ],
)
def test_wrong_images(exported, tmp_path, images, labels, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        write_c_source(exported["int8"], tmp_path / "c", images, labels)
    assert "Received: " in str(caught.value)
    assert not (tmp_path / "c").exists()


def test_wrong_places(exported, tmp_path, test_digits):
    images, labels = test_digits.images[:1], test_digits.labels[:1]
    foreign = tmp_path / "foreign.tflite"
    foreign.write_text("text")
    for path in (foreign, tmp_path / "nosuch.tflite"):
        with pytest.raises(ValueError, match=r"a \.tflite file"):
            write_c_source(path, tmp_path, images, labels)
    with pytest.raises(ValueError, match=r"`directory` .* Received: dir"):
        write_c_source(exported["int8"], foreign, images, labels)
    assert [file.name for file in tmp_path.iterdir()] == [foreign.name]
