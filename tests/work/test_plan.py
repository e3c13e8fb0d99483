"""What there is to be of a run, what there is, and what is broken."""

import threading

import pytest

from advkeras import files
from advkeras import work
from tests.work import jobs

FOLDERS = {"examples/fgsm-m1": {"attack": "FGSM(0.1)"}, "answers/m1": {}}


@pytest.fixture
def plan(tmp_path):
    made = work.Plan(tmp_path, 256, 600, FOLDERS)
    made.write()
    for folder in FOLDERS:
        for path in made.paths(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            jobs.write("m1", path, 1)
    return made


def test_files_are_named_by_their_first_image(plan):
    assert [path.name for path in plan.paths("answers/m1")] == [
        "000000000.npz",
        "000000256.npz",
        "000000512.npz",
    ]
    assert plan.paths("answers/m1")[1] == plan.path("answers/m1", 256)


def test_it_is_read_as_it_was_written(plan):
    assert work.Plan.read(plan.output) == plan
    plan.write()  # the same again
    with pytest.raises(ValueError, match="images: 600 there, 601 here"):
        work.Plan(plan.output, 256, 601, FOLDERS).write()


def test_a_whole_run(plan):
    state = plan.state(verify=True)
    assert state.whole
    assert state.done == {folder: [0, 256, 512] for folder in FOLDERS}
    assert state.damaged == state.left_over == []


def test_what_is_missing_damaged_and_left_over(plan):
    plan.path("answers/m1", 256).unlink()
    broken = plan.path("examples/fgsm-m1", 0)
    content = bytearray(broken.read_bytes())
    content[len(content) // 3] ^= 255
    broken.write_bytes(content)
    left = plan.output / "answers" / "m1" / ".000000256.npz.x.aside"
    left.mkdir()
    quick, read = plan.state(), plan.state(verify=True)
    assert quick.missing["answers/m1"] == [256]
    assert quick.done["answers/m1"] == [0, 512]
    assert not quick.whole
    assert quick.damaged == []
    assert read.damaged == ["examples/fgsm-m1/000000000.npz"]
    assert read.left_over == ["answers/m1/.000000256.npz.x.aside"]
    rows = {row[0]: row[1:] for row in read.table().rows}
    assert rows["answers/m1"] == ("3", "2", "1", "256")
    assert rows["examples/fgsm-m1"] == ("3", "3", "0", "-")


def test_it_is_looked_at_while_others_are_at_work(plan):
    """A folder that goes away meanwhile is not in the way."""
    stop = threading.Event()

    def write():
        while not stop.is_set():
            path = plan.path("answers/m1", 256)
            with files.replacing(path) as temporary:
                jobs.write("m1", temporary, 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert plan.state().done["examples/fgsm-m1"] == [0, 256, 512]
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("content", ["", "{", '{"shard": 1}', "[]"])
def test_a_plan_that_is_none(tmp_path, content):
    with pytest.raises(ValueError, match=r"`output` must be a run's"):
        work.Plan.read(tmp_path)
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ValueError, match=r"`output` must be a run's"):
        work.Plan.read(tmp_path)
