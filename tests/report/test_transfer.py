"""A run's report: the matrices of the evaluation, and what was said."""

import io

import numpy as np
import pytest
import rich.console

import advkeras as ak
from advkeras import tables
from advkeras.datasets.shards import of_arrays

ATTACKS = {
    "weak": ak.attacks.FGSM(epsilon=0.01),
    "strong": ak.attacks.FGSM(epsilon=0.25),
}


@pytest.fixture(scope="module")
def sample(test_digits):
    return test_digits.sample(12, seed=0)


@pytest.fixture(scope="module")
def make(classifiers, sample):
    """Makes the report of some attacks on two models."""

    def make(output, attacks, **options):
        return ak.report.transfer_report(
            ak.report.Run(output, {}),
            classifiers,
            attacks,
            *sample,
            **options,
        )

    return make


@pytest.fixture(scope="module")
def made(make, tmp_path_factory):
    """A run's folder and what was reported of it."""
    output = tmp_path_factory.mktemp("run")
    return output, make(output, ATTACKS, amplified=0.2, seed=3)


def test_the_matrices_are_the_evaluation_s(made, classifiers, sample):
    _, report = made
    assert list(report["matrices"]) == ["weak", "strong"]
    for name, attack in ATTACKS.items():
        expected = ak.evaluation.transfer_matrix(
            classifiers, attack, *sample, amplified=0.2, seed=3
        )
        assert report["matrices"][name] == expected.to_json()
    assert report["matrices"]["weak"] != report["matrices"]["strong"]


def test_examples_are_the_attack_s(made, classifiers, sample):
    output, _ = made
    for name, attack in ATTACKS.items():
        for model, classifier in classifiers.items():
            stored = ak.attacks.AttackResult.load(
                output / "examples" / f"{name}-{model}"
            )
            fresh = attack(classifier, *sample)
            np.testing.assert_array_equal(stored.images, fresh.images)
            np.testing.assert_array_equal(stored.success, fresh.success)


def test_shards_add_up_to_the_whole(classifiers, tmp_path):
    images, labels = ak.datasets.load("mnist5k", "test").sample(600, seed=1)
    fgsm = ATTACKS["strong"]
    run = ak.report.Run(tmp_path, {}, progress=False)
    report = ak.report.transfer_report(
        run, classifiers, {"fgsm": fgsm}, of_arrays(images, labels)
    )
    matrix = ak.evaluation.transfer_matrix(classifiers, fgsm, images, labels)
    assert report["matrices"]["fgsm"] == matrix.to_json()
    assert len(list(tmp_path.rglob("*.npz"))) == 3 * 2 * len(classifiers)
    # Of many images the first are looked at.
    assert len(run.answers["clean"]["deep"]["labels"]) == 512


def test_each_model_is_asked_of_each_set(make, sample, classifiers, tmp_path):
    run = ak.report.Run(tmp_path, {})
    ak.report.transfer_report(run, classifiers, ATTACKS, *sample)
    assert set(run.answers) == {
        "clean",
        *(f"{name}-{model}" for name in ATTACKS for model in classifiers),
    }
    for name, said in run.answers.items():
        assert list(said) == list(classifiers)
        images = sample[0]
        if name != "clean":
            path = tmp_path / "examples" / name
            images = ak.attacks.AttackResult.load(path).images
        for who, answers in said.items():
            labels = classifiers[who].predict(images).tolist()
            assert answers["labels"] == labels
            assert [top[0] for top in answers["top"]] == labels


def test_called_again_it_attacks_nothing(make, fake_attack, tmp_path):
    first = make(tmp_path, {"fake": fake_attack})
    assert len(fake_attack.calls) == 2  # one a model
    assert make(tmp_path, {"fake": fake_attack}) == first
    assert len(fake_attack.calls) == 2


def test_its_examples_are_used_by_what_follows(
    classifiers, sample, fake_attack, tmp_path
):
    run = ak.report.Run(tmp_path, {}, progress=False)
    ak.report.transfer_report(run, classifiers, {"fake": fake_attack}, *sample)
    calls = len(fake_attack.calls)
    for name, model in classifiers.items():
        found = run.attack(f"fake-{name}", fake_attack, model, *sample)
        assert len(found) == 12
    assert len(fake_attack.calls) == calls
    with pytest.raises(ValueError, match="of other data, images"):
        few = (part[:3] for part in sample)
        run.attack("fake-deep", fake_attack, classifiers["deep"], *few)


@pytest.mark.slow
def test_without_amplified_rows(make, tmp_path):
    report = make(tmp_path, {"weak": ATTACKS["weak"]}, amplified=None)
    kinds = {row["kind"] for row in report["matrices"]["weak"]["rows"]}
    assert kinds == {"attack", "noise"}


def lines(matrix, i):
    """Returns the cells of each line of the i-th table."""
    grid = ak.report.transfer_tables(matrix)[i]
    return [list(grid.header), *(list(row) for row in grid.rows)]


def test_tables_of_three_models_fit_a_terminal(matrix):
    for name in ("A", "B"):
        matrix["success"][f"{name}-prime"] = matrix["success"].pop(name)
    matrix["targets"] = ["A", "B", "A"]
    for i, grid in enumerate(ak.report.transfer_tables(matrix)):
        console = rich.console.Console(
            file=io.StringIO(), width=80, force_terminal=True, color_system=None
        )
        tables.show([grid], console)
        text = console.file.getvalue()
        assert max(map(len, text.splitlines())) <= 80
        # Cells are whole: rich would break them, or end them with dots.
        for rate in matrix["clean_error"].values():
            assert i == 0 or tables.cell(rate) in text
        assert "…" not in text


def test_every_error_stands_in_its_row_and_column(matrix):
    header, clean, *rows = lines(matrix, 1)
    assert header == ["images made for", "distortion", "on A", "on B"]
    errors = matrix["clean_error"]
    assert clean[1:] == ["0", *(tables.cell(errors[t]) for t in "AB")]
    assert clean[2].startswith("0.0 ")
    assert clean[3].startswith("8.3 ")  # 1 of 12
    assert len(rows) == len(matrix["rows"])
    for shown, row in zip(rows, matrix["rows"], strict=True):
        assert shown == [
            row["name"],
            f"{row['distortion']:.4f}",
            tables.cell(row["error"]["A"]),
            tables.cell(row["error"]["B"]),
        ]


def test_columns_follow_the_order_of_the_targets(matrix):
    matrix["targets"] = ["B", "A"]
    header, _, first, *_ = lines(matrix, 1)
    assert header[2:] == ["on B", "on A"]
    # Of 12 examples made for A, A misses 11 and B 4.
    assert first[2].startswith("33.3 ")
    assert first[3].startswith("91.7 ")


def test_success_by_both_denominators(matrix):
    _, first, second = lines(matrix, 0)
    assert first[0] == "A"
    assert [cell.split()[0] for cell in first[1:4]] == ["91.7", "91.7", "8.3"]
    assert first[4:] == ["0.0512", "1.4336", "0.5000"]  # 28 * 0.0512
    # Of all 12 on B, and of the 11 that it had right, all were fooled.
    assert [cell.split()[0] for cell in second[1:4]] == [
        "100.0",
        "100.0",
        "0.0",
    ]
    assert second[1] != second[2]  # the intervals are of 12 and of 11


def test_an_attack_that_never_succeeds(matrix):
    rates = matrix["success"]["A"]
    nothing = ak.evaluation.Rate(0, 0).to_json()
    rates.update(
        of_correct=nothing,
        mean_distortion=None,
        mean_l2=None,
        mean_linf=None,
    )
    _, first, _ = lines(matrix, 0)
    assert first[2] == "-"
    assert first[4:] == ["-", "-", "-"]
