"""What a transfer matrix shows, in sentences made from its figures."""

from typing import Any


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
    own = (
        f"{_percent(rates['of_all'])} of {matrix['n']} test digits can be "
        f"changed so that {source} is fooled"
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
            clauses.append(f"enlarged to {row['distortion']:.3f}, {misread}")
    for row in [row for row in rows if row["kind"] == "noise"][:1]:
        worst = max(row["error"].values(), key=lambda rate: rate["value"])
        clauses.append(
            f"Gaussian noise of {row['distortion']:.3f} leaves every net's "
            f"error at or below {_percent(worst)}"
        )
    second = "; ".join(clauses)
    return [own + ".", second[:1].upper() + second[1:] + "."]


def _percent(rate: dict[str, Any]) -> str:
    return "-" if rate["value"] is None else f"{100 * rate['value']:.1f} %"
