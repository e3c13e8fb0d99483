"""A transfer matrix made by hand, and an attack that costs nothing."""

import math

import numpy as np
import pytest

from advkeras.attacks import AttackResult


def rate(count, n=12):
    """A rate as results.json has it, with Wilson's interval."""
    if not n:
        return {"count": 0, "n": 0, "value": None, "interval": None}
    p, z = count / n, 1.959964
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    ends = [(centre + sign * half) / (1 + z * z / n) for sign in (-1, 1)]
    return {"count": count, "n": n, "value": p, "interval": ends}


def row(name, kind, source, distortion, a, b):
    """A row of errors: `a` of 12 images on A, `b` on B's."""
    error = {"A": rate(a), "B": rate(b)}
    return {
        "name": name,
        "kind": kind,
        "source": source,
        "distortion": distortion,
        "error": error,
        "transfer": error if source else {},
    }


def success(of_all, of_correct, robust, clean, mean):
    """What an attack did on one source."""
    return {
        "clean_error": clean,
        "of_all": of_all,
        "of_correct": of_correct,
        "robust_accuracy": robust,
        "mean_distortion": mean,
        "mean_l2": mean and 28 * mean,
        "mean_linf": mean and 0.5,
    }


@pytest.fixture
def matrix():
    """Two models, A and B, and 12 images."""
    return {
        "attack": "Fake(epsilon=0.1)",
        "targets": ["A", "B"],
        "n": 12,
        "clean_error": {"A": rate(0), "B": rate(1)},
        "success": {
            "A": success(rate(11), rate(11), rate(1), rate(0), 0.0512),
            "B": success(rate(12), rate(11, 11), rate(0), rate(1), 0.0621),
        },
        "rows": [
            row("A", "attack", "A", 0.0498, 11, 4),
            row("B", "attack", "B", 0.0621, 3, 12),
            row("A, amplified to 0.1", "amplified", "A", 0.0987, 12, 9),
            row("B, amplified to 0.1", "amplified", "B", 0.0991, 8, 12),
            row("Gaussian noise 0.07", "noise", None, 0.07, 0, 2),
            row("Gaussian noise 0.1", "noise", None, 0.1, 5, 6),
        ],
    }


class FakeAttack:
    """Adds 1 to each pixel, and notes what it was asked to attack."""

    def __init__(self):
        self.calls = []

    def __repr__(self):
        return "FakeAttack()"

    def __call__(
        self, classifier, images, labels, targets=None, batch_size=None, seed=0
    ):
        self.calls.append((images, labels, seed))
        n = len(images)
        return AttackResult(
            originals=images,
            images=images + np.float32(1),
            labels=labels,
            targets=targets,
            clean_predictions=labels,
            predictions=labels + 1,
            success=np.arange(n) % 3 > 0,
            bounds=getattr(classifier, "bounds", (0.0, 1e4)),
            c=np.arange(n, dtype=float),
        )


@pytest.fixture
def fake_attack():
    return FakeAttack()
