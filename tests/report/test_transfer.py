"""A run's report: the matrices of the evaluation, and pictures of them."""

import matplotlib.image
import numpy as np
import pytest

import advkeras as ak

ATTACKS = {
    "weak": ak.attacks.FGSM(epsilon=0.01),
    "strong": ak.attacks.FGSM(epsilon=0.25),
}


@pytest.fixture(scope="module")
def sample(test_digits):
    return test_digits.sample(12, seed=0)


@pytest.fixture(scope="module")
def make(classifiers, sample, test_digits):
    """Makes the report of some attacks on two models."""

    def make(output, attacks, **options):
        return ak.report.transfer_report(
            ak.report.Run(output, {}),
            classifiers,
            attacks,
            *sample,
            test_digits.class_names,
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
                output / "examples" / f"{name}-{model}.npz"
            )
            fresh = attack(classifier, *sample)
            np.testing.assert_array_equal(stored.images, fresh.images)
            np.testing.assert_array_equal(stored.success, fresh.success)


def test_every_figure_is_there(made):
    output, report = made
    assert report["figures"] == {
        name: [f"{name}-transfer.png", f"{name}-linear.png", f"{name}-deep.png"]
        for name in ATTACKS
    }
    for paths in report["figures"].values():
        for path in paths:
            assert matplotlib.image.imread(output / path).std() > 0.02


def test_called_again_it_attacks_nothing(make, fake_attack, tmp_path):
    first = make(tmp_path, {"fake": fake_attack})
    assert len(fake_attack.calls) == 2  # one a model
    assert make(tmp_path, {"fake": fake_attack}) == first
    assert len(fake_attack.calls) == 2


@pytest.mark.slow
def test_without_amplified_rows(make, tmp_path):
    report = make(tmp_path, {"weak": ATTACKS["weak"]}, amplified=None)
    kinds = {row["kind"] for row in report["matrices"]["weak"]["rows"]}
    assert kinds == {"attack", "noise"}
