"""Robust accuracy over epsilon, and the smallest changes that were found."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import channels
from advkeras import tables
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.classifier import Classifier
from advkeras.evaluation import Rate
from advkeras.evaluation import Robustness
from advkeras.evaluation import robustness
from advkeras.report.looking import keep_answers
from advkeras.report.page import Chart
from advkeras.report.page import charts
from advkeras.report.run import Run
from advkeras.tables import Table

_QUARTERS = (0.25, 0.5, 0.75)
_BINS = 20


def robustness_report(
    run: Run,
    name: str,
    classifier: Classifier,
    attacks: Mapping[str, Attack],
    images: np.ndarray,
    labels: np.ndarray,
    seed: int = 0,
) -> dict[str, Any]:
    """Attacks with every budget, and by those that look for the smallest.

    Args:
        run: Where examples and answers go; what is there is used.
        name: What to call the model.
        classifier: The model.
        attacks: Name -> attack; what follows an @ in a name is its budget,
            and not part of it. At least one has an epsilon.
        images: float32, (n, height, width, channels).
        labels: int64, (n,), the true ones.
        seed: Seed of the attacks.

    Returns:
        For results.json: "attacks", "robustness", "epsilons" in the units of
        the images, "smallest" by attack, the "histogram" of its distortions,
        and "pictured", the names of the files of examples to look at.

    Raises:
        ValueError: No attack has a budget; before any work.
    """
    kinds = {key: key.partition("@")[0] for key in attacks}
    shares = {key: budget(attacks[key], classifier) for key in attacks}
    if not any(shares.values()):
        raise ValueError(
            "`attacks` must hold one that has an epsilon, such as pgd. "
            f"Received: {', '.join(attacks)}"
        )
    found = run.attack_all(
        attacks, classifier, images, labels, seed, of=f"-{name}"
    )
    whole = robustness({(kinds[k], shares[k]): found[k] for k in found})
    shown = {
        f"{key}-{name}": result
        for key, result in found.items()
        if shares[key] in (None, whole.halving)
    }
    keep_answers(run, {name: classifier}, shown)
    smallest = {k: v for k, v in found.items() if shares[k] is None}
    return {
        "attacks": {key: repr(attack) for key, attack in attacks.items()},
        "robustness": whole.to_json(),
        "epsilons": [classifier.epsilon(share) for share in whole.shares],
        "smallest": {key: _smallest(one) for key, one in smallest.items()},
        "histogram": _histogram(smallest),
        "pictured": list(shown),
    }


def budget(attack: Attack, classifier: Classifier) -> float | None:
    """Returns an attack's epsilon as a share of the pixel range, or None."""
    epsilon = getattr(attack, "epsilon", None)
    if epsilon is None:
        return None
    shares = channels.apply(
        lambda size, whole: size / whole,
        epsilon,
        channels.range_of(classifier.bounds),
    )
    # 8 / 255 * 255 / 255 is not 8 / 255 to the last digit.
    return round(float(np.max(shares)), 12)


def share_in_words(share: float) -> str:
    """Writes a share of the pixel range as people do: 0.1 or 8/255."""
    short, levels = f"{share:.3g}", 255 * share
    if float(short) != share and abs(levels - round(levels)) < 1e-6:
        return f"{round(levels)}/255"
    return short


def robustness_charts(results: Mapping[str, Any]) -> list[Chart]:
    """Draws robust accuracy over epsilon, and how small the smallest are.

    Args:
        results: What `robustness_report` returned.
    """
    found = Robustness.from_json(results["robustness"])
    lines = {**found.attacks, "all together": found.together}
    drawn = [
        charts.curves(
            "Robust accuracy over epsilon, as a share of the pixel range; bars "
            f"are 95 % intervals, of {found.clean.n} images",
            Table(
                "Images still read rightly, in % (95 % interval)",
                ("attack", "epsilon", "robust accuracy"),
                tuple(
                    (name, tables.number(share, 4), tables.rate(rate))
                    for name, rates in lines.items()
                    for share, rate in zip(
                        (0, *found.shares), (found.clean, *rates), strict=True
                    )
                    if rate is not None
                ),
                names=1,
            ),
            x="epsilon",
            y="robust accuracy",
            color="attack",
        )
    ]
    bins = results.get("histogram") or {"counts": {}}
    if bins["counts"]:
        ends = list(zip(bins["edges"], bins["edges"][1:], strict=False))
        drawn.append(
            charts.histogram(
                "How large the smallest changes are that were found: "
                "distortion of the images that fool the model",
                Table(
                    "Images by distortion",
                    ("attack", "from", "to", "images"),
                    tuple(
                        (name, _number(low), _number(high), str(count))
                        for name, counts in bins["counts"].items()
                        for (low, high), count in zip(ends, counts, strict=True)
                    ),
                    names=1,
                ),
                ends=("from", "to"),
                y="images",
                color="attack",
                x="distortion (RMS a pixel over the range)",
            )
        )
    return drawn


def robustness_tables(results: Mapping[str, Any]) -> list[Table]:
    """Lays out robust accuracy by budget, and the smallest changes.

    Args:
        results: What `robustness_report` returned.
    """
    found = Robustness.from_json(results["robustness"])
    left = {
        name: [tables.rate(rate) for rate in rates]
        for name, rates in found.attacks.items()
    }
    clean = tables.rate(found.clean)
    laid_out = [
        Table(
            f"Images still read rightly, of {found.clean.n}, in % (95 % "
            "interval), where no pixel changes by more than epsilon: under "
            "each attack, and under whichever of all fools an image",
            ("of the range", "epsilon", *left, "all together"),
            (
                ("0", "0", *["-"] * len(left), clean),
                *(
                    (
                        share_in_words(share),
                        _number(epsilon),
                        *(cells[i] for cells in left.values()),
                        tables.rate(found.together[i]),
                    )
                    for i, (share, epsilon) in enumerate(
                        zip(found.shares, results["epsilons"], strict=True)
                    )
                ),
            ),
            names=2,
            name="robust-accuracy",
        )
    ]
    if results["smallest"]:
        laid_out.append(
            Table(
                "The smallest changes that were found: success of all images "
                "in % (95 % interval); of the successes a quarter, half and "
                "three quarters are below these distortions (RMS a pixel over "
                "the range); medians of L2 and Linf in the units of the images",
                ("attack", "success", "25 %", "50 %", "75 %", "L2", "Linf"),
                tuple(
                    (
                        key,
                        tables.cell(one["success"]),
                        *(_number(value) for value in one["distortion"]),
                        _number(one["l2"]),
                        _number(one["linf"]),
                    )
                    for key, one in results["smallest"].items()
                ),
                names=1,
                name="smallest",
            )
        )
    return laid_out


def robustness_in_words(name: str, results: Mapping[str, Any]) -> list[str]:
    """Says how far accuracy falls, and what the smallest changes are.

    Args:
        name: What the model is called.
        results: What `robustness_report` returned.
    """
    found = Robustness.from_json(results["robustness"])
    first = [*found.attacks, *results["smallest"]]
    last = first.pop()
    tried = f"{', '.join(first)} and {last}" if first else last
    # The fall in one sentence: what a page begins with.
    said = [
        f"Of {found.clean.n} images {name} reads {_percent(found.clean)} "
        f"rightly as they are, and {_left(found, results, found.halving)}, "
        f"under {tried}."
    ]
    if found.shares[-1] != found.halving:
        left = _left(found, results, found.shares[-1])
        said.append(f"It reads {left}.")
    if found.median is not None:
        said.append(
            "Half of the images that it reads rightly fall to a change of at "
            f"most {found.median:.2g} of the pixel range "
            f"({255 * found.median:.2g} of 255 grey levels)."
        )
    else:
        said.append(
            "More than half of the images that it reads rightly withstood all "
            "that was tried."
        )
    for key, one in results["smallest"].items():
        if one["distortion"][1] is not None:
            said.append(
                f"{key} reaches its goal on {_percent_of(one['success'])} of "
                "the images, by a median distortion of "
                f"{one['distortion'][1]:.2g} (RMS a pixel over the range)."
            )
    return said


def _left(found: Robustness, results: Mapping[str, Any], share: float) -> str:
    i = found.shares.index(share)
    return (
        f"{_percent(found.together[i])} where no pixel changes by more than "
        f"{share_in_words(share)} of the pixel range (epsilon "
        f"{_number(results['epsilons'][i])})"
    )


def _histogram(found: Mapping[str, AttackResult]) -> dict[str, Any]:
    """Counts the distortions of the successes, in bins of all attacks."""
    sizes = {key: one.distortion[one.success] for key, one in found.items()}
    largest = max((one.max() for one in sizes.values() if len(one)), default=0)
    edges = np.linspace(0, float(largest) or 1.0, _BINS + 1)
    return {
        "edges": edges.tolist(),
        "counts": {
            key: np.histogram(one, edges)[0].tolist()
            for key, one in sizes.items()
        },
    }


def _smallest(result: AttackResult) -> dict[str, Any]:
    count = int(np.count_nonzero(result.success))
    sizes = {
        key: getattr(result, key)[result.success]
        for key in ("distortion", "l2", "linf")
    }
    return {
        "success": Rate(count, len(result)).to_json(),
        "distortion": [
            float(np.quantile(sizes["distortion"], quarter)) if count else None
            for quarter in _QUARTERS
        ],
        "l2": float(np.median(sizes["l2"])) if count else None,
        "linf": float(np.median(sizes["linf"])) if count else None,
    }


def _number(value: float | Sequence[float] | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, Sequence):  # of each channel, JSON has a list
        return channels.in_words(tuple(value), ".3g")
    return tables.Cell(channels.in_words(value, ".3g"), value)


def _percent(rate: Rate) -> str:
    return _percent_of(rate.to_json())


def _percent_of(rate: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in rate["interval"])
    return f"{100 * rate['value']:.1f} % ({low:.0f}-{high:.0f})"
