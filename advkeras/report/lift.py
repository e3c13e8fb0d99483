"""How far a lift agrees with the real interpreter, as a table and in words."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from advkeras.tables import Table


def agreement_table(title: str, agreement: dict[str, Any]) -> Table:
    """Lays out a file's operators: what they write, and how far it is off.

    Args:
        title: What was lifted.
        agreement: `Agreement.to_json()`.
    """
    return Table(
        title,
        (
            "",
            "operator",
            "writes",
            "type",
            "scale",
            "largest difference",
            "alone",
        ),
        tuple(
            (
                str(one["index"]),
                one["name"],
                _shape(one["shape"]),
                one["dtype"],
                _scale(one),
                _largest(one["difference"]),
                "-" if one["alone"] is None else _largest(one["alone"]),
            )
            for one in agreement["operators"]
        ),
        names=4,
        name="operators",
    )


def agreements_table(agreements: Mapping[str, dict[str, Any]]) -> Table:
    """Lays out several files, a line each: how far the outputs agree.

    Args:
        agreements: Name -> `Agreement.to_json()`.
    """
    some = next(iter(agreements.values()))
    return Table(
        f"Lift and {some['runtime']}, outputs of {some['n']} images; operators "
        f"on {some['inspected']} of them: the first where the two part, and "
        "the worst of those that are given what the real one was",
        (
            "file",
            "operators",
            "same class",
            "largest difference",
            "within 2 steps",
            "parts at",
            "worst alone",
        ),
        tuple(
            (
                name,
                str(len(one["operators"])),
                _outputs(one, _class),
                _outputs(one, lambda output: _largest(output["difference"])),
                _outputs(one, _within),
                _parts(one),
                _worst(one),
            )
            for name, one in agreements.items()
        ),
        names=1,
        name="lifts",
    )


def agreement_in_words(agreement: dict[str, Any]) -> list[str]:
    """Says how far the outputs agree, and where the two part first.

    Args:
        agreement: `Agreement.to_json()`.
    """
    runtime, inspected = agreement["runtime"], agreement["inspected"]
    lines = []
    for one in agreement["outputs"]:
        clauses = []
        if one["top_1"] is not None:
            clauses.append(
                f"the same class for {one['top_1']['count']} of "
                f"{one['top_1']['n']} images"
            )
        clauses.append(f"largest difference {_largest(one['difference'])}")
        if one["difference"]["within_2"] is not None:
            share = 100 * one["difference"]["within_2"]
            clauses.append(f"{share:.2f} % of values within 2 steps")
        lines.append(
            f"Output {one['tensor']}, beside {runtime} on {agreement['n']} "
            f"images: {'; '.join(clauses)}."
        )
    lines.append(
        f"Operator by operator, on {inspected} "
        f"image{'s' * (inspected != 1)}: from the image on "
        f"{_where(agreement, 'parted', 'difference')}; given what the real one "
        f"was, {_where(agreement, 'parted_alone', 'alone')}."
    )
    if agreement["constant"]:
        lines.append(
            f"Of its operators {agreement['constant']} do not depend on the "
            "image."
        )
    return lines


def agreements_in_words(agreements: Mapping[str, dict[str, Any]]) -> list[str]:
    """Says of one file or several what `agreement_in_words` says.

    Args:
        agreements: Name -> `Agreement.to_json()`.
    """
    return [
        line if len(agreements) == 1 else f"{name}: {line}"
        for name, one in agreements.items()
        for line in agreement_in_words(one)
    ]


def _where(agreement: dict[str, Any], which: str, measured: str) -> str:
    operators = agreement["operators"]
    if any(one[measured] is None for one in operators):
        return "none could be run"
    index = agreement[which]
    for one in operators:
        if one["index"] == index and one[measured]["parted"]:
            how = _largest(one[measured])
            return f"the first to part is {index}, {one['name']} ({how})"
    return "none parts"


def _largest(difference: dict[str, Any]) -> str:
    steps, relative = difference["largest"], difference["relative"]
    if steps is not None and difference["beyond"] is not None:
        return f"{steps:g} step{'s' * (steps != 1)}"
    # None stands for infinity.
    return "unlimited" if relative is None else f"{relative:.1e} of the range"


def _scale(one: dict[str, Any]) -> str:
    if one["scale"] is None:
        return "-"
    return f"{one['scale']:.4g} {one['zero_point']:+d}"


def _shape(sizes: list[int]) -> str:
    # The first is the images'; a comma would break the line.
    return " x ".join("n" if size == -1 else str(size) for size in sizes)


def _outputs(agreement: dict[str, Any], say: Callable[[Any], str]) -> str:
    return "; ".join(map(say, agreement["outputs"]))


def _class(output: dict[str, Any]) -> str:
    rate = output["top_1"]
    return "-" if rate is None else f"{100 * rate['count'] / rate['n']:.1f} %"


def _within(output: dict[str, Any]) -> str:
    share = output["difference"]["within_2"]
    return "-" if share is None else f"{100 * share:.2f} %"


def _parts(agreement: dict[str, Any]) -> str:
    for one in agreement["operators"]:
        if one["index"] == agreement["parted"]:
            return f"{one['index']} {one['name']}"
    return "nowhere"


def _worst(agreement: dict[str, Any]) -> str:
    alone = [
        (one["alone"], one["name"])
        for one in agreement["operators"]
        if one["alone"] is not None
    ]
    if not alone:
        return "-"
    # Steps where there are any: shares of a range are far smaller.
    worst, name = max(
        alone,
        key=lambda one: (
            one[0]["largest"] or 0
            if one[0]["beyond"] is not None
            else one[0]["relative"] or 0
        ),
    )
    return f"{name} {_largest(worst)}"
