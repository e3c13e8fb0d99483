"""From a name to a model file with a card that is true."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import advkeras as ak
from advkeras import files
from advkeras.training import job

RECIPE = ak.training.Recipe("lbfgs", epochs=3)


@pytest.fixture
def train(digits, test_digits, tmp_path):
    """Trains to net.keras, but for what a test says otherwise."""

    def train(**changes):
        arguments = {
            "path": tmp_path / "net.keras",
            "name": "fc10",
            "train_set": digits,
            "test_set": test_digits,
            "recipe": RECIPE,
            "seed": 4,
            "command": "python -m apps.train",
        }
        return ak.training.train_to_file(**{**arguments, **changes})

    return train


@pytest.fixture
def no_training(monkeypatch):
    """From here on, training is a mistake."""

    def train(*_, **__):
        raise RuntimeError("trained again")

    monkeypatch.setattr(job, "train", train)


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_card_is_complete_and_true(train, tmp_path, digits, test_digits):
    card = train()
    path = tmp_path / "net.keras"
    assert json.loads((tmp_path / "net.json").read_text()) == card
    assert card["sha256"] == files.sha256(path)
    expected = {
        "architecture": "fc10",
        "network": "fc10",
        "parameters": 7850,
        "dataset": "mnist5k",
        "split": "train[:400]",
        "test_split": "test[:200]",
        "seed": 4,
        "recipe": dataclasses.asdict(RECIPE),
        "bounds": [0.0, 1.0],
        "class_names": list("0123456789"),
        "train_images": 400,
        "test_images": 200,
        "train_fingerprint": digits.fingerprint,
        "test_fingerprint": test_digits.fingerprint,
        "command": "python -m apps.train",
    }
    assert {key: card[key] for key in expected} == expected
    assert card["versions"]["tensorflow"]
    classifier = ak.load(path)
    for key, data in (("train_error", digits), ("test_error", test_digits)):
        wrong = classifier.predict(data.images) != data.labels
        assert card[key] == wrong.mean()


def test_only_the_model_and_its_card_are_left(train, tmp_path):
    train()
    assert sorted(contents(tmp_path)) == ["net.json", "net.keras"]


def test_the_trained_nets_of_these_tests_know_digits(model_files):
    for path in model_files.values():
        card = ak.models.read_card(path)
        assert card["train_error"] < 0.15
        assert card["test_error"] < 0.3


def test_the_same_seed_gives_the_same_model(train, tmp_path):
    paths = [tmp_path / f"{name}.keras" for name in ("a", "same", "other")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        train(path=path, seed=seed)
    kernels = [ak.models.load(path).get_weights()[0] for path in paths]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


def test_called_again_it_only_reads_the_card(train, tmp_path, no_training):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "train", ak.training.train)
        card = train()
    before = contents(tmp_path)
    assert train(command="another way to call it") == card
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 5}, "seed: 4 there, 5 here"),
        ({"name": "fc100-100-10"}, "network: 'fc10' there"),
        ({"recipe": ak.training.Recipe("lbfgs", epochs=4)}, "recipe: "),
    ],
)
def test_a_file_of_other_settings_is_left(train, tmp_path, change, said):
    train()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="`output` must be new") as caught:
        train(**change)
    assert said in str(caught.value)
    assert "net.keras" in str(caught.value)
    assert contents(tmp_path) == before


def test_a_file_of_other_data_is_left(train, test_digits, tmp_path):
    train()
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"split: 'train\[:400\]' there"):
        train(train_set=test_digits)
    assert contents(tmp_path) == before


def test_a_model_that_is_no_longer_its_card_s(train, tmp_path):
    train()
    path = tmp_path / "net.keras"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match="sha256 differs"):
        train()


@pytest.mark.parametrize("name", ["net.h5", "net", "net.keras.bak"])
def test_a_path_that_does_not_end_in_keras(train, tmp_path, name):
    with pytest.raises(ValueError, match=r"`output` must end in \.keras"):
        train(path=tmp_path / name)
    assert not contents(tmp_path)


@pytest.mark.parametrize("which", ["train_set", "test_set"])
def test_data_that_does_not_fit_the_net(train, tmp_path, which, no_training):
    large = ak.datasets.load("mnist5k", "train[:10]", image_size=(32, 32))
    with pytest.raises(ValueError, match=r"`dataset` must .*\(32, 32, 1\)"):
        train(**{which: large})
    assert not contents(tmp_path)


def test_unknown_network(train, tmp_path):
    with pytest.raises(ValueError, match="Received: name='nosuch'"):
        train(name="nosuch")
    assert not contents(tmp_path)


def test_a_folder_that_cannot_be_made(train, tmp_path, no_training):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="`output` must be a place that can"):
        train(path=tmp_path / "file" / "net.keras")


def test_interrupted_it_goes_on_with_the_same_settings(
    train, tmp_path, monkeypatch
):
    real, seen = job.train, []

    def interrupted(*arguments, backup_dir, **options):
        seen.append(backup_dir)
        (backup_dir / "progress").write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(job, "train", interrupted)
        train()
    assert not (tmp_path / "net.keras").exists()

    # Half of one model is no start for another.
    with pytest.raises(ValueError, match="seed: 4 there, 5 here"):
        train(seed=5)

    def resumed(*arguments, backup_dir, **options):
        assert backup_dir == seen[0]
        assert (backup_dir / "progress").read_text() == "half"
        return real(*arguments, backup_dir=backup_dir, **options)

    monkeypatch.setattr(job, "train", resumed)
    card = train()
    assert card["sha256"] == files.sha256(tmp_path / "net.keras")
    assert sorted(contents(tmp_path)) == ["net.json", "net.keras"]


def test_interrupted_between_the_model_and_its_card(
    train, tmp_path, monkeypatch
):
    """Called again, it ends with both, as after any other interruption."""
    real = files.write_json

    def write_json(path, value):
        if path == tmp_path / "net.json":
            raise KeyboardInterrupt
        real(path, value)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(files, "write_json", write_json)
        train()
    card = train()
    assert ak.models.read_card(tmp_path / "net.keras") == card


def test_killed_before_the_backup_was_removed(train, tmp_path, monkeypatch):
    """Called again, it removes what is left, and nothing else."""
    with monkeypatch.context() as patch:
        patch.setattr(files, "discard", lambda folder: None)
        card = train()
    backup = tmp_path / "net.backup"
    settings = (backup / "settings.json").read_bytes()
    (tmp_path / ".net.keras.x.aside").mkdir()
    assert train() == card
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "net.json",
        "net.keras",
    ]
    for content in (settings.replace(b'"seed": 4', b'"seed": 5'), b"{", None):
        backup.mkdir()
        (backup / "mine").write_text("")
        if content is not None:
            (backup / "settings.json").write_bytes(content)
        assert train() == card
        assert (backup / "mine").exists()
        shutil.rmtree(backup)


def test_options_of_the_network_are_on_the_card(train, tmp_path):
    card = train(options={"weight_decay": (0.5,)})
    assert card["options"] == {"weight_decay": [0.5]}
    assert train(options={"weight_decay": (0.5,)}) == card  # read again
    assert train(path=tmp_path / "plain.keras")["options"] == {}
    with pytest.raises(ValueError, match="options: "):
        train()
