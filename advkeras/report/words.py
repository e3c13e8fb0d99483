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
        f"{_percent(rates['of_all'])} of {matrix['n']} digits can be changed "
        f"so that {source} is fooled"
    )
    if rates["mean_distortion"] is not None:
        own += f", by {rates['mean_distortion']:.3f} a pixel on average (RMS)"
    carried = " and ".join(
        f"{_percent(first['error'][name])} by {name} "
        f"(unchanged digits: {_percent(matrix['clean_error'][name])})"
        for name in others
    )
    noises = [row for row in rows if not row["transfer"]]
    amplified = [row for row in rows[1:] if row["name"].startswith(source)]
    second = f"Shown to the other nets, the same pictures are misread {carried}"
    if noises:
        noise = noises[0]
        worst = max(noise["error"].values(), key=lambda rate: rate["value"])
        second += (
            f"; Gaussian noise of distortion {noise['distortion']:.3f} "
            f"leaves every net's error at or below {_percent(worst)}"
        )
    if amplified:
        row = amplified[0]
        carried = " and ".join(
            f"{_percent(row['error'][name])} by {name}" for name in others
        )
        second += f"; {row['name'].removeprefix(source + ', ')}, {carried}"
    return [own + ".", second + "."]


def _percent(rate: dict[str, Any]) -> str:
    return "-" if rate["value"] is None else f"{100 * rate['value']:.1f} %"
