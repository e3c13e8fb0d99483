"""Table 5: how far each layer, and a whole net, can take two images apart."""

import functools
import time
from typing import Any

import keras

from advkeras import models
from advkeras.analysis import spectrum
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table

# The bounds of table 5, of AlexNet trained on ImageNet; layer names are ours.
_PRINTED = {
    "conv1": 2.75,
    "conv2": 10.0,
    "conv3": 7.0,
    "conv4": 7.5,
    "conv5": 11.0,
    "dense1": 3.12,
    "dense2": 4.0,
    "logits": 4.0,
}
_SAVED = ("alexnet-cifar10", "conv-cifar10", "conv-mnist", "fc100-100-10")


def table5(context: Context) -> Findings:
    """Bounds the layers of AlexNet in full size, and of trained nets.

    The full size is left out at small scale.
    """
    full = context.pick(("alexnet",), ())
    small = context.pick(_SAVED, ("alexnet-cifar10", "conv-mnist"))
    tables, details = [], {}
    for name in (*full, *small):
        if name in full:
            model = models.build(name, seed=context.seed)
            heading = "AlexNet in full size, weights as they begin (He normal)"
            printed = _PRINTED
        else:
            model = models.load(name)
            heading = f"{name} of saved_models, trained"
            printed = {}
        found = context.run.once(
            f"spectrum-{name}",
            functools.partial(_bounds, model, context.seed),
            {
                "weights": models.weights_sha256(model),
                "architecture": models.architecture_sha256(model),
            },
        )
        tables.append(_table(heading, found, printed))
        details[name] = found
    slack = [found["upper"] / found["lower"] for found in details.values()]
    return Findings(
        "Table 5: upper bounds of each layer's operator norm",
        tuple(tables),
        notes=(
            "The published bounds are of weights trained on ImageNet, which "
            "are not to be had here; what can be compared is their size, with "
            "weights as they begin and with those of a smaller net, trained.",
            "Upper bounds are of the layer as it is applied, its padding, "
            "stride and activation included; a lower bound is a ratio "
            "|f(x + r) - f(x)| / |r| that was found, and shows the slack. "
            "'Circular' is the paper's Fourier formula: the norm, were the "
            "map to wrap around (of stride 1 or one that divides its size).",
            "The paper calls max-pooling contractive. That holds where "
            "windows do not overlap; AlexNet's do, and 3 x 3 windows two "
            "pixels apart can double a difference.",
            "The bound of a whole net is the product of its layers', and of "
            f"these nets {_times(min(slack))} to {_times(max(slack))} times "
            "the largest ratio that was found: the deeper the net, the less it "
            "proves. Study szegedy.radius says what radius it proves.",
        ),
        details={"spectra": details},
    )


def _bounds(model: keras.Model, seed: int) -> dict[str, Any]:
    began = time.monotonic()
    found = spectrum.bounds(model, seed=seed, progress=True).to_json()
    found["seconds"] = time.monotonic() - began
    found["circular"] = {
        layer.name: norm
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
        for norm in [_circular(layer)]
        if norm is not None
    }
    return found


def _circular(layer: Any) -> float | None:
    """Returns the norm of a convolution on a map that wraps; None without."""
    size = tuple(layer.input.shape[1:3])
    (stride, across) = layer.strides
    if stride != across or any(side % stride for side in size):
        return None
    if layer.groups != 1 or layer.dilation_rate != (1, 1):
        return None
    return spectrum.circular_norm(layer.kernel.numpy(), size, stride)


def _table(
    heading: str, found: dict[str, Any], printed: dict[str, float]
) -> Table:
    rows = []
    for layer in found["layers"]:
        if layer["upper"] == 1 and layer["kind"] not in ("Conv2D", "Dense"):
            continue  # flattening, dropping and the like
        rows.append(
            Row(
                layer["name"],
                (
                    Cell(" x ".join(map(str, layer["shape"]))),
                    Cell(_stride(layer["stride"])),
                    Cell(layer["upper"], printed.get(layer["name"])),
                    Cell(layer["lower"]),
                    Cell(found["circular"].get(layer["name"])),
                ),
            )
        )
    whole = ("-", "-", found["upper"], found["lower"], None)
    rows.append(Row("whole net", tuple(map(Cell, whole))))
    return Table(
        f"{heading}: {found['seconds']:.0f} s",
        "layer",
        ("shape", "stride", "upper", "lower", "circular"),
        tuple(rows),
    )


def _times(factor: float) -> str:
    return f"{float(f'{factor:.2g}'):,.12g}"


def _stride(stride: list[int] | None) -> str:
    return "-" if stride is None else str(max(stride))
