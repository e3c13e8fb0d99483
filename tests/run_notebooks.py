"""Runs the notebooks of examples/, and writes what they give.

    python tests/run_notebooks.py

Each in a process of its own, in an empty folder, with this repository's code.
"""

import os
import tempfile
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
_TIMEOUT = 300  # seconds for a cell


def ran(path: Path) -> nbformat.NotebookNode:
    """Returns a notebook as it is after a run."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(
            notebook,
            timeout=_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            # When a cell ran would differ each time.
            record_timing=False,
        ).execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    notebook.metadata.language_info = {"name": "python"}
    return notebook


if __name__ == "__main__":
    for path in NOTEBOOKS:
        nbformat.write(ran(path), path)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
