"""What was done, in words: as the settings have it, each once."""

import pytest

import advkeras as ak
from advkeras.report.page.facts import facts

FGSM = {f"fgsm@{e}": repr(ak.attacks.FGSM(e)) for e in (0.02, 0.1)}


@pytest.mark.parametrize("nested", [False, True])
def test_several_budgets_are_one_line_and_all_named(nested):
    """Of the page of `evaluate`, and of the quick start, which has more."""
    own = {
        "robustness": {"shares": [0.02, 0.1]},
        "epsilons": [0.02, 0.1],
    }
    attacks = {**FGSM, "lbfgs": repr(ak.attacks.LBFGS())}
    results = {"attacks": attacks, **({"evaluation": own} if nested else own)}
    said = facts(results)
    assert "FGSM(epsilon=..., norm='linf'" in said["Attacks"]
    assert said["Attacks"].count("FGSM(") == 1
    assert repr(ak.attacks.LBFGS()) in said["Attacks"]
    assert said["Epsilon"].startswith("0.02 of the pixel range (0.02 in the")
    assert "0.1 of the pixel range" in said["Epsilon"]


@pytest.mark.parametrize("epsilon", [0.1, (0.1, 0.2, 0.3)])
def test_one_budget_is_said_with_the_attack(epsilon):
    attack = ak.attacks.PGD(epsilon)
    said = facts({"attacks": {"pgd": repr(attack)}})
    assert repr(attack) in said["Attacks"]
    assert "Epsilon" not in said


def test_a_budget_a_channel():
    given = {f"pgd@{i}": repr(ak.attacks.PGD((i, 0.2))) for i in (0.1, 0.3)}
    said = facts({"attacks": given})["Attacks"]
    assert "PGD(epsilon=..., " in said and "0.2" not in said.split(", steps")[0]
