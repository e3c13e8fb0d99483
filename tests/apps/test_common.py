"""How every app begins and ends."""

import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APPS = sorted(path.stem for path in (ROOT / "apps").glob("[a-z]*.py"))
EVERY_APP = pytest.mark.parametrize("name", APPS)
# `runs` takes words, and has no flag of its own.
FLAGGED = pytest.mark.parametrize("name", [n for n in APPS if n != "runs"])

TINY = """
import json
from absl import flags
from apps import _common
from apps import _running

flags.DEFINE_integer("own", 1, "A flag of this app's.")
_common.define_data("mnist5k", "test")
_common.define_seed()
_common.define_output("output/tiny", "Where.")

def main():
    {body}

if __name__ == "__main__":
    _running.run(main)
"""


@pytest.fixture
def tiny(tmp_path):
    """Writes an app whose main is one line."""

    def tiny(body):
        path = tmp_path / "tiny.py"
        path.write_text(TINY.format(body=body))
        return path

    return tiny


@FLAGGED
def test_help_comes_within_a_second(start_app, name):
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        ended = start_app(name, "--help")
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 1.0
    assert f"apps/{name}.py" in ended.out
    assert ended.err == ""


@EVERY_APP
def test_help_imports_nothing_heavy(start_app, name):
    ended = start_app(name, "--help", python=("-X", "importtime"))
    imported = {
        line.rpartition("|")[2].strip() for line in ended.err.splitlines()
    }
    assert "absl.flags" in imported
    for module in ("tensorflow", "keras", "numpy", "matplotlib", "scipy"):
        assert module not in imported


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("quickstart", "output"),
        ("train", "model dataset split epochs seed output data_dir"),
        (
            "transfer_eval",
            "models attack epsilon dataset split examples seed output "
            "data_dir bounds",
        ),
        ("reproduce", "study output data_dir"),
    ],
)
def test_flags_of_one_meaning_have_one_name(start_app, name, flags):
    shown = re.findall(r"--(?:\[no\])?(\w+):", start_app(name, "--help").out)
    assert set(flags.split()) <= set(shown)


@EVERY_APP
def test_every_app_runs_the_command_of_its_docstring(name):
    """Whose flags are the app's; `--help` shows it first."""
    text = (ROOT / "apps" / f"{name}.py").read_text(encoding="utf-8")
    example = re.search(r"python -m apps\.(\w+)", text)
    assert example
    assert example[1] == name


@FLAGGED
def test_only_flags_are_expected(start_app, name):
    ended = start_app(name, "junk", "--output=x", "more")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err == (
        f"{name}: only flags are expected, as in --seed=1. "
        "Received: junk more\n"
    )


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--nosuch=1", "nosuch"),
        ("--seed=-1", "seed=-1"),
        ("--seed=one", "seed=one"),
        ("--epochs=0", "epochs=0"),
        ("--clip=7", "clip=7"),
        ("--nooutput", "nooutput"),
        ("--verbosity=x", "verbosity=x"),
        ("--flagfile=nosuch", "nosuch"),
        ("--pdb=7", "pdb"),
        ("--stderrthreshold=x", "stderrthreshold"),
        ("--logger_levels=x", "logger_levels=x"),
        ("--logger_levels=absl:x", "'x'"),
    ],
)
def test_a_wrong_flag_is_one_line_and_2(run_app, flag, said):
    """The app's own or one of absl, which would say 1 and two lines."""
    ended = run_app("train", flag)
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("train: ")
    assert said in line


@FLAGGED
def test_wrong_flags_are_said_by_every_app(start_app, name):
    ended = start_app(name, "--outptu=x")
    assert ended.code == 2
    assert ended.out == ""
    assert re.fullmatch(
        rf"{name}: Unknown command line flag 'outptu'.*output.*\n", ended.err
    )


@pytest.mark.parametrize(
    "flag", ["--help", "--helpshort", "--helpfull", "--helpxml", "-?"]
)
def test_help_of_any_kind_is_0(run_app, flag):
    ended = run_app("train", flag)
    assert ended.code == 0
    assert "test_split" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_may_be_cut_short(unbuffered):
    """By `head`, say, which closes the pipe."""
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "apps.train", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_verbosity_shows_where_an_error_surfaced(start_app):
    ended = start_app("train", "junk", "--verbosity=1")
    assert ended.code == 2
    assert "Traceback" in ended.err


@pytest.mark.slow
def test_bad_input_in_a_process_of_its_own(start_app, tmp_path):
    """One line is all that appears, TensorFlow's greetings included."""
    ended = start_app(
        "transfer_eval", "--models=nosuch", f"--output={tmp_path / 'run'}"
    )
    assert ended.code == 2
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("transfer_eval: a model must be a path")
    assert line.endswith("Received: model='nosuch'")
    assert not (tmp_path / "run").exists()


def test_success_is_0(run_app, tiny):
    ended = run_app(tiny("print('done')"))
    assert (ended.code or 0, ended.out, ended.err) == (0, "done\n", "")


def test_a_warning_is_one_line(run_app, tiny):
    body = "import warnings; warnings.warn('one\\n  two'); print('done')"
    ended = run_app(tiny(body))
    assert (ended.code or 0, ended.out) == (0, "done\n")
    assert ended.err == "warning: one two\n"


def test_a_value_error_is_one_line_and_2(run_app, tiny):
    ended = run_app(tiny("raise ValueError('Received: x=1')"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "tiny: Received: x=1\n"


def test_an_interruption_says_how_to_go_on(run_app, tiny):
    ended = run_app(tiny("raise KeyboardInterrupt"))
    assert ended.code == 130
    assert ended.err.startswith("tiny: interrupted; call it again with the sam")
    assert len(ended.err.splitlines()) == 1


def test_a_mistake_of_ours_is_not_hidden(run_app, tiny):
    with pytest.raises(ZeroDivisionError):
        run_app(tiny("1 / 0"))


def test_settings_are_the_app_s_own_flags(run_app, tiny):
    app = tiny("print(json.dumps(_common.settings()))")
    ended = run_app(app, "--own=5", "--seed=2", "--output=x", "--data_dir=y")
    assert json.loads(ended.out) == {
        "own": 5,
        "seed": 2,
        "dataset": "mnist5k",
        "split": "test",
        "resize": [],
    }


def test_the_size_that_a_model_takes(run_app, tiny):
    print_size = "print(json.dumps(_common.image_size((8, 6, 3))))"
    ended = run_app(tiny(print_size), "--resize=antialias")
    assert json.loads(ended.out) == [8, 6]
    for shape in ("(None, None, 3)", "(784,)", "(None,)"):
        ended = run_app(
            tiny(f"_common.image_size({shape})"), "--resize=antialias"
        )
        assert ended.code == 2
        assert "no model says the size" in ended.err


@pytest.mark.parametrize(
    ("flag", "size"), [((), None), (("--resize=8,6",), [8, 6])]
)
def test_a_size_to_resize_to(run_app, tiny, flag, size):
    app = tiny("print(json.dumps(_common.image_size()))")
    assert json.loads(run_app(app, *flag).out) == size


@pytest.mark.parametrize("size", ["8", "8,0", "8,-1", "1,2,3", "a,b", "8,2.5"])
def test_a_size_that_is_none(run_app, tiny, size):
    ended = run_app(tiny("_common.image_size()"), f"--resize={size}")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("tiny: `resize` must be ")
    assert ended.err.endswith(f"Received: resize={size!r}\n")


def test_settings_leave_out_what_is_said(run_app, tiny):
    ended = run_app(tiny("print(json.dumps(_common.settings('own')))"))
    assert "own" not in json.loads(ended.out)


def test_the_command_can_be_typed_again(run_app, tiny):
    arguments = ["--split=train[:5]", "--output=my runs/it's", "--own=3"]
    ended = run_app(tiny("print(_common.command('tiny'))"), *arguments)
    typed = shlex.split(ended.out)
    assert typed == ["python", "-m", "apps.tiny", *arguments]
