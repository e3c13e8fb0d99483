"""A run does each part once, however often it is interrupted."""

import dataclasses
import json

import numpy as np
import pytest

import advkeras as ak
from advkeras import work
from advkeras.attacks import AttackResult

N = 1100  # images: shards of 512, 512 and 76
FILES = [f"fake/{start:09d}.npz" for start in (0, 512, 1024)]


@pytest.fixture
def images():
    """Numbered images, so that each says which it is."""
    return np.arange(N, dtype=np.float32).reshape(N, 1, 1, 1)


@pytest.fixture
def labels():
    return np.arange(N) % 10


def assert_equal(first, second):
    for field in dataclasses.fields(AttackResult):
        a, b = getattr(first, field.name), getattr(second, field.name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)


def examples(output):
    folder = output / "examples"
    found = (path.relative_to(folder) for path in folder.rglob("*.npz"))
    return sorted(path.as_posix() for path in found)


def test_a_result_is_the_attack_s_own(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    found = run.attack("fake", fake_attack, None, images, labels, seed=3)
    np.testing.assert_array_equal(found.originals, images)
    np.testing.assert_array_equal(found.images, images + 1)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.bounds == (0.0, 1e4)
    assert found.targets is None
    assert [seed for *_, seed in fake_attack.calls] == [3, 3, 3]
    assert examples(tmp_path) == FILES
    assert_equal(AttackResult.load(tmp_path / "examples" / "fake"), found)


def test_a_finished_result_is_read_back(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    first = run.attack("fake", fake_attack, None, images, labels)
    calls = len(fake_attack.calls)
    for again in (run, ak.report.Run(tmp_path, {})):
        result = again.attack("fake", fake_attack, None, images, labels)
        assert_equal(result, first)
    assert len(fake_attack.calls) == calls


def test_an_interrupted_attack_goes_on(
    tmp_path, fake_attack, images, labels, monkeypatch
):
    """Interrupted in its second shard, it does the second and the third."""
    attack_it = type(fake_attack).__call__

    def interrupted(self, *arguments, **options):
        if len(self.calls) == 1:
            raise KeyboardInterrupt
        return attack_it(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(type(fake_attack), "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ak.report.Run(tmp_path, {}).attack(
                "fake", fake_attack, None, images, labels
            )
    assert len(fake_attack.calls) == 1
    assert examples(tmp_path) == FILES[:1]

    run = ak.report.Run(tmp_path, {})
    result = run.attack("fake", fake_attack, None, images, labels)
    starts = [(x[0].item(), len(x)) for x, *_ in fake_attack.calls]
    assert starts == [(0, 512), (512, 512), (1024, 76)]
    whole = ak.report.Run(tmp_path / "whole", {}).attack(
        "fake", fake_attack, None, images, labels
    )
    assert_equal(result, whole)
    assert examples(tmp_path) == FILES


def test_several_attacks_at_once(tmp_path, fake_attack, images, labels):
    """Each has its own images, and the plan knows of all."""
    run = ak.report.Run(tmp_path, {})
    asked = {"a": fake_attack, "b": fake_attack, "c": fake_attack}
    counts = {"a": 600, "b": 2, "c": N + 1}
    found = run.attack_all(
        asked, None, images, labels, examples=[*counts.values()]
    )
    assert {k: len(v) for k, v in found.items()} == {**counts, "c": N}
    for name, result in found.items():
        n = min(counts[name], N)
        np.testing.assert_array_equal(result.originals, images[:n])
        np.testing.assert_array_equal(result.labels, labels[:n])
    state = work.Plan.read(tmp_path).state(verify=True)
    assert state.whole
    assert {k: len(v) for k, v in state.done.items()} == {
        "examples/a": 2,
        "examples/b": 1,
        "examples/c": 3,
    }


def test_targets_are_those_of_their_images(
    tmp_path, fake_attack, images, labels
):
    targets = (labels + np.arange(N) // 100) % 10
    found = ak.report.Run(tmp_path, {}).attack(
        "fake", fake_attack, None, images, labels, targets=targets
    )
    np.testing.assert_array_equal(found.targets, targets)


def test_labels_are_the_same_in_any_form(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    first = run.attack("fake", fake_attack, None, images, labels)
    calls = len(fake_attack.calls)
    for same in (labels.astype(np.uint8), np.eye(10)[labels]):
        again = run.attack("fake", fake_attack, None, images, same)
        assert_equal(again, first)
    assert len(fake_attack.calls) == calls


def test_results_of_two_names_are_two(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    run.attack("one", fake_attack, None, images[:5], labels[:5])
    run.attack("two", fake_attack, None, images[:7], labels[:7])
    assert [len(x) for x, *_ in fake_attack.calls] == [5, 7]
    assert examples(tmp_path) == [
        "one/000000000.npz",
        "two/000000000.npz",
    ]


def test_progress_goes_to_stderr(tmp_path, fake_attack, images, labels, capsys):
    run = ak.report.Run(tmp_path, {})
    run.attack("fake", fake_attack, None, images, labels)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "fake" in shown.err
    assert f"{N}/{N}" in shown.err


def test_a_folder_of_other_settings_is_refused(tmp_path):
    ak.report.Run(tmp_path, {"seed": 0, "epsilon": 0.1})
    ak.report.Run(tmp_path, {"epsilon": 0.1, "seed": 0})
    with pytest.raises(ValueError, match="`output` must be new") as caught:
        ak.report.Run(tmp_path, {"seed": 0, "epsilon": 0.2})
    assert "epsilon: 0.1 there, 0.2 here" in str(caught.value)
    assert f"Received: output={str(tmp_path)!r}" in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="`output` must be a place that can"):
        ak.report.Run(tmp_path / "file" / "run", {})


def test_results_json_says_how_it_was_made(tmp_path):
    run = ak.report.Run(tmp_path, {"seed": 1})
    returned = run.finish({"rate": 0.5, "n": 2}, "python -m apps.fake")
    written = json.loads((tmp_path / "results.json").read_text())
    assert written == returned
    assert written["rate"] == 0.5
    assert written["n"] == 2
    assert written["settings"] == {"seed": 1}
    assert written["command"] == "python -m apps.fake"
    assert written["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_results_that_are_not_json_leave_the_old(tmp_path, value):
    run = ak.report.Run(tmp_path, {})
    run.finish({"rate": 0.5}, "")
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises((ValueError, TypeError)):
        run.finish({"rate": value}, "")
    assert (tmp_path / "results.json").read_bytes() == before
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["results.json", "settings.json"]


def never():
    raise AssertionError("made again")


def test_once_makes_a_result_once(tmp_path):
    run = ak.report.Run(tmp_path, {})
    value = {"rate": 0.5, "names": ["a", None], "n": 2}
    assert run.once("int8-litert-0af1", lambda: value) == value
    stored = tmp_path / "parts" / "int8-litert-0af1.json"
    assert json.loads(stored.read_text())["value"] == value
    for again in (run, ak.report.Run(tmp_path, {})):
        assert again.once("int8-litert-0af1", never) == value


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held["value"].update(n=3),
        lambda held: held["value"].clear(),
        lambda held: held.pop("sha256"),
        lambda held: held.update(of=3),
    ],
)
def test_once_refuses_what_was_changed(tmp_path, change):
    run = ak.report.Run(tmp_path, {})
    run.once("rows", lambda: {"n": 2})
    path = tmp_path / "parts" / "rows.json"
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held))
    with pytest.raises(ValueError, match=r"`path` must be a part of a run"):
        run.once("rows", never)


def test_once_keeps_nothing_too(tmp_path):
    """No latency is a result like any other."""
    run = ak.report.Run(tmp_path, {})
    assert run.once("latency", lambda: None) is None
    assert run.once("latency", never) is None


def test_once_keeps_results_apart_by_their_names(tmp_path):
    run = ak.report.Run(tmp_path, {})
    for i, name in enumerate(("a", "b", "a.b")):
        assert run.once(name, lambda i=i: i) == i
    names = sorted(path.name for path in (tmp_path / "parts").iterdir())
    assert names == ["a.b.json", "a.json", "b.json"]


def test_once_returns_at_once_what_it_returns_later(tmp_path):
    """Tuples become lists the first time already."""
    run = ak.report.Run(tmp_path, {})
    assert run.once("a", lambda: {"shape": (1, 2)}) == {"shape": [1, 2]}


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, ValueError("no"), TypeError("no")]
)
def test_once_stores_nothing_of_what_failed(tmp_path, error):
    run = ak.report.Run(tmp_path, {})

    def fail():
        raise error

    with pytest.raises((KeyboardInterrupt, ValueError, TypeError)):
        run.once("a", fail)
    with pytest.raises(ValueError, match="JSON"):
        run.once("a", lambda: float("nan"))
    assert run.once("a", lambda: 1) == 1


@pytest.mark.parametrize("done", [1, 3])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": 1}, "of other data"),
        ({"labels": 1}, "of other data"),
        ({"targets": np.zeros(N, int)}, "of other targets"),
        ({"seed": 1}, "of other seed"),
    ],
)
def test_what_is_of_something_else_is_refused(
    tmp_path, fake_attack, images, labels, change, said, done
):
    """However much of it is there; where nothing is, it was a mistake."""
    run = ak.report.Run(tmp_path, {})
    run.attack("fake", fake_attack, None, images, labels)
    for path in run.plan.paths("examples/fake")[done:]:
        path.unlink()
    asked = {"images": images, "labels": labels, "seed": 0}
    asked |= {k: asked[k] + v if k in asked else v for k, v in change.items()}
    calls = len(fake_attack.calls)
    with pytest.raises(ValueError, match="`output` must be new") as caught:
        run.attack("fake", fake_attack, None, **asked)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert len(fake_attack.calls) == calls
    for path in run.plan.paths("examples/fake"):
        path.unlink(missing_ok=True)
    found = run.attack("fake", fake_attack, None, **asked)
    np.testing.assert_array_equal(found.originals, asked["images"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": 1}, "of other images"),
        ({"labels": 1}, "of other labels"),
    ],
)
def test_a_file_that_was_put_there_is_refused(
    tmp_path, fake_attack, images, labels, change, said
):
    run = ak.report.Run(tmp_path, {})
    run.attack("fake", fake_attack, None, images, labels)
    rows, asked = slice(512), {"images": images, "labels": labels}
    other = [value[rows] + change.get(key, 0) for key, value in asked.items()]
    fake_attack(None, *other).save(run.plan.path("examples/fake", 0))
    with pytest.raises(ValueError, match="`output` must be new") as caught:
        run.attack("fake", fake_attack, None, images, labels)
    assert f"examples/fake is {said}" in str(caught.value)


def test_once_refuses_what_is_of_something_else(tmp_path):
    run = ak.report.Run(tmp_path, {})
    of = {"model": "0af1", "bounds": (0.0, 1.0)}
    assert run.once("a", lambda: 1, of) == 1
    assert run.once("a", never, dict(of)) == 1
    for other in ({**of, "model": "0af2"}, {"bounds": [0.0, 1.0]}):
        with pytest.raises(ValueError, match=r"a.json is of other model\)"):
            run.once("a", never, other)
    # An older version did not say of what it was.
    run.once("b", lambda: {"rate": 1})
    with pytest.raises(ValueError, match="is of other bounds, model"):
        run.once("b", never, of)
