"""apps.benchmark: tables of what was measured, and the same as JSON."""

import json

import pytest

import advkeras as ak
from advkeras.benchmark import peers


@pytest.fixture
def arguments(model_files, tmp_path):
    """A run of one trained net and 4 digits."""
    return [
        "--suite=fgsm",
        f"--model={model_files['linear']}",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=4",
        "--slow_examples=2",
        "--repeats=1",
        f"--output={tmp_path / 'run'}",
    ]


def results(folder):
    return json.loads((folder / "run" / "results.json").read_text())


@pytest.mark.slow
def test_the_whole_way(start_app, arguments, tmp_path):
    ended = start_app("benchmark", *arguments, "--suite=fgsm,edge")
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    found = results(tmp_path)
    assert found["command"].startswith("python -m apps.benchmark --suite=")
    assert found["machine"]["cpus"] >= 1
    assert found["machine"]["processor"]
    assert found["versions"]["ai-edge-litert"]
    assert found["settings"]["seed"] == 0
    tables = found["tables"]
    assert [table["suite"] for table in tables] == ["fgsm", "edge"]
    assert [table["model"] for table in tables] == ["linear"] * 2

    page = (tmp_path / "run" / "index.html").read_text()
    assert "fgsm on linear" in page and "edge on linear" in page
    # What the tables show is what results.json holds.
    markdown = (tmp_path / "run" / "benchmark.md").read_text()
    for table in tables:
        for grid in ak.report.benchmark_tables(table):
            assert grid.markdown().strip() in markdown
            for row in grid.rows:
                (line,) = [
                    line
                    for line in ended.out.splitlines()
                    if line.strip().startswith(row[0] + " ")
                ]
                for text in row:
                    assert text in line
        for line in ak.report.benchmark_lines(table):
            assert line in ended.out
            assert line in markdown
    for peer in peers.FGSM_PEERS:
        reason = peer.missing()
        if reason:
            assert f"{peer.name}: skipped: {reason}" in ended.out


@pytest.fixture
def measured(monkeypatch):
    """Counts the suites, which then measure nothing."""
    calls = []

    def suite(name):
        def measure(classifier, data, options):
            calls.append((name, classifier.model.name))
            return [ak.benchmark.Row("ours", "1", 4, 1, 0.5e-3, 1.0, 1.0)]

        return measure

    names = list(ak.benchmark.SUITES)
    for name in names:
        monkeypatch.setitem(ak.benchmark.SUITES, name, suite(name))
    return calls


def test_every_suite_on_every_model(
    run_app, arguments, model_files, tmp_path, measured
):
    both = f"--model={model_files['linear']},{model_files['deep']}"
    ended = run_app("benchmark", *arguments, both, "--suite=scale,lbfgs,scale")
    assert (ended.code or 0) == 0
    nets = ("fc10", "fc100-100-10")
    expected = [(suite, net) for suite in ("scale", "lbfgs") for net in nets]
    assert measured == expected
    tables = results(tmp_path)["tables"]
    assert [(table["suite"], table["model"]) for table in tables] == [
        (suite, name)
        for suite in ("scale", "lbfgs")
        for name in ("linear", "deep")
    ]
    for table in tables:
        assert f"{table['suite']} on {table['model']}" in ended.out


def test_interrupted_it_goes_on_and_complete_it_measures_again(
    run_app, arguments, monkeypatch, measured
):
    arguments.append("--suite=fgsm,scale")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(ak.benchmark.SUITES, "scale", interrupted)
        assert run_app("benchmark", *arguments).code == 130
    assert [suite for suite, _ in measured] == ["fgsm"]
    run_app("benchmark", *arguments)
    assert [suite for suite, _ in measured] == ["fgsm", "scale"]
    run_app("benchmark", *arguments)
    assert [suite for suite, _ in measured] == ["fgsm", "scale"] * 2


def test_other_peers_need_another_output(
    run_app, refusal, arguments, monkeypatch, measured
):
    monkeypatch.setattr(ak.benchmark, "peers_here", lambda: {"Foolbox 2": "2"})
    run_app("benchmark", *arguments)
    monkeypatch.setattr(ak.benchmark, "peers_here", lambda: {"Foolbox 3": "3"})
    message = refusal("benchmark", *arguments)
    assert "`output` must be new" in message
    assert "peers: {'Foolbox 2': '2'} there, {'Foolbox 3': '3'} here" in message


def test_what_other_versions_left_is_measured_again(
    run_app, arguments, monkeypatch, measured
):
    arguments.append("--suite=fgsm,scale")

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(ak.benchmark.SUITES, "scale", interrupted)
        run_app("benchmark", *arguments)
    monkeypatch.setattr(ak.benchmark, "versions", lambda: {"keras": "4.0.0"})
    run_app("benchmark", *arguments)
    assert [suite for suite, _ in measured] == ["fgsm", "fgsm", "scale"]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (
            "--suite=nosuch",
            "`suite` must be one of: budget, edge, fgsm, growth, ",
        ),
        ("--suite=fgsm,nosuch", "suite='nosuch'"),
        ("--suite=", "suite=''"),
        ("--model=", "`model` must not be empty"),
        ("--model=nosuch", "one of saved_models"),
        ("--model=conv-cifar10", "`dataset` must fit the model"),
        ("--dataset=nosuch", "`dataset` must be 'mnist5k' or"),
        ("--split=nosuch", "`split` must be of train, test"),
        ("--bounds=1,0", "`bounds` must be two finite numbers"),
        ("--epsilon=0", "`epsilon` must be a share"),
        ("--sizes=ten", "`sizes` must be numbers"),
        ("--sizes=100,10", "`sizes` must be whole numbers, ascending"),
        ("--sizes=", "`sizes` must be whole numbers, ascending"),
    ],
)
def test_bad_input(refusal, arguments, measured, flag, said):
    assert said in refusal("benchmark", *arguments, flag)
    assert not measured


def test_output_is_a_file(refusal, arguments, tmp_path, measured):
    (tmp_path / "file").write_text("")
    message = refusal("benchmark", *arguments, f"--output={tmp_path / 'file'}")
    assert "`output` must be a place that can be written" in message
    assert not measured
