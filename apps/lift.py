r"""Lifts a .tflite file to Keras, and says how far that is what a device runs.

python -m apps.lift --tflite=output/conv-mnist/int8.tflite --dataset=mnist \
    --output=output/lift/conv-mnist

Every operator is compared with that of a runtime on some images, the outputs
on all. A difference is in steps of a quantised tensor's scale, or a share of
the range of a float one; "alone": the lifted operator is given what the real
one was. Several files, as in --tflite=a.tflite,b=other/a.tflite, have a line
each, and their operators in results.json.

Of a file of several inputs the first is given the images, and each other one
noise of what it can hold; where it takes no images, --dataset=noise.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

from absl import flags

from . import _common
from . import _edge
from . import _models
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_list("tflite", [], "The files, as FILE or NAME=FILE.")
flags.DEFINE_list(
    "bounds",
    None,
    "Lower and upper pixel value; or, one for each channel, all lower ones and "
    "then all upper ones. Default: what a quantised input can hold, 0,1 for "
    "others.",
)
flags.DEFINE_integer("examples", 1000, "Random images.", lower_bound=1)
flags.DEFINE_integer(
    "inspected",
    32,
    "How many of them every operator is compared on.",
    lower_bound=1,
)
flags.DEFINE_enum(
    "runtime",
    "litert",
    ["litert", "litert-reference", "tflm"],
    "What it is compared with, and whose arithmetic the lift has; of tflm, the "
    "outputs alone.",
)
_models.define_output_name()
# Images get the size that a file takes.
_common.define_data("mnist", "test", resize=False)
_common.define_seed()
_common.define_output(None, "The folder to write. Default: output/lift/NAME.")


def main() -> None:
    """Lifts, compares, and prints one row an operator."""
    import advkeras as ak
    from advkeras import files
    from advkeras.edge.lift import read
    from advkeras.edge.lift.model import as_program
    from advkeras.edge.lift.samples import samples

    if not FLAGS.tflite:
        raise ValueError(
            "`tflite` must name .tflite files. Received: tflite=[]"
        )
    paths = _edge.named_files(FLAGS.tflite)
    graphs = {
        name: read(_models.of_one_output(path)) for name, path in paths.items()
    }
    shown = {
        name: samples(
            graph,
            FLAGS.dataset,
            FLAGS.examples,
            bounds=_models.bounds(),
            split=FLAGS.split,
            data_dir=FLAGS.data_dir,
            seed=FLAGS.seed,
        )
        for name, graph in graphs.items()
    }
    programs = {
        name: as_program(graph, FLAGS.runtime) for name, graph in graphs.items()
    }
    first = next(iter(paths))
    run = ak.report.Run(
        FLAGS.output or f"output/lift/{first}",
        {
            **_common.settings(),
            "tflite_sha256": {k: files.sha256(v) for k, v in paths.items()},
            "data_fingerprint": {k: v.fingerprint for k, v in shown.items()},
        },
    )
    found = {
        name: run.once(
            f"agreement-{name}",
            functools.partial(
                _agreement, program, shown[name].every, paths[name]
            ),
            {
                "file": files.sha256(paths[name]),
                "images": [
                    ak.report.fingerprint_of(given)
                    for given in (shown[name].images, *shown[name].beside)
                ],
            },
        )
        for name, program in programs.items()
    }
    results = run.finish({"agreements": found}, _common.command("lift"))
    tables = [ak.report.agreements_table(found)]
    lines = []
    if len(found) == 1:
        tables.insert(0, ak.report.agreement_table(first, found[first]))
        lines = ak.report.agreement_in_words(found[first])
    written = run.output / "lift.md"
    with files.replacing(written) as temporary:
        made = f"Made by `{results['command']}`.\n"
        text = "\n".join([*(table.markdown() for table in tables), made])
        temporary.write_text(text, "utf-8")
    ak.report.write_page(
        run.output / "index.html",
        f"Does the lift of {', '.join(found)} compute what {FLAGS.runtime} "
        "does?",
        ak.report.agreements_in_words(found),
        [ak.report.Section("Operators and outputs", tables=tables)],
        results,
    )
    ak.tables.show(tables)
    for line in lines:
        print(line)
    print(f"Written to {run.output}: results.json, lift.md, index.html.")


def _agreement(program: Any, images: Any, path: Path) -> dict[str, Any]:
    import advkeras as ak

    found = ak.edge.agreement(
        program,
        images,
        FLAGS.runtime,
        inspected=FLAGS.inspected,
        progress=True,
    )
    # Not that of the copy, where one output was named.
    return dataclasses.replace(found, path=str(path)).to_json()


if __name__ == "__main__":
    _running.run(main)
