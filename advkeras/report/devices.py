"""What devices made of a bundle, beside the host, as tables and Markdown."""

from typing import Any

from advkeras import checks
from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import cell

_LISTED = 30  # images that a table names one by one


def devices_tables(results: dict[str, Any]) -> list[Table]:
    """Lays out the executors side by side, and where they differ.

    Args:
        results: What `advkeras.edge.devices.compare` returned.

    Returns:
        A table of every two executors, if any image is labelled differently
        one of those, one for each variant, and one of the latency.
    """
    models = results["models"]
    drawn = []
    pairs = [
        (variant, *row)
        for variant, model in models.items()
        for row in _pairs(model)
    ]
    if pairs:
        drawn.append(
            Table(
                "Outputs: images with equal labels, those equal bit by bit, "
                "and the largest difference of an output; who agrees to the "
                "last bit shares a line",
                ("variant", "of", "and", "labels", "bits", "difference"),
                tuple(pairs),
                names=3,
                name="agreement",
            )
        )
    if results["differences"]:
        drawn.append(_differences(results))
    drawn += [
        _outcomes(variant, model["results"])
        for variant, model in models.items()
        if _ran(model["results"])
    ]
    times = [
        (
            *(variant, name),
            *(Cell(f"{ms[key]:.3g}", ms[key]) for key in ("median", "p90")),
            str(ms["n"]),
        )
        for variant, model in models.items()
        for name, one in _ran(model["results"]).items()
        for ms in [one["latency"]]
        if ms is not None
    ]
    if times:
        title = "Milliseconds an image, one at a time and warm"
        header = ("variant", "on", "median", "p90", "n")
        drawn.append(Table(title, header, tuple(times), name="latency"))
    return drawn


def devices_lines(results: dict[str, Any]) -> list[str]:
    """Says what the executors are, and which variant did not run on which.

    Args:
        results: What `advkeras.edge.devices.compare` returned.
    """
    lines = []
    for one in results["executors"]:
        about = f"{one['name']}: {one['runtime'] or 'ran nothing'}"
        if one["kind"] == "host":
            lines.append(f"{about}, on the host")
            continue
        software = [f"Python {one['python']}"] if "python" in one else []
        software += [f"NumPy {one['numpy']}"] if "numpy" in one else []
        known = [one.get("processor"), one.get("system"), *software]
        threads = f"{one['threads']} thread{'s' * (one['threads'] > 1)}"
        details = ", ".join(text for text in (*known, threads) if text)
        lines.append(f"{about} on {one['machine']} ({details})")
    return lines + [
        f"{variant} does not run on {executor}: {one['error']}"
        for variant, model in results["models"].items()
        for executor, one in model["results"].items()
        if "error" in one
    ]


def devices_in_words(results: dict[str, Any]) -> list[str]:
    """Says where on the devices least and most survives, and `devices_lines`.

    Args:
        results: What `advkeras.edge.devices.compare` returned.
    """
    devices = [e["name"] for e in results["executors"] if e["kind"] == "device"]
    found = [
        (one["survival"], f"{one['set']}, {variant} on {name}")
        for variant, model in results["models"].items()
        for name, ran in _ran(model["results"]).items()
        if name in devices
        for one in ran["outcomes"]
        if one["attack"] and one["survival"]["value"] is not None
    ]
    if not found:
        return ["No device ran an adversarial image.", *devices_lines(results)]
    ends = [
        f"{cell(rate)} % ({rate['count']} of {rate['n']}; {where})"
        for rate, where in (
            choose(found, key=lambda pair: pair[0]["value"])
            for choose in (min, max)
        )
    ]
    return [
        "Of the images that fool the float model, from "
        f"{' to '.join(ends)} still fool what the devices run.",
        *devices_lines(results),
    ]


def devices_markdown(results: dict[str, Any]) -> str:
    """Writes the tables as a section of Markdown.

    Args:
        results: What `advkeras.edge.devices.compare` returned; with "command",
            that is named as well.
    """
    bundle = results["bundle"]
    made = results.get("command") or bundle["command"]
    blocks = [
        f"## {bundle['source']} on devices",
        "\n".join(f"- {line}" for line in devices_lines(results)),
        *(table.markdown() for table in devices_tables(results)),
        *([f"Made by `{made}`."] if made else []),
    ]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _ran(results: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in results.items() if "outcomes" in one}


def _outcomes(variant: str, results: dict[str, Any]) -> Table:
    ran = _ran(results)
    keys = ("accuracy", "agreement", "survival", "only_target_wrong")
    # Executors that agree on a set to the last digit share a line.
    rows: dict[tuple[str, ...], list[str]] = {}
    counts: dict[str, str] = {}
    for i, first in enumerate(next(iter(ran.values()))["outcomes"]):
        n = first["accuracy"]["n"]
        counts[first["attack"] or "clean"] = (
            f"{first['survival']['n']} of its {n} images fool the float model"
            if first["attack"]
            else f"{n} images"
        )
        for name, one in ran.items():
            rates = [one["outcomes"][i][key] for key in keys]
            cells = [cell(rate) if rate else "-" for rate in rates[:3]]
            row = (first["set"], *cells, str(rates[3]["count"]))
            rows.setdefault(row, []).append(name)
    described = "; ".join(f"{name}: {text}" for name, text in counts.items())
    return Table(
        f"{variant}, in % (95 % interval); alone: read wrongly here, rightly "
        f"by the float model. {described}",
        ("images", "on", "accuracy", "agreement", "survival", "alone"),
        tuple(
            (shown, _names(names, ran), *cells)
            for (shown, *cells), names in rows.items()
        ),
        name=f"outcomes-{variant}",
    )


def _pairs(model: dict[str, Any]) -> list[tuple[str, ...]]:
    ran = _ran(model["results"])
    pairs = {(pair["a"], pair["b"]): pair for pair in model["pairs"]}
    groups: dict[str, list[str]] = {}
    for name in ran:
        for leader, group in groups.items():
            pair = pairs.get((leader, name))
            if pair and pair["bit_equal"]["count"] == pair["n"]:
                group.append(name)
                break
        else:
            groups[name] = [name]
    rows: list[tuple[str, ...]] = [
        (
            _names(groups[a], ran),
            _names(groups[b], ran),
            _count(pair["equal_labels"]),
            _count(pair["bit_equal"]),
            f"{pair['largest_difference']:.3g}",
        )
        for (a, b), pair in pairs.items()
        if a in groups and b in groups
    ]
    if not rows and pairs:
        equal = _count(next(iter(pairs.values()))["bit_equal"])
        return [("all", "all", equal, equal, "0")]
    return rows


def _names(names: list[str], ran: dict[str, Any]) -> str:
    everyone = len(names) == len(ran) > 1
    return "all" if everyone else ", ".join(names)


def _differences(results: dict[str, Any]) -> Table:
    names = results["bundle"]["class_names"]
    executors = [one["name"] for one in results["executors"]]
    found = results["differences"]

    def said(label: int | None) -> str:
        if label is None:
            return "-"
        if label == checks.NO_ANSWER:
            return "no answer"
        return str(names[label]) if label < len(names) else str(label)

    title = f"Images that are labelled differently: {len(found)}"
    if len(found) > _LISTED:
        title += f", the first {_LISTED} of them"
    return Table(
        title,
        ("variant", "images", "row", "true", *executors),
        tuple(
            (
                one["variant"],
                one["set"],
                str(one["row"]),
                said(one["label"]),
                *(said(one["says"].get(name)) for name in executors),
            )
            for one in found[:_LISTED]
        ),
        name="differences",
    )


def _count(rate: dict[str, Any]) -> str:
    return f"{rate['count']} of {rate['n']}"
