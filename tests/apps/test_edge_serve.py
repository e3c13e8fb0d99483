"""apps.edge_serve: a bundle's page, until it is interrupted."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import advkeras as ak
from tests.edge import bundles

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers):
    """A bundle with what stands for a page."""
    folder = tmp_path_factory.mktemp("served")
    linear = classifiers["linear"]
    files = ak.edge.export(linear, folder, "float32")
    return bundles.make_served(folder / "bundle", linear, files)


@pytest.fixture
def start(made, tmp_path):
    """Starts the app; returns the process and what it said at first."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "apps.edge_serve", *arguments]
        command += [f"--bundle={made}", f"--output={tmp_path / 'taken'}"]
        # What was started in the background is deaf to it, and so is its child.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        signal.signal(signal.SIGINT, before)
        started.append(process)
        said = []
        while not said or not said[-1].startswith("Open "):
            said.append(process.stdout.readline())
            assert said[-1], "it ended"
        return process, said

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_it_serves_until_it_is_interrupted(start):
    process, said = start()
    (line,) = said
    address = re.fullmatch(r"Open (http://127\.0\.0\.1:\d+/\S+/)\n", line)[1]
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"a page"
    os.kill(process.pid, signal.SIGINT)
    rest = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert "python -m apps.edge_report --results=" in rest


@pytest.mark.slow
def test_other_machines_are_shown_a_code(start):
    pytest.importorskip("segno")
    _, said = start("--host=0.0.0.0")
    assert len(said) > 10 and "▀" in "".join(said[:-1])


def test_it_refuses_in_one_line(refusal, tmp_path, made):
    for flags in ((), (f"--bundle={tmp_path}",)):
        assert "`bundle` must be a folder" in refusal("edge_serve", *flags)
    flags = (f"--bundle={made}", "--host=192.0.2.1")
    assert "`host` and `port` must be free" in refusal("edge_serve", *flags)
