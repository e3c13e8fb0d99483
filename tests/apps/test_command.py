"""The command `advkeras`: an app by its name, far from the repository."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apps.test_common import APPS
from tests.apps.test_common import FLAGGED


@pytest.fixture
def advkeras(tmp_path):
    """Runs `python -m advkeras ARGUMENTS` in a folder that knows no apps."""

    def advkeras(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "advkeras", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return advkeras


@pytest.fixture
def complete(tmp_path):
    """Returns what bash offers for the last of some words."""
    if not shutil.which("bash"):
        pytest.skip("needs bash")

    def complete(*words):
        script = tmp_path / "complete.sh"
        script.write_text(
            f"advkeras() {{ {shlex.quote(sys.executable)} -m advkeras "
            '"$@"; }\n'
            'eval "$(advkeras completion bash)"\n'
            "compopt() { :; }\n"  # only bash itself may call it
            f"COMP_WORDS=({' '.join(map(shlex.quote, words))})\n"
            f"COMP_CWORD={len(words) - 1}\n_advkeras\n"
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        ended = subprocess.run(
            ["bash", script], cwd=tmp_path, capture_output=True, text=True
        )
        assert ended.returncode == 0
        assert ended.stderr == ""
        return ended.stdout.split()

    return complete


@pytest.mark.parametrize("arguments", [(), ("--help",), ("help",)])
def test_every_app_is_listed_with_what_it_does(advkeras, arguments):
    ended = advkeras(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    listed = dict(
        line.split(maxsplit=1)
        for line in ended.stdout.splitlines()
        if line.startswith("  ")
    )
    assert sorted(listed) == sorted([*APPS, "completion"])
    assert listed["train"] == "Trains one network and writes it with its card."


def test_the_list_takes_less_than_a_second(advkeras):
    """Of the processor: a busy machine says nothing of the clock."""
    before = os.times()
    advkeras("--help")
    after = os.times()
    taken = after.children_user - before.children_user
    taken += after.children_system - before.children_system
    assert 0 < taken < 1


def test_the_version(advkeras):
    import advkeras as ak

    ended = advkeras("--version")
    assert ended.stdout == f"advkeras {ak.__version__}\n"
    assert ended.returncode == 0


@FLAGGED
def test_help_is_the_app_s_own(advkeras, name):
    ended = advkeras(name, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"advkeras {name} --" in ended.stdout
    assert "python -m" not in ended.stdout
    assert "--output:" in ended.stdout


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("evalute", "evaluate"),
        ("edge-eval", "edge_eval"),
        ("_common", None),
        ("__main__", None),
        ("--nosuch", None),
    ],
)
def test_an_unknown_name_is_one_line_and_2(advkeras, name, near):
    ended = advkeras(name, "--help")
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("advkeras: an app must be one of benchmark, ")
    assert f"Received: {name!r}" in line
    assert ("did you mean" in line) == (near is not None)
    assert near is None or line.endswith(f"(did you mean {near}?)")


@pytest.mark.parametrize("flag", ["--sed=1", "--seed=x", "junk"])
def test_a_wrong_flag_ends_with_the_app_s_2(advkeras, flag):
    ended = advkeras("train", flag)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("train: ")


def test_what_is_recorded_can_be_typed_again(advkeras, tmp_path):
    flags = ["--split=train[:100]", "--epochs=1", "--output=its own.keras"]
    ended = advkeras("train", "--model=fc10-1", *flags)
    assert (ended.returncode, ended.stderr.count("Traceback")) == (0, 0)
    card = json.loads((tmp_path / "its own.json").read_text())
    assert shlex.split(card["command"]) == [
        *("advkeras", "train", "--model=fc10-1"),
        *flags,
    ]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("advkeras", "ev"), ["evaluate"]),
        (("advkeras", "comp"), ["completion"]),
        (("advkeras", "train", "--ep"), ["--epochs=", "--epsilon="]),
        (("advkeras", "train", "--nocl"), ["--noclip"]),
        (("advkeras", "nosuch", "--ep"), []),
        (("advkeras", "train", "x"), []),
    ],
)
def test_bash_completes(complete, words, offered):
    assert complete(*words) == offered


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh on the PATH")
@pytest.mark.parametrize(
    ("words", "prefix", "offered"),
    [
        (("advkeras", "ev"), "ev", [*APPS, "completion"]),
        (("advkeras", "train", "--"), "--", ["--epochs=", "--noclip"]),
        (("advkeras", "train", "--output=o"), "--output=o", ["FILES"]),
        (("advkeras", "train", "o"), "o", ["FILES"]),
    ],
)
def test_zsh_completes(tmp_path, words, prefix, offered):
    script = tmp_path / "complete.zsh"
    script.write_text(
        f'advkeras() {{ {shlex.quote(sys.executable)} -m advkeras "$@"; }}\n'
        # What zsh has for completion alone.
        "compdef() { :; }\ncompset() { :; }\n_files() { print FILES; }\n"
        'compadd() { print -l -- "$@"; }\n'
        'eval "$(advkeras completion zsh)"\n'
        f"words=({' '.join(words)})\nCURRENT={len(words)}\n"
        f"PREFIX={prefix}\n_advkeras\n"
    )
    ended = subprocess.run(
        ["zsh", "-f", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert set(offered) <= set(ended.stdout.split())
    assert len(offered) > 1 or ended.stdout.split() == offered


@pytest.mark.parametrize("words", [(), ("fish",), ("bash", "zsh")])
def test_completion_of_another_shell(advkeras, words):
    ended = advkeras("completion", *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.endswith(f"Received: {' '.join(words)!r}")


def test_help_may_be_cut_short():
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "advkeras", "--help"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_apps_is_a_name_of_the_package_alone(tmp_path):
    """Installed, a project's own apps/ is not shadowed by ours."""
    code = "import importlib.util as u; print(u.find_spec('apps'))"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert ended.stdout == "None\n"
    assert Path(__file__).parents[2].joinpath("apps").is_dir()
