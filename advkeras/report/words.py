"""What a transfer matrix shows, in sentences made from its figures."""

from collections.abc import Mapping
from typing import Any

from advkeras.tables import cell


def in_words(matrix: dict[str, Any]) -> list[str]:
    """Says how far the first source's examples carry, and noise beside them.

    Args:
        matrix: `TransferMatrix.to_json()`.

    Returns:
        Two sentences.
    """
    rows = matrix["rows"]
    source, *others = matrix["targets"]
    rates = matrix["success"][source]
    correct = rates["of_correct"]
    own = (
        f"Of the {correct['n']} test digits that {source} reads rightly, "
        f"{cell(correct, decimals=1)} % (95 % interval) can be changed so "
        "that it is fooled"
    )
    if rates["mean_distortion"] is not None:
        own += f", by {rates['mean_distortion']:.3f} a pixel on average (RMS)"
    clauses = []
    for row in rows if others else ():
        if row["source"] != source:
            continue
        misread = " and ".join(
            f"{name} misreads {_percent(row['error'][name])}" for name in others
        )
        if row["kind"] == "attack":
            unchanged = " and ".join(
                _percent(matrix["clean_error"][name]) for name in others
            )
            clauses.append(
                f"of the same images, {misread} (of the unchanged ones, "
                f"{unchanged})"
            )
        else:
            clauses.append(
                f"scaled to {row['distortion']:.3f}, which shrinks what was "
                f"larger, {misread}"
            )
    for row in [row for row in rows if row["kind"] == "noise"][:1]:
        worst = max(row["error"].values(), key=lambda rate: rate["value"])
        clauses.append(
            f"Gaussian noise of {row['distortion']:.3f} leaves every net's "
            f"error at or below {_percent(worst)}"
        )
    second = "; ".join(clauses)
    return [own + ".", second[:1].upper() + second[1:] + "."]


def transfer_in_words(results: Mapping[str, Any]) -> list[str]:
    """Says for each attack how far it carries at best, and at worst.

    Args:
        results: "matrices", as `transfer_report` returned them.

    Returns:
        A sentence an attack. Where nothing can carry, as there is but one
        model, or none was fooled, it says how many images fool each.
    """
    said = []
    for name, matrix in results["matrices"].items():
        carried = [
            (row["source"], target, rate)
            for row in matrix["rows"]
            if row["kind"] == "attack"
            for target, rate in row["transfer"].items()
            if target != row["source"] and rate["value"] is not None
        ]
        if carried:
            carried.sort(key=lambda one: -one[2]["value"])
            clauses = [
                f"of the {rate['n']} images that fool {source}, {target} "
                f"misreads {cell(rate, decimals=1)} %"
                for source, target, rate in (carried[0], carried[-1])
            ]
            said.append(
                f"{name} carries best here: {clauses[0]} (95 % interval)"
                + (f"; least: {clauses[1]}." if len(carried) > 1 else ".")
            )
        else:
            fooled = " and ".join(
                f"{model} on {cell(rates['of_correct'], decimals=1)} % of the "
                f"{rates['of_correct']['n']} that it reads rightly"
                for model, rates in matrix["success"].items()
            )
            said.append(f"{name} fools {fooled} (95 % interval).")
    return said


def _percent(rate: dict[str, Any]) -> str:
    return "-" if rate["value"] is None else f"{100 * rate['value']:.1f} %"
