"""Markdown for docs/, made from results as they stand in results.json."""

from typing import Any


def comparison_markdown(results: dict[str, Any]) -> str:
    """Returns a table of a paper, measured beside published.

    Args:
        results: `Comparison.to_json()`, as `Run.finish` returned it.
    """
    columns = results["columns"]
    lines = [
        f"**{results['title']}**",
        "",
        "Each cell: **measured** in % (its 95 % interval) / *published*; a "
        "published figure with r is known from memory only.",
        "",
        f"| images | distortion | {' | '.join(columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    for row in results["rows"]:
        cells = " | ".join(_cell(cell) for cell in row["cells"])
        distortion = f"**{row['measured']:.3f}**"
        if row["published"] is not None:
            distortion += f" / *{row['published']:g}*"
        lines.append(f"| {row['name']} | {distortion} | {cells} |")
    lines += ["", *(f"- {note}" for note in results["notes"]), ""]
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    lines += [f"Made by `{results['command']}` with {versions}.", ""]
    return "\n".join(lines)


def _cell(cell: dict[str, Any]) -> str:
    rate = cell["measured"]
    low, high = (100 * end for end in rate["interval"])
    text = f"**{100 * rate['value']:.1f}** ({low:.0f}-{high:.0f})"
    if cell["published"] is None:
        return text
    return f"{text} / *{cell['published']:g}{' r' * cell['recalled']}*"
