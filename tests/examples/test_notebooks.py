"""The notebooks run to their ends, and are committed as they were run."""

import json
import re

import nbformat
import pytest

from tests import run_notebooks

LARGEST = 300_000  # bytes
EACH = pytest.mark.parametrize(
    "path", run_notebooks.NOTEBOOKS, ids=lambda path: path.stem
)


def code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def kinds(cell):
    """What a cell gives back, without the figures in it."""
    return [
        (one["output_type"], sorted(one.get("data", ())))
        for one in cell["outputs"]
    ]


@EACH
def test_a_notebook_is_committed_with_its_outputs(path):
    text = path.read_text("utf-8")
    assert len(text) < LARGEST
    cells = code(json.loads(text))
    counts = [cell["execution_count"] for cell in cells]
    assert counts == list(range(1, len(cells) + 1))
    assert any(cell["outputs"] for cell in cells)
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name", "stdout") == "stdout"
    # A place on somebody's machine.
    assert not re.search(r"(/home|/root|/tmp|/work|/Users)/|C:\\", text)


@pytest.mark.slow
@EACH
def test_a_notebook_runs_as_it_was_committed(path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    committed = nbformat.read(path, as_version=4)
    nbformat.validate(committed)
    for now, before in zip(
        code(run_notebooks.ran(path)), code(committed), strict=True
    ):
        assert kinds(now) == kinds(before)
        assert now["execution_count"] == before["execution_count"]
