"""--seeds: a run of each, and what they come to."""

import pytest

import advkeras as ak

APPS = {
    "evaluate": ["--attack=fgsm", "--runtimes=litert", "--nowhite_box"],
    "edge_eval": ["--attack=fgsm", "--runtimes=litert", "--nowhite_box"],
    "transfer_eval": ["--attack=fgsm"],
}
MODELS = {"transfer_eval": "models"}  # --model of the others


@pytest.fixture(params=APPS)
def given(request, model_files, tmp_path):
    """An app and a run of 12 digits."""
    name = request.param
    flags = [
        f"--{MODELS.get(name, 'model')}={model_files['deep']}",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=12",
        f"--output={tmp_path / 'run'}",
        *APPS[name],
    ]
    if name != "transfer_eval":
        flags += ["--variants=int8", "--calibration=50"]
    return [name, *flags]


def test_several(run_app, given, tmp_path):
    ended = run_app(*given, "--seeds=3,5")
    assert (ended.code or 0) == 0, ended.err
    run = tmp_path / "run"
    results = ak.report.read(run)
    assert list(results["seeds"]) == ["3", "5"]
    for seed, own in results["seeds"].items():
        assert own == ak.report.read(run / f"seed-{seed}")
        assert {one["seed"] for one in own["examples"].values()} == {int(seed)}
    assert "Over the seeds 3, 5, which choose the images" in ended.out
    assert (run / "tables" / "seeds.csv").exists()
    page = (run / "index.html").read_text()
    for seed in (3, 5):
        assert f"Seed {seed}: " in page
        assert f'href="seed-{seed}/index.html"' in page
        assert f"deep, seed {seed}" in page  # whose checks these are
    assert "3, 5, of every random choice" in page


@pytest.mark.parametrize("flag", ["--seeds=1", "--seeds=1,1", "--seeds=-1,2"])
def test_none_that_are_several(refusal, given, flag):
    assert "`seeds` must be" in refusal(*given, flag)


def test_beside_a_seed(refusal, given):
    message = refusal(*given, "--seeds=1,2", "--seed=3")
    assert "`seeds` must be given without --seed" in message
