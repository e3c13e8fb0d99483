"""The page's arithmetic is that of run_on_device.py, number for number."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest

from advkeras.edge import page
from advkeras.edge.standalone import run_on_device

FOLDER = page.__path__[0]


@pytest.fixture
def answers(tmp_path):
    """Answers cases, JSON values, by a line of JavaScript; in one process."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js: node is not on this machine")

    def answers(expression, cases):
        (tmp_path / "cases.json").write_text(json.dumps(cases))
        script = tmp_path / "script.mjs"
        modules = ("bundle", "judging", "sha256")
        imports = [f"import * as {m} from '{FOLDER}/{m}.mjs';" for m in modules]
        script.write_text(
            "import { readFileSync } from 'node:fs';\n"
            + "\n".join(imports)
            + f"\nconst text = readFileSync({str(tmp_path / 'cases.json')!r});"
            f"\nconst answer = (one) => {expression};"
            "\nconst said = JSON.parse(text).map(answer);"
            "\nconsole.log(JSON.stringify(said));"
        )
        done = subprocess.run(
            ["node", script], capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return answers


def test_sha256(answers):
    random = np.random.default_rng(0)
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 70_001]
    cases = [random.bytes(n) for n in sizes]
    found = answers(
        "sha256.sha256(Uint8Array.from(one))", [list(case) for case in cases]
    )
    assert found == [hashlib.sha256(case).hexdigest() for case in cases]


def test_the_digest_of_json_is_python_s(answers):
    """Of numbers as Python writes them, and of texts that are not ASCII."""
    numbers = [0, -1, 1.0, 0.1, 1e-7, 1.5e-05, 1e16, 1e22, 2**53, -0.0, 3e300]
    texts = ["", 'a"b\\c', "é\x7f\x00\n", "\U0001f600", "1.0", "x" * 10**6]
    cases = [
        {"b": number, "a": [None, True, number], "sha256": "x"}
        for number in numbers
    ]
    cases += [
        {text: text, "z": {"\uffff": 1, "\U0001f600": 2}} for text in texts
    ]
    found = answers(
        "bundle.digestOf(bundle.parse(one))", [json.dumps(c) for c in cases]
    )
    assert found == [run_on_device.digest_of(case) for case in cases]


def test_numbers_of_javascript_are_written_as_python_reads_them(answers):
    numbers = [0.5, 1e-4, 1.25e-5, 3e-7, 0.003921568859368563, 12, 1e-10, -2e-6]
    found = answers("bundle.write({a: one})", numbers)
    for number, text in zip(numbers, found, strict=True):
        value = json.loads(text)
        assert value == {"a": number}
        assert json.dumps(value, separators=(",", ":")) == text


@pytest.mark.parametrize(
    "bounds", [[0.0, 1.0], [0, 255], [-1.0, 1.0], [-0.1, 2.7]]
)
def test_images_of_pixels(answers, bounds):
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    found = answers(
        f"Array.from(judging.fromUint8(one, {json.dumps(bounds)}))",
        [pixels.ravel().tolist()],
    )
    expected = run_on_device.from_uint8(pixels, bounds)
    np.testing.assert_array_equal(np.float32(found[0]), expected.ravel())


def test_images_of_pixels_whose_channels_differ(answers):
    bounds = [[-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64]]
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    found = answers(
        f"Array.from(judging.fromUint8(one, {json.dumps(bounds)}))",
        [pixels.ravel().tolist()],
    )
    expected = run_on_device.from_uint8(pixels, bounds)
    np.testing.assert_array_equal(np.float32(found[0]), expected.ravel())


@pytest.mark.parametrize("scale", [1 / 255, 0.0039215688593685627, 0.013])
def test_what_a_uint8_input_takes(answers, scale):
    tensor = {"dtype": "uint8", "shape": [1, 999], "scale": scale}
    tensor["zero_point"] = 3
    halves = np.float32(np.arange(999) / 2 * scale - 0.5)[None]
    found = answers(
        "Array.from(judging.quantize(Float32Array.from(one), "
        f"{json.dumps(tensor)}))",
        halves.tolist(),
    )
    np.testing.assert_array_equal(
        found[0], run_on_device.quantize(halves, tensor)[0]
    )


def test_labels_of_outputs(answers):
    rows = [[1, 3, 3], [float("nan"), 9, 1], [-2, -1, -9], [0, 1e39, 0]]
    with np.errstate(over="ignore"):
        data = np.array(rows, np.float32)
    output = {"dtype": "float32", "scale": None, "zero_point": None}
    texts = [[str(value) for value in row] for row in data]
    case = json.dumps(texts).replace("inf", "Infinity").replace("nan", "NaN")
    found = answers(
        "judging.labelsOf({dtype: 'float32', shape: [4, 3], data: "
        f"Float32Array.from({case}.flat().map(Number))}}, one)",
        [output],
    )
    assert found[0] == run_on_device.labels_of(data, output).tolist()
    assert found[0] == [1, -1, 1, -1]


def test_the_label_of_a_single_score(answers):
    output = {"dtype": "uint8", "scale": 1 / 256, "zero_point": 0}
    scores = np.uint8([[0], [128], [129], [255]])
    found = answers(
        "judging.labelsOf({dtype: 'uint8', shape: [4, 1], data: "
        "Uint8Array.from([0, 128, 129, 255])}, one)",
        [output],
    )
    assert found[0] == run_on_device.labels_of(scores, output).tolist()


def test_shares_are_written_as_on_a_device(answers):
    masks = [
        [True] * right + [False] * (n - right)
        for n in (1, 7, 16, 40, 60, 80)
        for right in range(n + 1)
    ]
    found = answers("judging.percent(one)", masks)
    assert found == [run_on_device.percent(np.array(mask)) for mask in masks]
    assert answers("judging.percent(one)", [None, []]) == ["-", "-"]


def test_what_is_said_of_a_set(answers):
    random = np.random.default_rng(0)
    said, labels, source = random.integers(-1, 3, (3, 50))
    fooled = random.integers(0, 2, 50)
    one = {"labels": labels.tolist(), "source_labels": source.tolist()}
    cases = [{**one, "fooled": fooled.tolist()}, {**one, "fooled": None}]
    found = answers(f"judging.judge({said.tolist()}, one)", cases)
    for case, ours in zip(cases, found, strict=True):
        masks = run_on_device.judge(
            said,
            labels,
            source,
            None if case["fooled"] is None else fooled.astype(bool),
        )
        for key in ("accuracy", "agreement", "survival"):
            theirs = masks[key]
            assert ours[key] == (None if theirs is None else theirs.tolist())
        assert ours["only"] == masks["only_target_wrong"].sum()


def test_quantiles(answers):
    cases = np.random.default_rng(0).random((5, 17)).tolist()
    found = answers("judging.quantile(one, 0.9)", cases)
    np.testing.assert_allclose(found, np.quantile(cases, 0.9, axis=1))
