"""Two ways to run an app: as a process of its own, and, sooner, in this one."""

import dataclasses
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from absl import app
from absl import flags

from tests import results_json

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How an app ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def start_app():
    """Runs an app as people do: `python -m apps.NAME FLAGS`."""

    def start_app(name, *arguments, python=()):
        command = [sys.executable, *python, "-m", f"apps.{name}", *arguments]
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
        )
        results_json.check_outputs(arguments)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return start_app


@pytest.fixture
def run_app(monkeypatch, capsys):
    """Runs an app, by its name or path, in the process of the test.

    TensorFlow is there already, and what a test patches holds in the app.
    """

    def run_app(name_or_path, *arguments):
        app.define_help_flags()
        before = set(flags.FLAGS)
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["app", *map(str, arguments)])
        try:
            with pytest.raises(SystemExit) as ended:
                if isinstance(name_or_path, Path):
                    runpy.run_path(str(name_or_path), run_name="__main__")
                else:
                    runpy.run_module(
                        f"apps.{name_or_path}",
                        run_name="__main__",
                        alter_sys=True,
                    )
        finally:
            # The next app defines its own.
            for flag in set(flags.FLAGS) - before:
                delattr(flags.FLAGS, flag)
        results_json.check_outputs(arguments)
        return Ended(ended.value.code, *capsys.readouterr())

    return run_app


@pytest.fixture
def refusal(run_app):
    """Runs an app on bad input; returns what it says: one line on stderr."""

    def refusal(name, *arguments):
        ended = run_app(name, *arguments)
        assert ended.code == 2
        assert ended.out == ""
        (line,) = ended.err.splitlines()
        assert line.startswith(f"{name}: ")
        assert "Received: " in line
        return line

    return refusal


@pytest.fixture
def small_edge_eval(model_files, tmp_path):
    """Flags of an edge_eval of eight digits, one copy and one runtime."""
    return [
        f"--model={model_files['deep']}",
        "--attack=fgsm",
        "--runtimes=litert",
        "--variants=float32",
        "--dataset=mnist5k",
        "--split=test[:50]",
        "--examples=8",
        "--overshoots=1",
        f"--output={tmp_path / 'run'}",
    ]
