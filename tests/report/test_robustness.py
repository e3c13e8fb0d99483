"""Robust accuracy as a report: figures, tables and sentences that agree."""

import pytest

import advkeras as ak

ATTACKS = {
    "fgsm@0.05": ak.attacks.FGSM(epsilon=0.05),
    "fgsm@0.1": ak.attacks.FGSM(epsilon=0.1),
    "pgd@0.1": ak.attacks.PGD(epsilon=0.1, steps=5),
    "lbfgs": ak.attacks.LBFGS(),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, test_digits):
    folder = tmp_path_factory.mktemp("robustness")
    images, labels = test_digits.sample(20, seed=1)
    found = ak.report.robustness_report(
        ak.report.Run(folder, {}),
        "net",
        classifiers["linear"],
        ATTACKS,
        images,
        labels,
    )
    return folder, found


def test_what_is_measured(made):
    folder, found = made
    whole = ak.evaluation.Robustness.from_json(found["robustness"])
    assert whole.shares == (0.05, 0.1)
    assert list(whole.attacks) == ["fgsm", "pgd"]
    assert whole.attacks["pgd"][0] is None
    for key, share in (("fgsm@0.05", 0), ("fgsm@0.1", 1), ("pgd@0.1", 1)):
        saved = ak.attacks.AttackResult.load(folder / "examples" / f"{key}-net")
        rates = ak.evaluation.success_rates(saved)
        assert whole.attacks[key[: key.index("@")]][share] == (
            rates.robust_accuracy
        )
    assert found["epsilons"] == pytest.approx([0.05, 0.1])
    smallest = found["smallest"]["lbfgs"]
    assert smallest["success"]["value"] == 1.0
    quarter, half, three = smallest["distortion"]
    assert 0 < quarter <= half <= three < 0.2
    assert found["attacks"] == {k: repr(v) for k, v in ATTACKS.items()}
    for name in found["pictured"]:
        assert (folder / "examples" / f"{name}").is_dir()
    counts = found["histogram"]["counts"]["lbfgs"]
    assert sum(counts) == smallest["success"]["count"]


def test_tables_and_sentences_show_these_figures(made):
    _, found = made
    whole = ak.evaluation.Robustness.from_json(found["robustness"])
    curve, smallest = ak.report.robustness_tables(found)
    assert curve.header == (
        *("of the range", "epsilon", "fgsm", "pgd", "all together"),
    )
    assert [row[0] for row in curve.rows] == ["0", "0.05", "0.1"]
    assert curve.rows[1][3] == "-"
    for row, rate in zip(
        curve.rows, (whole.clean, *whole.together), strict=True
    ):
        assert row[-1].startswith(f"{100 * rate.value:.1f} (")
    assert smallest.rows[0][0] == "lbfgs"
    said = ak.report.robustness_in_words("net", found)
    assert f"{100 * whole.clean.value:.1f} %" in said[0]
    last = f"{100 * whole.together[-1].value:.1f} %"
    assert "under fgsm, pgd and lbfgs." in said[0]
    assert any(last in line for line in said)
    assert any("median distortion" in line for line in said)


def test_a_model_that_withstands_is_said_to(made):
    _, found = made
    whole = found["robustness"]
    still = whole | {
        "together": [whole["clean"]] * 2,
        "smallest": [None] * whole["clean"]["n"],
    }
    never = found["smallest"]["lbfgs"] | {
        "distortion": [None] * 3,
        "l2": None,
        "linf": None,
    }
    shown = found | {"robustness": still, "smallest": {"lbfgs": never}}
    said = ak.report.robustness_in_words("net", shown)
    assert any("withstood all" in line for line in said)
    assert ak.report.robustness_tables(shown)[1].rows[0][2:] == ("-",) * 5


def test_grey_levels_are_written_as_such(made):
    _, found = made
    for shares, said in (
        ((8 / 255, 0.1), ["8/255", "0.1"]),
        ((0.2, 0.123456), ["0.2", "0.123"]),  # 0.2 is 51/255, too
    ):
        whole = found["robustness"] | {"shares": list(shares)}
        grid = ak.report.robustness_tables(found | {"robustness": whole})[0]
        assert [row[0] for row in grid.rows] == ["0", *said]


def test_an_attack_without_a_budget_alone_is_refused(
    tmp_path, classifiers, test_digits
):
    with pytest.raises(ValueError, match=r"`attacks` must hold .*lbfgs"):
        ak.report.robustness_report(
            ak.report.Run(tmp_path, {}),
            "net",
            classifiers["linear"],
            {"lbfgs": ak.attacks.LBFGS()},
            *test_digits.sample(2, seed=1),
        )
    assert not (tmp_path / "examples").exists()
