"""Attacks: frozen dataclasses of hyper-parameters that can be called."""

from advkeras.attacks.apgd import APGD
from advkeras.attacks.attack import Attack
from advkeras.attacks.attack import fooled
from advkeras.attacks.carlini_wagner import CarliniWagner
from advkeras.attacks.ddn import DDN
from advkeras.attacks.deepfool import DeepFool
from advkeras.attacks.ensemble import Ensemble
from advkeras.attacks.evasive import Evasive
from advkeras.attacks.fgsm import FGSM
from advkeras.attacks.fmn import FMN
from advkeras.attacks.hopskipjump import HopSkipJump
from advkeras.attacks.lbfgs import LBFGS
from advkeras.attacks.noise import Noise
from advkeras.attacks.pgd import PGD
from advkeras.attacks.registry import build
from advkeras.attacks.registry import chosen
from advkeras.attacks.registry import hyper_parameters
from advkeras.attacks.registry import names
from advkeras.attacks.result import AttackResult
from advkeras.attacks.result import check_result
from advkeras.attacks.square import Square

__all__ = [
    "APGD",
    "DDN",
    "FGSM",
    "FMN",
    "LBFGS",
    "PGD",
    "Attack",
    "AttackResult",
    "CarliniWagner",
    "DeepFool",
    "Ensemble",
    "Evasive",
    "HopSkipJump",
    "Noise",
    "Square",
    "build",
    "check_result",
    "chosen",
    "fooled",
    "hyper_parameters",
    "names",
]
