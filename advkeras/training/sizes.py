"""What of an attack is read in every step of training, and what is traced."""

import dataclasses
import inspect
from typing import Any

import tensorflow as tf

from advkeras.attacks import Attack
from advkeras.classifier import Classifier


def check_attack(attack: Any) -> None:
    """Raises ValueError unless it is an attack."""
    if not isinstance(attack, Attack):
        raise ValueError(
            f"`attack` must be an Attack. Received: attack={attack!r}"
        )


def sizes_of(attack: Attack, classifier: Classifier) -> tuple[Any, ...]:
    """Returns the attack's sizes, where its own `on_tensors` takes them."""
    takes = inspect.signature(attack.on_tensors).parameters
    return attack.sizes(classifier) if "sizes" in takes else ()


def kind_of(attack: Attack, sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns what a step is traced for: the attack but for its sizes."""
    return (
        type(attack),
        *(tuple(getattr(size, "shape", ())) for size in sizes),
        *(
            getattr(attack, field.name)
            for field in dataclasses.fields(attack)
            if field.name not in ("epsilon", "step_size")
        ),
    )


def examples_of(
    attack: Attack,
    sizes: tuple[tf.Variable, ...],
    classifier: Classifier,
    images: Any,
    labels: Any,
    seed: Any,
) -> tf.Tensor:
    """Returns the attack's examples, made by these sizes if there are any."""
    if not sizes:
        return attack.on_tensors(classifier, images, labels, seed)
    now = tuple(tf.identity(size) for size in sizes)
    return attack.on_tensors(classifier, images, labels, seed, sizes=now)
