r"""Times our attacks beside the bare work, SciPy and other libraries.

python -m apps.benchmark --suite=fgsm,lbfgs --model=m1,conv-mnist \
    --dataset=mnist --examples=256 --output=output/benchmark

Peers are optional: pip install 'advkeras[benchmark,benchmark-torch]' brings
those of FGSM, of the smallest changes and of budgets, and, elsewhere,
'advkeras[benchmark-lbfgs]' those of L-BFGS.
"""

import functools
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from . import _common
from . import _models
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "suite",
    "fgsm,lbfgs,edge,scale",
    "What is timed: fgsm, lbfgs, minimum (those that look for the smallest "
    "change), budget (those within epsilon, and what they leave standing), "
    "edge (a .tflite file), lift (the gradient of a lifted one), training (a "
    "step of adversarial training), scale (how time and memory grow with the "
    "images), growth (how time grows with pixels, classes and units; of nets "
    "of its own).",
)
flags.DEFINE_list(
    "model",
    "m1",
    "Models, one after the other: names in saved_models, or paths to .keras, "
    ".h5 or SavedModel.",
)
flags.DEFINE_integer("examples", 256, "Random images.", lower_bound=1)
flags.DEFINE_integer(
    "slow_examples",
    16,
    "How many of them, for what takes a tenth of a second an image.",
    lower_bound=1,
)
flags.DEFINE_integer(
    "repeats",
    None,
    "Rounds that are timed. Default: 20 of fgsm, lift and training, 3 of "
    "lbfgs, minimum, budget and growth, 7 of edge, 1 of scale.",
    lower_bound=1,
)
flags.DEFINE_list(
    "sizes", "100,1000,10000", "Numbers of images of scale, ascending."
)
_common.define_epsilon("0.1")
_models.define_import()
_models.define_max_model_gb()
_models.define_bounds()
_common.define_data("mnist", "test")
_common.define_seed()
_common.define_output("output/benchmark", "The folder to write.")


def main() -> None:
    """Runs every suite on every model; prints and writes the tables."""
    import dataclasses

    import advkeras as ak
    from advkeras import checks
    from advkeras import files
    from advkeras.models import loading
    from advkeras.progress import bar as progress_bar

    for name in FLAGS.suite or [""]:
        checks.check_choice("suite", name, ak.benchmark.SUITES)
    if not FLAGS.model:
        raise ValueError("`model` must not be empty. Received: model=''")
    share = _common.shares()[0]
    options = ak.benchmark.Options(
        examples=FLAGS.examples,
        slow_examples=FLAGS.slow_examples,
        repeats=FLAGS.repeats,
        seed=FLAGS.seed,
        sizes=tuple(_common.numbers("sizes", int)),
    )
    paths = loading.find_all(FLAGS.model)
    models = {name: _models.load(path) for name, path in paths.items()}
    first = next(iter(models.values()))
    options = dataclasses.replace(options, epsilon=first.epsilon(share))
    data = ak.datasets.load(
        FLAGS.dataset,
        FLAGS.split,
        data_dir=FLAGS.data_dir,
        bounds=first.bounds,
        image_size=_common.image_size(first.image_shape),
    )
    models = {name: one.fitting(data) for name, one in models.items()}
    for name in models:
        _models.checked_card(paths[name], data)
    fingerprints = {name: files.sha256(path) for name, path in paths.items()}
    about = {
        "versions": ak.benchmark.versions(),
        "machine": ak.benchmark.facts(),
    }
    run = ak.report.Run(
        FLAGS.output,
        {
            **_common.settings(),
            "peers": ak.benchmark.peers_here(),
            "model": fingerprints,
            "data_fingerprint": data.fingerprint,
        },
    )
    suites = dict.fromkeys(FLAGS.suite)
    pairs = [(suite, name) for suite in suites for name in models]
    # What was measured elsewhere, or with other versions, is measured again.
    here = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]
    tables = []
    for suite, name in (bar := progress_bar(pairs, unit="table")):
        bar.set_description(f"{suite} on {name}")
        measure = functools.partial(
            ak.benchmark.SUITES[suite], models[name], data, options
        )
        rows = run.once(
            f"{suite}-{name}-{here}", functools.partial(_rows, measure)
        )
        tables.append({"suite": suite, "model": name, "rows": rows})
    command = _common.command("benchmark")
    results = run.finish({**about, "tables": tables}, command)
    # An interrupted benchmark goes on; one that is complete is made anew.
    shutil.rmtree(run.output / "parts")
    written = Path(FLAGS.output) / "benchmark.md"
    with files.replacing(written) as temporary:
        temporary.write_text(ak.report.benchmark_markdown(results), "utf-8")
    ak.report.write_page(
        Path(FLAGS.output) / "index.html",
        f"How fast is it on {', '.join(models)}, and beside what?",
        ak.report.benchmark_in_words(results),
        [ak.report.benchmark_section(table) for table in tables],
        results,
    )
    for table in tables:
        ak.tables.show(ak.report.benchmark_tables(table))
        print(*ak.report.benchmark_lines(table), sep="\n")
    print(f"Written to {FLAGS.output}: results.json, benchmark.md, index.html.")


def _rows(measure: Callable[[], list[Any]]) -> list[dict[str, Any]]:
    return [row.to_json() for row in measure()]


if __name__ == "__main__":
    _running.run(main)
