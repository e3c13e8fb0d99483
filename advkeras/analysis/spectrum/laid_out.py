"""The bounds of a network, layer by layer, as a table."""

from typing import Any

from advkeras.tables import Table
from advkeras.tables import number


def spectrum_table(spectrum: dict[str, Any]) -> Table:
    """Lays out the bounds of each layer, and of the whole network.

    `ak.tables.show([spectrum_table(found.to_json())])` prints it.

    Args:
        spectrum: `analysis.spectrum.Spectrum.to_json()`.
    """
    rows = [
        (
            layer["name"],
            layer["kind"],
            " x ".join(map(str, layer["shape"])),
            _stride(layer["stride"]),
            number(layer["upper"]),
            _or_dash(layer["lower"]),
            number(layer["upper_to"]),
        )
        for layer in spectrum["layers"]
    ]
    upper = number(spectrum["upper"])
    lower = _or_dash(spectrum["lower"])
    rows.append(("whole net", "-", "-", "-", upper, lower, upper))
    return Table(
        f"{spectrum['name']}: bounds of |f(x + r) - f(x)| / |r|",
        ("layer", "kind", "shape", "stride", "upper", "lower", "upper to it"),
        tuple(rows),
        name="spectrum",
    )


def _stride(stride: list[int] | None) -> str:
    if stride is None:
        return "-"
    return (
        str(stride[0])
        if len(set(stride)) == 1
        else " x ".join(map(str, stride))
    )


def _or_dash(value: float | None) -> str:
    return "-" if value is None else number(value)
