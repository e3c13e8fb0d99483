"""Each runtime's lift beside each runtime, as a table for docs/lift.md.

python -m tests.edge.lift.every_runtime DATASET NAME=FILE ...
"""

import sys

import numpy as np

import advkeras as ak
from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import lift
from advkeras.edge.lift import read
from advkeras.edge.lift.differences import as_floats

EXAMPLES = 1000


def beside(path, images):
    """Returns what each lift has in common with each runtime.

    Args:
        path: A file with an output of integers.
        images: What both are shown.

    Returns:
        (lift, runtime) -> share of outputs that are equal, the largest
        difference in steps, and the share of images of the same class.
    """
    output = read(path).outputs[0]
    step, _ = fixed_point.grid(output)
    lifted = {
        name: np.rint(
            lift(path, runtime=name).predict(images, verbose=0) / step
        )
        for name in ak.edge.RUNTIMES
    }
    found = {}
    for runtime in ak.edge.RUNTIMES:
        with ak.edge.start(path, runtime) as session:
            outputs = session.predict(images).outputs
        real = np.rint(as_floats(outputs, output) / step)
        for name, steps in lifted.items():
            off = np.abs(steps - real)
            same = steps.argmax(1) == real.argmax(1)
            found[name, runtime] = (off == 0).mean(), off.max(), same.mean()
    return found


def table(files, images):
    """Returns the lines of a table in Markdown, three for each file."""
    runtimes = list(ak.edge.RUNTIMES)
    lines = [
        f"The lift of each runtime beside each runtime, {len(images)} images: "
        "outputs that are equal (largest difference in steps), same class:",
        "",
        f"| file | lift of | {' | '.join(runtimes)} |",
        f"| --- | --- | {' | '.join(['---:'] * len(runtimes))} |",
    ]
    for name, path in files.items():
        found = beside(path, images)
        for one in runtimes:
            cells = [
                f"{100 * equal:.2f} % ({most:.0f}), {100 * same:.1f} %"
                for equal, most, same in (found[one, r] for r in runtimes)
            ]
            lines.append(f"| {name} | {one} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    shown = ak.datasets.load(sys.argv[1], "test").sample(EXAMPLES)[0]
    named = dict(each.split("=", 1) for each in sys.argv[2:])
    print("\n".join(table(named, shown)))
