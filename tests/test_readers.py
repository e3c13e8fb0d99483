"""Each reader says of a damaged file, in one line, which it is and why."""

import json

import numpy as np
import pytest

import advkeras as ak
from advkeras import files
from tests import damage

SETTINGS = {"seed": 0, "attack": ["fgsm", "pgd"], "epsilon": 0.1}


def assert_one_line(read, path, name="path"):
    """Checks the error of a reader, and that it names the file."""
    with pytest.raises(ValueError, match=f"`{name}` must ") as caught:
        read()
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


def result(n=3):
    rng = np.random.default_rng(0)
    images = rng.random((n, 4, 4, 1), np.float32)
    return ak.attacks.AttackResult(
        originals=images,
        images=1 - images,
        labels=np.arange(n),
        targets=np.arange(n) + 1,
        clean_predictions=np.arange(n),
        predictions=np.arange(n),
        success=np.zeros(n, bool),
        bounds=(0.0, 1.0),
        c=np.ones(n),
        stop=np.array(["gtol"] * n),
    )


def npz(**arrays):
    """Returns what sets arrays of an .npz file; None takes one away."""

    def change(path):
        with np.load(path) as stored:
            held = {**stored, **arrays}
        with path.open("wb") as file:
            np.savez(file, **{k: v for k, v in held.items() if v is not None})

    return change


def npy(path):
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 4, 4, 1)))


def pickled(path):
    with path.open("wb") as file:
        np.savez(file, images=np.array([{}], object))


NPZ = {
    **damage.ANY,
    **damage.JSON,
    "npy": npy,
    "pickled": pickled,
    "other": lambda path: np.savez(path, images=np.ones(3), labels=np.ones(3)),
    **{
        f"without-{key}": npz(**{key: None})
        for key in ("images", "labels", "success", "bounds")
    },
    "also": npz(surplus=np.ones(3)),
    "fewer": npz(labels=np.arange(2)),
    "more": npz(c=np.ones(4)),
    "words-for-labels": npz(labels=np.array(["a", "b", "c"])),
    "numbers-for-success": npz(success=np.ones(3)),
    "numbers-for-stop": npz(stop=np.ones(3)),
    "flat": npz(images=np.ones((3, 16), np.float32)),
    "smaller": npz(images=np.ones((3, 2, 2, 1), np.float32)),
    "a-number": npz(images=np.float32(1)),
    "bounds": npz(bounds=np.array([1.0, 0.0])),
    "bounds-words": npz(bounds=np.array(["a", "b"])),
}


@pytest.mark.parametrize("how", NPZ)
def test_a_result_that_is_damaged(tmp_path, how):
    path = tmp_path / "fgsm.npz"
    result().save(path)
    NPZ[how](path)
    assert_one_line(lambda: ak.attacks.AttackResult.load(path), path)


def test_a_result_that_is_cut_or_flipped_anywhere(tmp_path):
    """As above, or what is read is what was written."""
    path = tmp_path / "fgsm.npz"
    result().save(path)
    whole = path.read_bytes()
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        for content in (whole[:at], bytes(flipped)):
            path.write_bytes(content)
            try:
                loaded = ak.attacks.AttackResult.load(path)
            except ValueError as error:
                assert "`path` must be an .npz" in str(error)
                assert "\n" not in str(error)
            else:
                np.testing.assert_array_equal(loaded.images, result().images)


def test_settings_that_are_damaged(tmp_path):
    path = tmp_path / "settings.json"
    for change in damage.ANY.values():
        ak.report.Run(tmp_path, SETTINGS)
        if change is damage.absent:
            continue
        change(path)
        assert_one_line(
            lambda: ak.report.Run(tmp_path, SETTINGS), path, "output"
        )
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("text", ["[1, 2]", "3", "null"])
def test_settings_that_are_none(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    assert_one_line(
        lambda: ak.report.Run(tmp_path, SETTINGS),
        tmp_path / "settings.json",
        "output",
    )


@pytest.mark.parametrize("how", damage.ANY)
def test_a_part_that_is_damaged(tmp_path, how):
    run = ak.report.Run(tmp_path, {})
    assert run.once("rows", lambda: {"n": list(range(50))})["n"][3] == 3
    path = tmp_path / "parts" / "rows.json"
    if how == "absent":
        return
    damage.ANY[how](path)
    assert_one_line(lambda: run.once("rows", dict), path)


@pytest.mark.parametrize("how", damage.JSON)
def test_a_json_file_of_a_kind(tmp_path, how):
    path = tmp_path / "results.json"
    files.write_json(path, {"rows": list(range(50))})
    damage.JSON[how](path)
    if how in ("none-of-its-keys", "other-keys"):
        assert isinstance(files.read_json(path, kind=dict), dict)
        return
    assert_one_line(lambda: files.read_json(path, kind=dict), path)


CARDS = {
    **damage.JSON,
    "without-sha256": damage.changed("sha256"),
    **{
        f"wrong-{key}": damage.changed(key, value)
        for key, value in {
            "sha256": 3,
            "bounds": 3,
            "class_names": "digits",
            "dataset": ["mnist"],
            "split": 1,
            "test_split": None,
            "test_error": "0.1",
            "versions": [],
            "provenance": "here",
        }.items()
    },
}


@pytest.fixture
def card(tmp_path):
    """A card of a file that no reader of cards opens but for its digest."""
    path = tmp_path / "net.keras"
    path.write_bytes(b"weights")
    files.write_json(
        tmp_path / "net.json",
        {
            "network": "fc10",
            "dataset": "mnist",
            "split": "train",
            "test_split": "test",
            "test_error": 0.1,
            "bounds": [0.0, 1.0],
            "class_names": ["0", "1"],
            "versions": {},
            "provenance": None,
            "sha256": files.sha256(path),
        },
    )
    assert ak.models.read_card(path)["network"] == "fc10"
    return path.with_suffix(".json")


@pytest.mark.parametrize("how", CARDS)
def test_a_card_that_is_damaged(card, how):
    CARDS[how](card)
    path = card.with_suffix(".keras")
    assert_one_line(lambda: ak.models.read_card(path), path, "model_path")


def test_a_card_that_knows_more(card):
    """A person may add to a card what is of use to them."""
    held = json.loads(card.read_text())
    card.write_text(json.dumps({**held, "note": "mine"}))
    assert ak.models.read_card(card.with_suffix(".keras"))["note"] == "mine"


@pytest.mark.parametrize("nested", [{"trained_on": 3}, {"class_names": 3}])
def test_a_card_of_a_copy_that_is_damaged(card, nested):
    damage.changed("provenance", nested)(card)
    path = card.with_suffix(".keras")
    assert_one_line(lambda: ak.models.read_card(path), path, "model_path")


def test_a_card_whose_model_is_gone(card):
    path = card.with_suffix(".keras")
    path.unlink()
    assert_one_line(lambda: ak.models.read_card(path), path, "model_path")
