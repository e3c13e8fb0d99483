"""What there is to be of a run, what there is, and what is broken."""

import threading

import pytest

from advkeras import files
from advkeras import work
from tests.work import jobs

FOLDERS = {
    "examples/fgsm-m1": work.Folder(600, 256, {"attack": "FGSM(0.1)"}),
    "answers/m1": work.Folder(600, 256, {"amplified": (0.1, 0.2)}),
}


@pytest.fixture
def plan(tmp_path):
    made = work.Plan.begun(tmp_path)
    made.add(FOLDERS)
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
    for read in (work.Plan.read(plan.output), work.Plan.begun(plan.output)):
        assert read.paths("answers/m1") == plan.paths("answers/m1")
        read.add(FOLDERS)  # the same again


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (work.Folder(601, 256, {"attack": "FGSM(0.1)"}), "other images"),
        (work.Folder(600, 512, {"attack": "FGSM(0.1)"}), "other shard"),
        (work.Folder(600, 256, {"attack": "PGD(0.1)"}), "other attack"),
        (work.Folder(600, 256, {"seed": 1}), "other attack, seed"),
    ],
)
def test_a_folder_is_of_one_thing(plan, changed, said):
    before = (plan.output / "plan.json").read_bytes()
    for known in (plan, work.Plan.read(plan.output)):
        with pytest.raises(ValueError, match="`output` must be new") as caught:
            known.add({"new": changed, "examples/fgsm-m1": changed})
        assert f"(examples/fgsm-m1 is of {said})" in str(caught.value)
        assert "new" not in known.folders
    assert (plan.output / "plan.json").read_bytes() == before


def test_folders_are_added(plan):
    more = {"examples/few": work.Folder(3, 256, {})}
    work.Plan.read(plan.output).add(more)
    read = work.Plan.read(plan.output)
    assert [*read.folders] == [*FOLDERS, *more]
    assert [path.name for path in read.paths("examples/few")] == [
        "000000000.npz"
    ]


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
    stop, failed = threading.Event(), []

    def write():
        try:
            while not stop.is_set():
                path = plan.path("answers/m1", 256)
                with files.replacing(path) as temporary:
                    jobs.write("m1", temporary, 1)
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert plan.state().done["examples/fgsm-m1"] == [0, 256, 512]
            files.clear(plan.output)
    finally:
        stop.set()
        writer.join()
    assert failed == []


@pytest.mark.parametrize(
    "content", ["", "{", '{"folders": {"a": 1}}', '{"shard": 1}', "[]"]
)
def test_a_plan_that_is_none(tmp_path, content):
    with pytest.raises(ValueError, match=r"`output` must be a run's"):
        work.Plan.read(tmp_path)
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(ValueError, match=r"`output` must be a run's"):
        work.Plan.read(tmp_path)
