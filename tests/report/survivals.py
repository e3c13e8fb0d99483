"""Survival of known figures, made by hand."""

from advkeras.edge import Row
from advkeras.edge import Survival
from advkeras.edge.outcomes import Outcome
from advkeras.evaluation import Rate

OVERSHOOTS = (1.0, 1.05, 1.2)


def outcome(shown, accuracy, survival=None, fooled=9, alone=0, n=12):
    """What a target made of one set: counts of 12 images, or of 9 fooled."""
    return Outcome(
        *shown,
        accuracy=Rate(accuracy, n),
        agreement=Rate(n - alone, n),
        survival=None if survival is None else Rate(survival, fooled),
        only_target_wrong=Rate(alone, n),
    )


def outcomes(kept, attacks=("fgsm",), camera=False, fooled=9):
    """Of each attack `kept` survive at 1, one more at each overshoot."""
    kinds = ("float", "uint8") + ("camera",) * camera
    found = [outcome((None, kind, None), 11) for kind in kinds]
    for attack in attacks:
        for kind in kinds:
            for i, factor in enumerate(OVERSHOOTS):
                count = min(kept + i, fooled)
                shown = attack, kind, factor
                found.append(outcome(shown, 12 - count, count, fooled, 1))
    return tuple(found)


def row(variant, runtime, kept, latency=None, **how):
    """A target on which `kept` of the 9 that fool the source survive."""
    source = variant == "source"
    return Row(
        variant=variant,
        runtime=runtime,
        version=f"{runtime} 1.2",
        threads=0 if source else 1,
        bytes=None if source else 4096,
        latency=None
        if latency is None
        else {"median": latency, "p90": 2 * latency, "n": 100},
        outcomes=outcomes(kept, **how),
    )


def survival(rows=None, attacks=("fgsm",), camera=(), fooled=9, skipped=()):
    """The source, float32 as it, and int8 on two runtimes that agree."""
    how = {"attacks": attacks, "camera": bool(camera), "fooled": fooled}
    if rows is None:
        rows = (
            row("source", "keras", fooled, **how),
            row("float32", "litert", min(6, fooled), 0.25, **how),
            row("int8", "litert", min(3, fooled), 0.125, **how),
            row("int8", "tflm", min(3, fooled), 1.5, **how),
        )
    return Survival(
        attacks={name: {"n": 12, "fooled": fooled} for name in attacks},
        overshoots=OVERSHOOTS,
        camera=tuple(camera),
        rows=tuple(rows),
        skipped=tuple(skipped),
    )
