"""apps.transfer_eval: the matrix of trained models, on real digits."""

import json
import shutil

import pytest
import requests

import advkeras as ak
from advkeras import files


@pytest.fixture
def arguments(model_files, tmp_path):
    """A run of two trained nets and 16 digits."""
    return [
        f"--models={model_files['linear']},{model_files['deep']}",
        "--attack=fgsm",
        "--epsilon=0.2",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=16",
        "--seed=5",
        f"--output={tmp_path / 'run'}",
    ]


def results(folder):
    return json.loads((folder / "run" / "results.json").read_text())


@pytest.mark.slow
def test_the_whole_way_in_a_process_of_its_own(
    start_app, arguments, tmp_path, classifiers, test_digits, model_files
):
    arguments[1] = "--attack=fgsm,lbfgs"
    n = 8
    arguments.append(f"--examples={n}")
    ended = start_app("transfer_eval", *arguments)
    assert ended.code == 0
    assert "Traceback" not in ended.err
    found = results(tmp_path)

    # The numbers are those that the toolkit finds when asked itself.
    images, labels = test_digits.sample(n, seed=5)
    attacks = {
        "fgsm": ak.attacks.FGSM(epsilon=0.2),
        "lbfgs": ak.attacks.LBFGS(),
    }
    assert list(found["matrices"]) == list(attacks)
    matrix = ak.evaluation.transfer_matrix(
        classifiers, attacks["fgsm"], images, labels, seed=5
    )
    assert found["matrices"]["fgsm"] == matrix.to_json()
    for name, matrix in found["matrices"].items():
        assert matrix["attack"] == repr(attacks[name])
        assert matrix["targets"] == ["linear", "deep"]
        assert matrix["n"] == n
    for rates in found["matrices"]["lbfgs"]["success"].values():
        assert rates["of_all"]["n"] == n
        assert rates["of_correct"]["n"] <= n
        assert rates["of_all"]["value"] > 0.9

    # results.json says how it came about.
    settings = found["settings"]
    assert settings["seed"] == 5
    assert settings["epsilon"] == ["0.2"]
    assert settings["models"] == {
        name: files.sha256(path) for name, path in model_files.items()
    }
    assert settings["data_fingerprint"] == test_digits.fingerprint
    assert found["command"].startswith("python -m apps.transfer_eval --models=")
    assert found["versions"]["tensorflow"]

    # The tables show the matrices, the page has the images.
    shown = " ".join(ended.out.split())  # a long title is broken
    for matrix in found["matrices"].values():
        assert matrix["attack"] in shown
        for row in matrix["rows"]:
            assert row["name"] in shown
            assert f"{row['distortion']:.4f}" in shown
    page = (tmp_path / "run" / "index.html").read_text("utf-8")
    for name in found["matrices"]:
        assert f'"name": "{name}-' in page


@pytest.mark.slow
def test_attacks_differ_by_their_options(run_app, arguments, tmp_path):
    arguments[1] = "--attack=pgd:steps=2,pgd:steps=3,norm=l2"
    ended = run_app("transfer_eval", *arguments, "--examples=4")
    assert (ended.code or 0) == 0
    labels = ["pgd(steps=2)", "pgd(steps=3,norm=l2)"]
    matrices = results(tmp_path)["matrices"]
    assert list(matrices) == labels
    made = [matrix["attack"] for matrix in matrices.values()]
    assert "norm='linf', steps=2" in made[0]
    assert "norm='l2', steps=3" in made[1]
    kept = sorted((tmp_path / "run" / "examples").rglob("*.npz"))
    for label in labels:
        assert any(label in path.parent.name for path in kept)


@pytest.mark.slow
def test_called_again_it_attacks_nothing(
    run_app, arguments, tmp_path, monkeypatch
):
    first = run_app("transfer_eval", *arguments)
    assert (first.code or 0) == 0
    before = results(tmp_path)

    def generate(*_, **__):
        raise RuntimeError("attacked again")

    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    again = run_app("transfer_eval", *arguments)
    assert (again.code or 0) == 0
    assert results(tmp_path) == before
    assert again.out == first.out


@pytest.mark.slow
def test_interrupted_and_called_again(
    run_app, arguments, tmp_path, monkeypatch
):
    """Interrupted at the second model's checks, it keeps the first one's."""
    real, attacked = ak.attacks.FGSM.generate, []

    def generate(self, classifier, *rest):
        if len(attacked) == 1:
            attacked.append(None)
            raise KeyboardInterrupt
        attacked.append(classifier.model.name)
        return real(self, classifier, *rest)

    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    ended = run_app("transfer_eval", *arguments)
    assert ended.code == 130
    assert "transfer_eval: interrupted; call it again" in ended.err
    assert not (tmp_path / "run" / "results.json").exists()
    ended = run_app("transfer_eval", *arguments)
    assert (ended.code or 0) == 0
    first, second = "fc10", "fc100-100-10"
    assert attacked == [first, None, second, first, second]
    straight = [*arguments[:-1], f"--output={tmp_path / 'straight' / 'run'}"]
    run_app("transfer_eval", *straight)
    interrupted = results(tmp_path)
    assert interrupted["matrices"] == results(tmp_path / "straight")["matrices"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--models=nosuch", "one of saved_models"),
        ("--models=fc10", "`advkeras train` trains one"),
        ("--models=", "`models` must not be empty"),
        ("--epsilon=-1", "`epsilon` must be a share"),
        ("--epsilon=nan", "`epsilon` must be a share"),
        ("--attack=nosuch", "`attack` must be one of: apgd"),
        ("--attack=fgsm,nosuch", "`attack` must be one of: apgd"),
        ("--attack=fgsm:steps=2", "`attack` must give fgsm some of its own"),
        ("--attack=pgd:steps=0", "attack pgd(steps=0): `steps` must be"),
        ("--split=nosuch", "`split` must be of train, test"),
        ("--dataset=nosuch", "`dataset` must be 'mnist5k' or"),
        ("--bounds=1,0", "`bounds` must be two finite numbers"),
        ("--bounds=0,white", "`bounds` must be two finite numbers"),
    ],
)
def test_bad_input(refusal, arguments, flag, said):
    assert said in refusal("transfer_eval", *arguments, flag)


def test_no_attack(refusal, arguments):
    """There would be nothing in results.json."""
    assert "attack" in refusal("transfer_eval", *arguments, "--attack=")


def test_a_truncated_model(refusal, arguments, model_files, tmp_path):
    path = tmp_path / "half.keras"
    whole = model_files["linear"].read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refusal(
        "transfer_eval", *arguments, f"--models={path}", "--bounds=0,1"
    )
    assert "must be one that Keras can load" in message
    assert f"model='{path}'" in message


def test_a_data_set_that_is_not_here(refusal, arguments, tmp_path, monkeypatch):
    def head(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", head)
    message = refusal(
        "transfer_eval",
        *arguments,
        "--dataset=mnist",
        f"--data_dir={tmp_path / 'empty'}",
    )
    assert "'mnist' is not on this machine" in message


def test_models_that_do_not_fit_the_data(refusal, arguments, tmp_path):
    path = tmp_path / "rgb.keras"
    ak.models.build("conv-cifar10").save(path)
    message = refusal(
        "transfer_eval", *arguments, f"--models={path}", "--bounds=0,1"
    )
    assert "`dataset` must fit the model" in message


def test_two_models_of_one_file_name(run_app, arguments, model_files, tmp_path):
    """Neither is left out in silence."""
    other = tmp_path / "other" / "linear.keras"
    other.parent.mkdir()
    shutil.copy(model_files["deep"], other)
    arguments[0] = f"--models={model_files['linear']},{other}"
    ended = run_app("transfer_eval", *arguments, "--bounds=0,1")
    assert (ended.code or 0) == 0
    found = results(tmp_path)
    (matrix,) = found["matrices"].values()
    assert matrix["targets"] == ["linear", "linear-2"]
    assert list(found["settings"]["models"].values()) == [
        files.sha256(model_files[name]) for name in ("linear", "deep")
    ]


@pytest.mark.slow
def test_other_settings_need_another_output(run_app, refusal, arguments):
    run_app("transfer_eval", *arguments)
    message = refusal("transfer_eval", *arguments, "--epsilon=0.3")
    assert "`output` must be new" in message
    assert "epsilon: ['0.2'] there, ['0.3'] here" in message


def test_a_model_that_changed_needs_another_output(
    run_app, refusal, arguments, model_files, tmp_path
):
    path = tmp_path / "net.keras"
    arguments[0] = f"--models={path}"
    arguments.append("--bounds=0,1")
    shutil.copy(model_files["linear"], path)
    run_app("transfer_eval", *arguments)
    shutil.copy(model_files["deep"], path)
    assert "models: " in refusal("transfer_eval", *arguments)


@pytest.mark.slow
def test_without_amplified_rows_and_unclipped(run_app, arguments, tmp_path):
    run_app("transfer_eval", *arguments, "--amplified=0", "--noclip")
    (matrix,) = results(tmp_path)["matrices"].values()
    assert "clip=False" in matrix["attack"]
    assert {row["kind"] for row in matrix["rows"]} == {"attack", "noise"}
    # Unclipped, each pixel with a gradient moves by epsilon, on a range of 1.
    for row in matrix["rows"][:2]:
        assert 0.15 < row["distortion"] <= 0.2 + 1e-6


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--shard=100", "`shard` must be a multiple of 256"),
        ("--workers=-1", "workers=-1"),
        ("--engine=spark", "engine=spark"),
        (
            ["--engine=ray", "--address=127.0.0.1:9"],
            "`address` must be that of a cluster of Ray",
        ),
        (["--engine=ray", "--address=here"], "address='here'"),
        ("--address=auto", "`address` must be given with engine='ray' alone"),
        ("--worker_gpus=1", "`worker_gpus` must be given with engine='ray'"),
    ],
)
def test_an_engine_that_cannot_be(run_app, arguments, tmp_path, flag, said):
    flags = [flag] if isinstance(flag, str) else flag
    ended = run_app("transfer_eval", *arguments, *flags)
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_find_the_same(run_app, arguments, tmp_path):
    assert (run_app("transfer_eval", *arguments).code or 0) == 0
    two = f"--output={tmp_path / 'two'}"
    ended = run_app("transfer_eval", *arguments, "--workers=2", two)
    assert (ended.code or 0) == 0
    found = [
        json.loads((tmp_path / name / "results.json").read_text())
        for name in ("run", "two")
    ]
    for one in found:
        del one["command"], one["date"]
    assert found[0] == found[1]
