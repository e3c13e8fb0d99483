"""The first import of TensorFlow, in a process of its own: it says nothing."""

import os
import subprocess
import sys

import pytest

QUIET = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}


def run(code, env=QUIET):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["Classifier", "attacks"])
def test_nothing_is_said_by_what_is_imported(name):
    ran = run(
        "import os, sys, advkeras as ak; "
        "assert 'tensorflow' not in sys.modules; "
        f"ak.{name}; "
        "assert 'tensorflow' in sys.modules; "
        "os.write(2, b'heard again')"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "heard again")


def test_a_level_that_was_set_stays():
    code = "import os, advkeras as ak; ak.attacks; print(os.environ[{!r}])"
    name = "TF_CPP_MIN_LOG_LEVEL"
    said = run(code.format(name), {**QUIET, name: "1"}).stdout
    assert said.split() == ["1"]


def test_a_program_without_a_console_imports_it_as_well():
    command = [sys.executable, "-c", "import advkeras as ak; ak.attacks"]
    closed = ["bash", "-c", 'exec "$@" 2>&-', "bash", *command]
    assert subprocess.run(closed, env=QUIET, check=False).returncode == 0
