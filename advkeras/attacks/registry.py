"""Attacks by name, for flags."""

import ast
import dataclasses
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from advkeras import checks
from advkeras.attacks.apgd import APGD
from advkeras.attacks.attack import Attack
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
from advkeras.attacks.square import Square

# An attack is added by its file and a line here.
_ATTACKS: dict[str, type[Attack]] = {
    "carlini_wagner": CarliniWagner,
    "ddn": DDN,
    "deepfool": DeepFool,
    "apgd": APGD,
    "ensemble": Ensemble,
    "evasive": Evasive,
    "fgsm": FGSM,
    "fmn": FMN,
    "hopskipjump": HopSkipJump,
    "lbfgs": LBFGS,
    "noise": Noise,
    "pgd": PGD,
    "square": Square,
}


# Hyper-parameters that no option gives: apps have them from elsewhere.
_OF_FLAGS = ("epsilon", "reference", "starts")


class Choice(NamedTuple):
    """An attack that a flag chooses.

    Attributes:
        name: One of `names()`.
        options: Hyper-parameters that are given with it.
    """

    name: str
    options: dict[str, Any]

    @property
    def label(self) -> str:
        """The name, with its options in parentheses."""
        if not self.options:
            return self.name
        given = ",".join(f"{k}={v}" for k, v in self.options.items())
        return f"{self.name}({given})"


def chosen(
    parts: Sequence[str], known: Sequence[str] | None = None
) -> list[Choice]:
    """Returns the attacks of a flag such as "fgsm,apgd:steps=50,loss=dlr".

    Args:
        parts: What is between its commas. `NAME` or `NAME:KEY=VALUE` begins an
            attack, `KEY=VALUE` belongs to the one before it.
        known: Names to choose from; None for all.

    Raises:
        ValueError: A part is none of these, or an attack has no such
            hyper-parameter, or not with this value.
    """
    found: list[Choice] = []
    for part in parts:
        name, colon, option = part.partition(":")
        if "=" in name:
            name, option = "", part
        if name:
            checks.check_choice("attack", name, known or names())
            found.append(Choice(name, {}))
        key, equals, value = option.partition("=")
        if not name or colon:
            if not found or not equals:
                raise ValueError(
                    "`attack` must be names with options behind, as in "
                    "fgsm,pgd:steps=40,restarts=2. "
                    f"Received: {part!r} in attack={','.join(parts)!r}"
                )
            _add(found[-1], key.strip(), value.strip())
    for choice in found:
        _check(choice)
    return found


def _add(choice: Choice, key: str, value: str) -> None:
    known = [k for k in hyper_parameters(choice.name) if k not in _OF_FLAGS]
    if key not in known or key in choice.options:
        again = "" if key not in known else ", twice"
        raise ValueError(
            f"`attack` must give {choice.name} some of its own options: "
            f"{', '.join(known)}. Received: {key}={value}{again}"
        )
    try:
        choice.options[key] = ast.literal_eval(value)
    except (ValueError, SyntaxError):  # a word
        choice.options[key] = value


def _check(choice: Choice) -> None:
    own = hyper_parameters(choice.name)
    if "reference" in own:  # a model that is not there yet
        return
    try:
        build(choice.name, **{"epsilon": 1.0, **choice.options})
    except ValueError as error:
        raise ValueError(f"attack {choice.label}: {error}") from None


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
