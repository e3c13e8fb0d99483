"""Attacks: frozen dataclasses of hyper-parameters that can be called."""

from advkeras.attacks.attack import Attack
from advkeras.attacks.fgsm import FGSM
from advkeras.attacks.lbfgs import LBFGS
from advkeras.attacks.registry import build
from advkeras.attacks.registry import names
from advkeras.attacks.result import AttackResult

__all__ = ["FGSM", "LBFGS", "Attack", "AttackResult", "build", "names"]
