"""What an export wrote, as a table and in words, made from its cards."""

from typing import Any

from advkeras.tables import Cell
from advkeras.tables import Table


def export_table(title: str, cards: dict[str, Any]) -> Table:
    """Lays out variants: bytes, types, number of operators, runtimes.

    Args:
        title: What was exported.
        cards: Variant -> its card.
    """
    whole = cards.get("float32", {}).get("bytes")
    return Table(
        title,
        (
            "variant",
            "bytes",
            "ratio",
            "input",
            "output",
            "operators",
            "runs on",
        ),
        tuple(
            (
                name,
                str(card["bytes"]),
                _ratio(card["bytes"], whole),
                _type(card["input"]),
                _type(card["output"]),
                str(sum(card["operators"].values())),
                _runtimes(card.get("runtimes", {})),
            )
            for name, card in cards.items()
        ),
        names=1,
        name="variants",
    )


def _ratio(size: int, whole: int | None) -> str:
    return Cell(f"{size / whole:.3f}", size / whole) if whole else "-"


def npu_table(cards: dict[str, Any]) -> Table:
    """Lays out what an NPU's compiler made of variants.

    Args:
        cards: Variant -> its card, with an "npu".
    """
    found = {name: card["npu"] for name, card in cards.items()}
    (title,) = {
        ", ".join(one[k] for k in ("npu", "compiler", "system") if k in one)
        for one in found.values()
        if "reason" not in one
    } or {"npu: none can be compiled"}
    return Table(
        title,
        (
            "variant",
            "left to the processor",
            "SRAM",
            "DRAM",
            "flash",
            "cycles",
            "ms",
        ),
        tuple((name, *_on_npu(one)) for name, one in found.items()),
        names=2,
        name="npu",
    )


def _on_npu(found: dict[str, Any]) -> tuple[str, ...]:
    if "reason" in found:
        return (found["reason"], *["-"] * 5)
    rest = found["cpu_operators"].items()
    listed = ", ".join(f"{count} {name}" for name, count in rest) or "nothing"
    if not found["npu_operators"]:
        return (f"all: {listed}", *["-"] * 5)
    sizes = (str(found["bytes"][name]) for name in ("sram", "dram", "flash"))
    figures = (str(found["cycles"]), f"{found['milliseconds']:.3g}")
    return (listed, *sizes, *figures)


def operators_in_words(cards: dict[str, Any]) -> list[str]:
    """Lists the operators of each variant, and those that stayed in float.

    Args:
        cards: Variant -> its card.
    """
    having: dict[str, list[str]] = {}  # most variants have the same
    for name, card in cards.items():
        counts = card["operators"].items()
        listed = ", ".join(f"{count} {operator}" for operator, count in counts)
        having.setdefault(listed, []).append(name)
    lines = [f"{', '.join(names)}: {ops}" for ops, names in having.items()]
    for name, card in cards.items():
        if name.startswith("int") and card["float_operators"]:
            listed = ", ".join(card["float_operators"])
            lines.append(f"{name}: still computed in float: {listed}")
    return lines


def _runtimes(reasons: dict[str, str | None]) -> str:
    able = [name for name, reason in reasons.items() if reason is None]
    if not reasons:
        return "-"
    return ", ".join(able) or "none"


def _type(tensor: dict[str, Any]) -> str:
    if tensor["scale"] is None:
        return str(tensor["dtype"])
    return f"{tensor['dtype']} {tensor['scale']:.4g} {tensor['zero_point']:+d}"
