"""What the choice of a quantiser does, as a table for docs/devices.md.

python -m tests.edge.quantizers EXAMPLES MODEL=DATASET ...
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import advkeras as ak
from advkeras.edge.quantizing import QUANTIZERS

VARIANTS = ("float16", "dynamic", "int8", "int8-float-io", "int16x8")
RUNTIMES = ("litert", "litert-reference")
HEADER = (
    "net",
    "variant",
    "quantiser",
    "bytes",
    "clean accuracy",
    "outputs as tflite's",
    "survival",
    "on litert-reference",
    "equal outputs",
    "lift",
)
_CALIBRATION, _CLEAN, _LIFTED = 300, 1000, 64  # images


def compared(name, dataset, examples):
    """Yields a row of the table for each variant and quantiser.

    Smallest examples of one net, found once, are shown to the copies of each
    quantiser, which were calibrated with the same images.
    """
    classifier = ak.load(name)
    train, test = ak.datasets.load(dataset, ("train", "test"))
    shown, truth = test.sample(_CLEAN)
    found = ak.attacks.LBFGS(targets="nearest")(
        classifier, *test.sample(examples)
    )
    with tempfile.TemporaryDirectory() as folder:
        rows, answers = {}, {}
        for quantizer in QUANTIZERS:
            paths = ak.edge.export(
                classifier,
                Path(folder) / quantizer,
                VARIANTS,
                calibration=train.sample(_CALIBRATION)[0],
                quantizer=quantizer,
            )
            survival = ak.edge.survival(
                found, paths, RUNTIMES, overshoots=(1.0,)
            )
            for variant, path in paths.items():
                said = _predicted(path, shown)
                first = answers.setdefault(variant, said.outputs)
                rows[variant, quantizer] = (
                    path.stat().st_size,
                    np.mean(said.labels == truth),
                    np.mean(np.all(said.outputs == first, axis=1)),
                    *_survivals(survival, variant),
                    _equal(survival, variant),
                    _lifted(path, shown[:_LIFTED]),
                )
    for variant in VARIANTS:
        for quantizer in QUANTIZERS:
            yield variant, quantizer, *rows[variant, quantizer]


def _predicted(path, images):
    with ak.edge.start(path, RUNTIMES[0]) as session:
        return session.predict(images)


def _survivals(survival, variant):
    for runtime in RUNTIMES:
        row = survival.find(variant, runtime)
        yield row.find("attack", "uint8").survival.value


def _equal(survival, variant):
    (found,) = (
        one
        for one in survival.alike
        if (one.variant, one.pixels) == (variant, "uint8")
    )
    return found.outputs[0][1] / found.n


def _lifted(path, images):
    """Returns how far the lift's outputs are from the interpreter's."""
    found = ak.edge.agreement(path, images, RUNTIMES[0])
    if found.parted_alone is not None:
        return f"apart at {found.parted_alone.name}"
    (off,) = (output.difference for output in found.outputs)
    if off.relative is None:
        return f"{off.largest:g} steps" if off.largest else "equal"
    return f"{off.relative:.0e} of the range"


def main(examples, *nets):
    """Prints the table."""
    print(f"| {' | '.join(HEADER)} |")
    print("| --- | --- | --- |" + " ---: |" * 6 + " --- |")
    for net in nets:
        name, _, dataset = net.partition("=")
        for row in compared(name, dataset, int(examples)):
            variant, quantizer, size, *shares, lift = row
            cells = [f"{100 * share:.1f}" for share in shares]
            first = name, variant, quantizer, f"{size:,}"
            print(f"| {' | '.join([*first, *cells, lift])} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
