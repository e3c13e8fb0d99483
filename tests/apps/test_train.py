"""apps.train: a model file with its card, or one line that says why not."""

import json

import pytest
import requests

import advkeras as ak
from advkeras.training import job
from tests.datasets.pictures import write

SMALL = (
    "--model=fc10",
    "--dataset=mnist5k",
    "--split=train[:100]",
    "--test_split=test[:50]",
    "--epochs=3",
)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "net.keras"


def test_a_model_with_its_card(run_app, output):
    ended = run_app("train", *SMALL, "--seed=7", f"--output={output}")
    assert (ended.code or 0) == 0
    card = json.loads(output.with_suffix(".json").read_text())
    assert card == ak.models.read_card(output)
    expected = {
        "network": "fc10",
        "dataset": "mnist5k",
        "split": "train[:100]",
        "test_split": "test[:50]",
        "train_images": 100,
        "test_images": 50,
        "seed": 7,
    }
    assert {key: card[key] for key in expected} == expected
    assert card["recipe"]["epochs"] == 3
    assert card["recipe"]["optimizer"] == "lbfgs"
    # What a person would type; a shell needs the quotes.
    assert card["command"].startswith("python -m apps.train --model=fc10 ")
    assert "'--split=train[:100]'" in card["command"]
    # The table shows the card; it may break a long line.
    for value in ("train[:100]", "7850", card["sha256"][:32]):
        assert value in ended.out
    for key in ("train", "test"):
        assert f"{100 * card[f'{key}_error']:.2f}%" in ended.out
    assert "3/3" in ended.err  # the progress bar


def test_called_again_it_shows_the_same_card(run_app, output, monkeypatch):
    first = run_app("train", *SMALL, f"--output={output}")
    before = output.read_bytes()

    def train(*_, **__):
        raise RuntimeError("trained again")

    monkeypatch.setattr(job, "train", train)
    again = run_app("train", *SMALL, f"--output={output}")
    assert (again.code or 0) == 0
    assert again.out == first.out
    assert output.read_bytes() == before


def test_interrupted_and_called_again(run_app, output, monkeypatch):
    real = job.train

    def interrupted(*arguments, **options):
        real(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(job, "train", interrupted)
        ended = run_app("train", *SMALL, f"--output={output}")
    assert ended.code == 130
    assert "train: interrupted; call it again" in ended.err.splitlines()[-1]
    assert not output.exists()
    assert (run_app("train", *SMALL, f"--output={output}").code or 0) == 0
    assert ak.models.read_card(output)["seed"] == 0


def test_adversarial_training(run_app, output):
    flags = ("--model=rbf", "--attack=fgsm", "--epsilon=0.1", "--noclip")
    ended = run_app("train", *SMALL, *flags, f"--output={output}")
    assert (ended.code or 0) == 0
    recipe = ak.models.read_card(output)["recipe"]
    assert recipe["attack"] == {"name": "fgsm", "epsilon": 0.1, "clip": False}
    assert ak.load(output).num_classes == 10


def test_the_default_output_is_named_after_the_model(
    run_app, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run_app("train", *SMALL)
    assert ak.models.read_card("output/fc10.keras")["network"] == "fc10"


def test_a_folder_of_pictures(run_app, output, tmp_path):
    for i in range(10):
        for name, grey in (("dark", 0), ("light", 255)):
            size = (5 + i, 9)
            write(tmp_path / "p" / name / f"{i}.png", grey, size, "L")
    dataset = f"--dataset={tmp_path / 'p'}"
    ended = run_app(
        "train",
        "--model=fc10",
        dataset,
        "--resize=28,28",
        "--epochs=5",
        f"--output={output}",
    )
    assert (ended.code or 0) == 0
    card = ak.models.read_card(output)
    assert card["dataset"] == str(tmp_path / "p")
    assert card["test_error"] == 0
    test = ak.datasets.load(card["dataset"], "test", image_size=(28, 28))
    assert card["test_fingerprint"] == test.fingerprint


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=nosuch", "`model` must be one of: ae400-10,"),
        ("--split=nosuch", "`split` must be of train, test"),
        ("--test_split=test[", "`split` must be of train, test"),
        ("--dataset=nosuch", "'mnist5k' or the TFDS name"),
        ("--model=conv-cifar10", "(32, 32, 3)"),
        ("--output=net.h5", "must end in .keras"),
        ("--attack=nosuch", "`attack` must be one of"),
        ("--attack=fgsm", "trained by 'lbfgs'"),
    ],
)
def test_bad_input(refusal, output, flag, said):
    message = refusal("train", *SMALL, f"--output={output}", flag)
    assert said in message
    assert flag.partition("=")[2] in message
    assert list(output.parent.iterdir()) == []


def test_a_data_set_that_is_not_here(refusal, output, tmp_path, monkeypatch):
    def head(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", head)
    message = refusal(
        "train",
        "--dataset=mnist",
        f"--data_dir={tmp_path / 'empty'}",
        f"--output={output}",
    )
    assert "'mnist' is not on this machine" in message
    assert "--data_dir" in message
    assert "--dataset=mnist5k" in message


def test_an_output_of_other_settings(run_app, refusal, output):
    run_app("train", *SMALL, f"--output={output}")
    message = refusal("train", *SMALL, f"--output={output}", "--seed=1")
    assert "seed: 0 there, 1 here" in message


@pytest.mark.tfds
def test_a_tfds_set(run_app, output, tfds_dir):
    """And --data_dir is no setting: the data may lie elsewhere tomorrow."""
    arguments = [
        "--model=fc10",
        "--dataset=mnist",
        "--split=train[:200]",
        "--test_split=test[:100]",
        "--epochs=2",
        f"--output={output}",
    ]
    ended = run_app("train", *arguments, f"--data_dir={tfds_dir}")
    assert (ended.code or 0) == 0
    card = ak.models.read_card(output)
    assert (card["dataset"], card["train_images"]) == ("mnist", 200)
    again = run_app("train", *arguments, f"--data_dir={tfds_dir}/.")
    assert again.out == ended.out
