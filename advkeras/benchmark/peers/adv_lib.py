"""Adversarial Library's attacks that look for the smallest change.

At its own defaults, but for what has none that would do for any model: see
below.
"""

import functools
import math
from typing import Any

import numpy as np

from advkeras.benchmark.peers.peer import Peer
from advkeras.benchmark.peers.peer import Run
from advkeras.classifier import Classifier

# As many as Foolbox's and our own; its default of 10 is a tenth of that.
_FMN = {"steps": 100}
# How far the first step goes; the default leaves it to the gradient's length.
_ALMA = {"init_lr_distance": 0.1}
# Each step keeps within a radius: the default stays at 0.001, and its 100
# steps end before the boundary.
_TR = {"adaptive": True}
# The search for epsilon begins with that of the whole pixel range.
_APGD = {"norm": math.inf, "max_eps": 0.5}

# Name -> (module, function, what it is told, the norm that is to be small).
_ATTACKS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "DeepFool": ("deepfool", "df", {}, "l2"),
    "SuperDeepFool": ("superdeepfool", "sdf", {}, "l2"),
    "DDN": ("decoupled_direction_norm", "ddn", {}, "l2"),
    "FMN": ("fast_minimum_norm", "fmn", {"norm": 2, **_FMN}, "l2"),
    "ALMA": ("augmented_lagrangian", "alma", _ALMA, "l2"),
    "FAB": ("fast_adaptive_boundary", "fab", {"norm": 2}, "l2"),
    "TR": ("trust_region", "tr", {"p": 2, **_TR}, "l2"),
    "DeepFool linf": ("deepfool", "df", {"norm": math.inf}, "linf"),
    "FMN linf": (
        *("fast_minimum_norm", "fmn"),
        *({"norm": math.inf, **_FMN}, "linf"),
    ),
    "FAB linf": (
        *("fast_adaptive_boundary", "fab"),
        *({"norm": math.inf}, "linf"),
    ),
    "TR linf": ("trust_region", "tr", {"p": math.inf, **_TR}, "linf"),
    "APGD linf": ("auto_pgd", "minimal_apgd", _APGD, "linf"),
    "FMN l1": ("fast_minimum_norm", "fmn", {"norm": 1, **_FMN}, "l1"),
    "FAB l1": ("fast_adaptive_boundary", "fab", {"norm": 1}, "l1"),
    "FMN l0": ("fast_minimum_norm", "fmn", {"norm": 0, **_FMN}, "l0"),
    "sigma-zero": ("sigma_zero", "sigma_zero", {}, "l0"),
}


def _prepare(
    module: str,
    function: str,
    options: dict[str, Any],
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
) -> Run:
    import importlib

    from advkeras.benchmark.peers import counted
    from advkeras.benchmark.peers import shims

    with shims.no_torchvision():
        attacks = importlib.import_module(f"adv_lib.attacks.{module}")
    attack = functools.partial(getattr(attacks, function), **options)
    return counted.attacking(attack, classifier, images, labels)


# With the norm that is to be small.
SMALLEST = {
    Peer(
        f"adv-lib {name}",
        "adv-lib",
        ">=0.2.8,<0.3",
        functools.partial(_prepare, module, function, options),
        (("torch", ""),),
        extra="benchmark-torch",
    ): norm
    for name, (module, function, options, norm) in _ATTACKS.items()
}
