"""apps.runs: how far a run is, what is broken, what is left over."""

import pytest

from advkeras import work
from tests.work import jobs


@pytest.fixture
def run(tmp_path):
    """A run of two units."""
    plan = work.Plan.begun(tmp_path)
    folder = work.Folder(300, 256, {})
    plan.add({"examples/fgsm-m1": folder})
    for path in plan.paths("examples/fgsm-m1"):
        path.parent.mkdir(parents=True, exist_ok=True)
        jobs.write("m1", path, 1)
    return plan


def row(ended):
    (line,) = [
        x for x in ended.out.splitlines() if "fgsm-m1" in x and "│" not in x
    ]
    return line.split()


def test_a_whole_run(run_app, run):
    for what in ("status", "verify"):
        ended = run_app("runs", what, run.output)
        assert (ended.code or 0) == 0
        assert row(ended) == ["examples/fgsm-m1", "2", "2", "0", "-"]


def test_one_that_is_not_done(run_app, run):
    run.path("examples/fgsm-m1", 256).unlink()
    ended = run_app("runs", "status", run.output)
    assert ended.code == 1
    assert row(ended) == ["examples/fgsm-m1", "2", "1", "1", "256"]


def test_a_damaged_file_is_found_by_reading(run_app, run):
    path = run.path("examples/fgsm-m1", 0)
    path.write_bytes(path.read_bytes()[:-9])
    assert (run_app("runs", "status", run.output).code or 0) == 0
    ended = run_app("runs", "verify", run.output)
    assert ended.code == 1
    assert "damaged: examples/fgsm-m1/000000000.npz" in ended.out


def test_what_is_left_over_is_swept(run_app, run):
    left = run.output / "examples" / ".000000000.npz.x.aside"
    left.mkdir()
    said = f"left over: {left.relative_to(run.output)}"
    assert said in run_app("runs", "status", run.output).out
    assert "Removed 1 " in run_app("runs", "sweep", run.output).out
    assert not left.exists()
    assert "Removed 0 " in run_app("runs", "sweep", run.output).out
    assert (run_app("runs", "verify", run.output).code or 0) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "WHAT and OUTPUT are expected. Received: nothing"),
        (("status",), "WHAT and OUTPUT are expected. Received: status"),
        (("stat", "."), "`what` must be one of: status, sweep, verify"),
        (("status", "nowhere"), "`output` must be a run's"),
        (("status", "a", "b"), "Received: status a b"),
    ],
)
def test_wrong_words(run_app, words, said):
    ended = run_app("runs", *words)
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
