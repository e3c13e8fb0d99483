"""Each runtime's lift beside each runtime, as a table for docs/lift.md.

python -m tests.edge.lift.every_runtime DATASET EXAMPLES NAME=FILE ...
"""

import sys

import numpy as np

import advkeras as ak
from advkeras.edge.lift import fixed_point
from advkeras.edge.lift import lift
from advkeras.edge.lift import read
from advkeras.edge.lift.differences import as_floats
from advkeras.edge.lift.samples import samples


def beside(path, images):
    """Returns what each lift and each runtime has in common with each runtime.

    Args:
        path: A file with an output of integers.
        images: What all are shown.

    Returns:
        ("lift of litert", or "litert" and so on; runtime) -> share of outputs
        that are equal, the largest difference in steps, and the share of
        images of the same class.
    """
    output = read(path).outputs[0]
    step, _ = fixed_point.grid(output)
    said = {}
    for name in ak.edge.DEFAULT_RUNTIMES:
        lifted = lift(path, runtime=name).predict(images, verbose=0)
        said[f"lift of {name}"] = np.rint(lifted / step)
    for name in ak.edge.DEFAULT_RUNTIMES:
        with ak.edge.start(path, name) as session:
            outputs = session.predict(images).outputs
        said[name] = np.rint(as_floats(outputs, output) / step)
    found = {}
    for name, steps in said.items():
        for runtime in ak.edge.DEFAULT_RUNTIMES:
            off = np.abs(steps - said[runtime])
            same = steps.argmax(1) == said[runtime].argmax(1)
            found[name, runtime] = (off == 0).mean(), off.max(), same.mean()
    return found


def behind(found):
    """Returns which runtimes another one is closer to than their own lift.

    Args:
        found: What `beside` returned.

    Returns:
        "outputs" and "classes" -> runtime -> the share that its lift has in
        common with it, the share that the closest other one has, and which
        that is.
    """
    parts = {"outputs": 0, "classes": 2}
    missed = {part: {} for part in parts}
    for part, at in parts.items():
        for runtime in ak.edge.DEFAULT_RUNTIMES:
            own = found[f"lift of {runtime}", runtime][at]
            others = [one for one in ak.edge.DEFAULT_RUNTIMES if one != runtime]
            closest = max(others, key=lambda one: found[one, runtime][at])
            theirs = found[closest, runtime][at]
            if own < theirs:
                missed[part][runtime] = own, theirs, closest
    return missed


def table(found, n):
    """Returns the lines of a table in Markdown, six for each file.

    Args:
        found: Name -> what `beside` returned of a file.
        n: How many images were shown.
    """
    runtimes = list(ak.edge.DEFAULT_RUNTIMES)
    lines = [
        f"The lift of each runtime, and each runtime, beside each, {n} "
        "images: outputs that are equal (largest difference in steps), same "
        "class:",
        "",
        f"| file |  | {' | '.join(runtimes)} |",
        f"| --- | --- | {' | '.join(['---:'] * len(runtimes))} |",
    ]
    for file, about in found.items():
        for name in dict.fromkeys(name for name, _ in about):
            cells = []
            for runtime in runtimes:
                equal, most, same = about[name, runtime]
                cells.append(
                    "-"
                    if name == runtime
                    else f"{100 * equal:.2f} % ({most:.0f}), {100 * same:.1f} %"
                )
            lines.append(f"| {file} | {name} | {' | '.join(cells)} |")
    return lines


def verdict(found):
    """Returns lines that say where a lift is closest to its own runtime.

    Args:
        found: Name -> what `beside` returned of a file.
    """
    missed = {file: behind(about) for file, about in found.items()}
    every = len(found) * len(ak.edge.DEFAULT_RUNTIMES)
    lines = ["", "At least as close to a runtime as any other runtime is:", ""]
    for part in ("outputs", "classes"):
        exceptions = [
            f"{file} on {runtime} ({100 * own:.2f} %, {closest} "
            f"{100 * theirs:.2f} %)"
            for file, about in missed.items()
            for runtime, (own, theirs, closest) in about[part].items()
        ]
        said = f"; not {', '.join(exceptions)}" if exceptions else ""
        lines.append(
            f"- by {part}, its lift in {every - len(exceptions)} of {every} "
            f"cases{said}."
        )
    return lines


if __name__ == "__main__":
    dataset, n, *listed = sys.argv[1:]
    named = dict(each.split("=", 1) for each in listed)
    first = read(next(iter(named.values())))
    shown = samples(first, dataset, int(n), bounds=(0, 1)).images
    made = {name: beside(path, shown) for name, path in named.items()}
    print("\n".join([*table(made, len(shown)), *verdict(made)]))
