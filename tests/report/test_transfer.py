"""A run's report: the matrices of the evaluation, and pictures of them."""

import matplotlib.image
import numpy as np
import pytest

import advkeras as ak


@pytest.fixture
def sample(test_digits):
    return test_digits.sample(12, seed=0)


@pytest.fixture
def report(tmp_path, classifiers, sample, test_digits):
    """Makes the report of two attacks on two models."""

    def report(attacks, **options):
        return ak.report.transfer_report(
            ak.report.Run(tmp_path, {}),
            classifiers,
            attacks,
            *sample,
            test_digits.class_names,
            **options,
        )

    return report


ATTACKS = {
    "weak": ak.attacks.FGSM(epsilon=0.01),
    "strong": ak.attacks.FGSM(epsilon=0.25),
}


def test_the_matrices_are_the_evaluation_s(report, classifiers, sample):
    found = report(ATTACKS, amplified=0.2, seed=3)
    assert list(found["matrices"]) == ["weak", "strong"]
    for name, attack in ATTACKS.items():
        expected = ak.evaluation.transfer_matrix(
            classifiers, attack, *sample, amplified=0.2, seed=3
        )
        assert found["matrices"][name] == expected.to_json()
    assert found["matrices"]["weak"] != found["matrices"]["strong"]


def test_examples_are_the_attack_s(report, tmp_path, classifiers, sample):
    report(ATTACKS)
    for name, attack in ATTACKS.items():
        for model, classifier in classifiers.items():
            stored = ak.attacks.AttackResult.load(
                tmp_path / "examples" / f"{name}-{model}.npz"
            )
            fresh = attack(classifier, *sample)
            np.testing.assert_array_equal(stored.images, fresh.images)
            np.testing.assert_array_equal(stored.success, fresh.success)


def test_every_figure_is_there(report, tmp_path):
    figures = report(ATTACKS)["figures"]
    assert figures == {
        name: [f"{name}-transfer.png", f"{name}-linear.png", f"{name}-deep.png"]
        for name in ATTACKS
    }
    for paths in figures.values():
        for path in paths:
            assert matplotlib.image.imread(tmp_path / path).std() > 0.02


def test_called_again_it_attacks_nothing(report, fake_attack):
    first = report({"fake": fake_attack})
    assert len(fake_attack.calls) == 2  # one a model
    assert report({"fake": fake_attack}) == first
    assert len(fake_attack.calls) == 2


def test_without_amplified_rows(report):
    found = report({"weak": ATTACKS["weak"]}, amplified=None)
    kinds = {row["kind"] for row in found["matrices"]["weak"]["rows"]}
    assert kinds == {"attack", "noise"}
