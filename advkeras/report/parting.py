"""Where the runtimes of an integer variant part, as a table."""

from advkeras.edge import Parting
from advkeras.edge import Survival
from advkeras.tables import Cell
from advkeras.tables import Table
from advkeras.tables import number

_NAMED = 4  # images, at most


def parting_tables(survival: Survival, attack: str) -> list[Table]:
    """Lays out the operator where each two runtimes part; no table if none do.

    Args:
        survival: What was measured.
        attack: Name of the attack that made the images.
    """
    # Two that part in the same way share a line.
    lines: dict[tuple[str | Cell, ...], list[str]] = {}
    for one in survival.partings:
        if one.attack == attack:
            pair = " and ".join(one.runtimes)
            lines.setdefault(_cells(one), []).append(pair)
    if not lines:
        return []
    return [
        Table(
            f"{attack}: the operator where two runtimes of an integer variant "
            "part, on a few of the images (numbered from 0) whose outputs "
            "differ: it reads the same on both and writes something else, by "
            "so many steps of its quantisation at most. Found on copies of "
            "the file that end after an operator; a runtime that merges "
            "operators may do so in another way there",
            (
                *("variant", "runtimes", "images", "operator", "kind"),
                *("tensor", "steps"),
            ),
            tuple(
                (variant, ", ".join(pairs), *cells)
                for (variant, *cells), pairs in lines.items()
            ),
            name=f"parting-{attack}",
        )
    ]


def _cells(one: Parting) -> tuple[str | Cell, ...]:
    images = ", ".join(map(str, one.images[:_NAMED]))
    images += ", ..." * (len(one.images) > _NAMED)
    if one.operator is None or one.steps is None:
        why = f"not known: {one.reason}"
        return (one.variant, images, "-", why, "-", "-")
    return (
        one.variant,
        images,
        Cell(str(one.operator), one.operator),
        one.kind,
        # Whatever was merged into one operator is in its name.
        one.tensor.rpartition(";")[2] or one.tensor,
        number(one.steps, 3),
    )
