"""A run does each part once, however often it is interrupted."""

import dataclasses
import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult

N = 600  # images: chunks of 256, 256 and 88


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
    return sorted(path.name for path in (output / "examples").iterdir())


def test_a_result_is_the_attack_s_own(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    found = run.attack("fake", fake_attack, None, images, labels, seed=3)
    np.testing.assert_array_equal(found.originals, images)
    np.testing.assert_array_equal(found.images, images + 1)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.bounds == (0.0, 1e4)
    assert found.targets is None
    assert [seed for *_, seed in fake_attack.calls] == [3, 3, 3]
    assert examples(tmp_path) == ["fake.npz"]


def test_a_finished_result_is_read_back(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    first = run.attack("fake", fake_attack, None, images, labels)
    calls = len(fake_attack.calls)
    for again in (run, ak.report.Run(tmp_path, {})):
        result = again.attack("fake", fake_attack, None, images, labels)
        assert_equal(result, first)
    assert len(fake_attack.calls) == calls


def test_an_interrupted_attack_goes_on(tmp_path, fake_attack, images, labels):
    """Interrupted in its second chunk, it does the second and the third."""

    def interrupted(*arguments, **options):
        if len(fake_attack.calls) == 1:
            raise KeyboardInterrupt
        return fake_attack(*arguments, **options)

    with pytest.raises(KeyboardInterrupt):
        ak.report.Run(tmp_path, {}).attack(
            "fake", interrupted, None, images, labels
        )
    assert len(fake_attack.calls) == 1
    assert "fake.npz" not in examples(tmp_path)

    run = ak.report.Run(tmp_path, {})
    result = run.attack("fake", fake_attack, None, images, labels)
    starts = [(x[0].item(), len(x)) for x, *_ in fake_attack.calls]
    assert starts == [(0, 256), (256, 256), (512, 88)]
    whole = ak.report.Run(tmp_path / "whole", {}).attack(
        "fake", fake_attack, None, images, labels
    )
    assert_equal(result, whole)
    assert examples(tmp_path) == ["fake.npz"]


def test_killed_before_the_chunks_were_removed(
    tmp_path, fake_attack, images, labels
):
    whole = ak.report.Run(tmp_path, {}).attack(
        "fake", fake_attack, None, images, labels
    )
    for name in ("fake.part0", "fake.part256", "fake-2.part0"):
        whole.save(tmp_path / "examples" / f"{name}.npz")
    result = ak.report.Run(tmp_path, {}).attack(
        "fake", fake_attack, None, images, labels
    )
    assert_equal(result, whole)
    assert examples(tmp_path) == ["fake-2.part0.npz", "fake.npz"]


def test_results_of_two_names_are_two(tmp_path, fake_attack, images, labels):
    run = ak.report.Run(tmp_path, {})
    run.attack("one", fake_attack, None, images[:5], labels[:5])
    run.attack("two", fake_attack, None, images[:7], labels[:7])
    assert [len(x) for x, *_ in fake_attack.calls] == [5, 7]
    assert examples(tmp_path) == ["one.npz", "two.npz"]


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


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": 1}, "of other images"),
        ({"labels": 1}, "of other labels"),
        ({"targets": np.zeros(N, int)}, "of other targets"),
    ],
)
def test_what_is_of_something_else_is_refused(
    tmp_path, fake_attack, images, labels, change, said, part
):
    run = ak.report.Run(tmp_path, {})
    held = run.attack("fake", fake_attack, None, images, labels)
    if part:  # as an interruption leaves it
        rows = slice(0, 256)
        (tmp_path / "examples" / "fake.npz").unlink()
        fake_attack(None, images[rows], labels[rows]).save(
            tmp_path / "examples" / "fake.part0.npz"
        )
    asked = {"images": images, "labels": labels}
    asked |= {k: asked[k] + v if k in asked else v for k, v in change.items()}
    calls = len(fake_attack.calls)
    with pytest.raises(ValueError, match="`output` must be new") as caught:
        run.attack("fake", fake_attack, None, **asked)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert len(fake_attack.calls) == calls
    assert len(held) == N


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
