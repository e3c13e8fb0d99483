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
    first = rows[0]
    rates = matrix["success"][source]
    own = (
        f"{_percent(rates['of_all'])} of {matrix['n']} test digits can be "
        f"changed so that {source} is fooled"
    )
    if rates["mean_distortion"] is not None:
        own += f", by {rates['mean_distortion']:.3f} a pixel on average (RMS)"
    carried = " and ".join(
        f"{name} misreads {_percent(first['error'][name])} "
        f"(unchanged: {_percent(matrix['clean_error'][name])})"
        for name in others
    )
    noises = [row for row in rows if row["kind"] == "noise"]
    amplified = [
        row
        for row in rows
        if row["kind"] == "amplified" and row["source"] == source
    ]
    second = f"Of the same images, {carried}"
    if amplified:
        errors = amplified[0]["error"]
        level = amplified[0]["distortion"]
        carried = " and ".join(
            f"{name} {_percent(errors[name])}" for name in others
        )
        second += f"; enlarged to {level:.3f}, {carried}"
    if noises:
        noise = noises[0]
        worst = max(noise["error"].values(), key=lambda rate: rate["value"])
        second += (
            f", while Gaussian noise of {noise['distortion']:.3f} leaves "
            f"every net's error at or below {_percent(worst)}"
        )
    return [own + ".", second + "."]


def _percent(rate: dict[str, Any]) -> str:
    return "-" if rate["value"] is None else f"{100 * rate['value']:.1f} %"
