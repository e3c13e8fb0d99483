"""Files are whole or not there, and folders remember their settings."""

import hashlib
import json
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras import files

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_replacing_writes_the_file_and_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "model.keras"
    with files.replacing(path) as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent.parent == path.parent  # one file system
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert names(path.parent) == ["model.keras"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_replacing_keeps_the_old_file_when_interrupted(tmp_path, error):
    path = tmp_path / "model.keras"
    path.write_text("old")
    with pytest.raises(error), files.replacing(path) as temporary:
        temporary.write_text("ha")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["model.keras"]


WRITE = """
import sys, time
from advkeras import files
with files.replacing(sys.argv[1]) as temporary:
    temporary.write_text("ha")
    print("half", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    """A process with half of a/model.keras written."""
    path = tmp_path / "a" / "model.keras"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, path], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"half\n"
    yield process
    process.kill()
    process.communicate()


def claims(folder):
    files.claim(folder, {})


def replaces(folder):
    with files.replacing(folder / "a" / "model.keras") as temporary:
        temporary.write_text("new")


@pytest.mark.parametrize("comes", [claims, replaces])
def test_what_a_killed_process_left_goes_with_the_next(tmp_path, writer, comes):
    (half,) = names(tmp_path / "a")
    assert half.startswith(".model.keras.")
    comes(tmp_path)
    assert half in names(tmp_path / "a")  # somebody is at work there
    with files.replacing(tmp_path / "a" / "other.keras") as temporary:
        temporary.write_text("")
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    comes(tmp_path)
    assert half not in names(tmp_path / "a")
    assert "other.keras" in names(tmp_path / "a")


def test_a_folder_is_discarded_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "net.backup"
    files.write_json(folder / "a" / "settings.json", {})
    files.discard(folder)
    assert names(tmp_path) == []


@given(JSON)
def test_json_comes_back_as_it_was(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    files.write_json(path, value)
    assert files.read_json(path) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_what_is_not_json_leaves_the_old_file(tmp_path, value):
    path = tmp_path / "value.json"
    files.write_json(path, {"old": 1})
    with pytest.raises((ValueError, TypeError)):
        files.write_json(path, {"new": value})
    assert json.loads(path.read_text()) == {"old": 1}
    assert names(tmp_path) == ["value.json"]


def test_sha256_of_a_file(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # The first example of FIPS 180-4.
    assert files.sha256(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_sha256_of_a_folder_is_of_names_and_contents(tmp_path):
    def folder(name, **contents):
        for path, text in contents.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        return tmp_path / name

    first = folder("first", b="2", a="1")
    lines = "".join(
        f"{name} {hashlib.sha256(text).hexdigest()}\n"
        for name, text in (("a", b"1"), ("b", b"2"))
    )
    assert files.sha256(first) == hashlib.sha256(lines.encode()).hexdigest()
    assert files.sha256(folder("same", a="1", b="2")) == files.sha256(first)
    others = [
        folder("content", a="1", b="3"),
        folder("name", a="1", c="2"),
        folder("deeper", **{"a": "1", "sub/b": "2"}),
        folder("more", a="1", b="2", c=""),
    ]
    assert files.sha256(first) not in map(files.sha256, others)


def test_sha256_of_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        files.sha256(tmp_path / "nothing")


def test_a_folder_is_claimed_once(tmp_path):
    settings = {"seed": 0, "attack": ["fgsm"], "clip": None}
    folder = tmp_path / "run"
    files.claim(folder, settings)
    files.claim(folder, dict(reversed(settings.items())))
    assert files.read_json(folder / "settings.json") == settings


def test_a_folder_of_other_settings_is_refused_and_left(tmp_path):
    files.claim(tmp_path, {"seed": 0, "epsilon": 0.1, "old": 1})
    with pytest.raises(ValueError, match="`output`") as caught:
        files.claim(tmp_path, {"seed": 1, "epsilon": 0.1, "new": 2})
    message = str(caught.value)
    assert f"Received: output={str(tmp_path)!r}" in message
    assert "seed: 0 there, 1 here" in message
    assert "old: 1 there, None here" in message
    assert "new: None there, 2 here" in message
    assert "epsilon" not in message
    assert files.read_json(tmp_path / "settings.json")["seed"] == 0


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`output` .* Received: output="):
        files.claim(tmp_path / "file" / "run", {})
