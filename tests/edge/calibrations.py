"""What calibration does to survival, as a table for docs/devices.md.

python -m tests.edge.calibrations MODEL DATASET EXAMPLES
"""

import sys
import tempfile

import numpy as np

import advkeras as ak

SIZES = (10, 100, 300, 1000)
SEEDS = (0, 1, 2)
VARIANTS = ("int8", "int16x8")


def survivals(name, dataset, examples, sizes=SIZES, seeds=SEEDS):
    """Yields variant, size, and the rates of each seed.

    Smallest examples of one net, found once, are shown to copies that were
    calibrated with other images each.

    Yields:
        (variant, size, survival of each seed, clean accuracy of each seed)
    """
    classifier = ak.models.load(name)
    train, test = ak.datasets.load(dataset, ("train", "test"))
    images, labels = test.sample(examples)
    found = ak.attacks.LBFGS(targets="nearest")(classifier, images, labels)
    rates = {}
    for size in sizes:
        for seed in seeds:
            with tempfile.TemporaryDirectory() as folder:
                paths = ak.edge.export(
                    classifier,
                    folder,
                    VARIANTS,
                    calibration=train.sample(size, seed)[0],
                )
                survival = ak.edge.survival(
                    found, paths, ("litert",), overshoots=(1.0,)
                )
                for variant in paths:
                    row = survival.find(variant, "litert")
                    key = variant, size
                    rates.setdefault(key, []).append(
                        (
                            row.find("attack", "uint8").survival.value,
                            row.find(None, "uint8").accuracy.value,
                        )
                    )
    for (variant, size), pairs in rates.items():
        yield variant, size, *np.transpose(pairs)


def main(name, dataset, examples):
    """Prints the table of a net."""
    seeds = ", ".join(map(str, SEEDS))
    print(
        f"{name}, {examples} smallest examples: survival in % of those that "
        f"fool the float model rounded to uint8, and clean accuracy, of copies "
        f"calibrated with so many training images of seeds {seeds}:\n"
    )
    print("| variant | images | survival | spread | clean accuracy |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for variant, size, survival, clean in survivals(name, dataset, examples):
        listed, right = (
            ", ".join(f"{100 * value:.1f}" for value in values)
            for values in (survival, clean)
        )
        spread = 100 * np.ptp(survival)
        print(f"| {variant} | {size} | {listed} | {spread:.1f} | {right} |")
    print()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
