"""Attacks by name, for flags."""

import dataclasses
from typing import Any

from advkeras import checks
from advkeras.attacks.apgd import APGD
from advkeras.attacks.attack import Attack
from advkeras.attacks.ensemble import Ensemble
from advkeras.attacks.evasive import Evasive
from advkeras.attacks.fgsm import FGSM
from advkeras.attacks.lbfgs import LBFGS
from advkeras.attacks.noise import Noise
from advkeras.attacks.pgd import PGD
from advkeras.attacks.square import Square

# An attack is added by its file and a line here.
_ATTACKS: dict[str, type[Attack]] = {
    "apgd": APGD,
    "ensemble": Ensemble,
    "evasive": Evasive,
    "fgsm": FGSM,
    "lbfgs": LBFGS,
    "noise": Noise,
    "pgd": PGD,
    "square": Square,
}


def names() -> tuple[str, ...]:
    """Returns all names that `build` knows, sorted."""
    return tuple(sorted(_ATTACKS))


def hyper_parameters(name: str) -> tuple[str, ...]:
    """Returns the hyper-parameters of an attack, as `build` takes them.

    Raises:
        ValueError: No attack has this name.
    """
    checks.check_choice("attack", name, names())
    return tuple(field.name for field in dataclasses.fields(_ATTACKS[name]))


def build(name: str, **options: Any) -> Attack:
    """Builds an attack by its name.

    Args:
        name: One of `names()`.
        **options: Hyper-parameters; those that this attack does not have are
            left out, so that one set of flags can serve several attacks.

    Raises:
        ValueError: No attack has this name, or an option is out of range.
    """
    own = hyper_parameters(name)
    return _ATTACKS[name](**{k: v for k, v in options.items() if k in own})
