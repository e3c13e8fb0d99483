"""Attacks: frozen dataclasses of hyper-parameters that can be called."""

from advkeras.attacks.attack import Attack
from advkeras.attacks.fgsm import FGSM
from advkeras.attacks.lbfgs import LBFGS
from advkeras.attacks.result import AttackResult

# What `--attack` may name: an attack is added by its file and a line here.
REGISTRY: dict[str, type[Attack]] = {"fgsm": FGSM, "lbfgs": LBFGS}

__all__ = ["FGSM", "LBFGS", "REGISTRY", "Attack", "AttackResult"]
