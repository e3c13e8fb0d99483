r"""Crafts on each model, tests on all: the transfer matrix.

python -m apps.transfer_eval --models=m1,m1-prime,m2 --attack=fgsm,lbfgs \
    --dataset=mnist --output=output/transfer
"""

from typing import Any

from absl import flags

from . import _common
from . import _models
from . import _running
from . import _seeds
from . import _work

FLAGS = flags.FLAGS
_CHECKED = 2048  # images that the models' checks are made with, at most

flags.DEFINE_list(
    "models",
    "m1,m1-prime,m2",
    "Models, each source and target: names in saved_models, or paths to "
    ".keras, .h5, SavedModel or .tflite; NAME=FILE to call one otherwise.",
)
flags.DEFINE_float(
    "amplified",
    0.1,
    "Distortion that examples are also scaled to; 0 for not.",
    lower_bound=0,
)
_models.define_import()
_models.define_max_model_gb()
_models.define_bounds()
_models.define_output_name()
_models.define_accept_accuracy()
_common.define_attack("fgsm,lbfgs", epsilon="0.1", examples=256)
_common.define_data("mnist", "test")
_seeds.define()
_common.define_output("output/transfer", "The folder to write.")
_work.define()
_work.define_shard()


def main() -> None:
    """Attacks, and prints; with --seeds again and again, and sums it up."""
    _seeds.each("transfer_eval", evaluate)


def evaluate() -> tuple[dict[str, Any], list[str]]:
    """Attacks, and prints one matrix an attack.

    Returns:
        What results.json holds, and what was found in words.
    """
    import advkeras as ak
    from advkeras import checks
    from advkeras import files
    from advkeras.models import loading

    checks.check_not_negative("amplified", FLAGS.amplified)
    _work.check()
    _work.check_shard()
    _models.bounds()
    _common.shares()
    _common.attack_names()
    paths = loading.find_all(FLAGS.models)
    models = {name: _models.load(path) for name, path in paths.items()}
    first = next(iter(models.values()))
    bounds = first.bounds
    attacks = _common.attacks(bounds)
    data = ak.datasets.load(
        FLAGS.dataset,
        FLAGS.split,
        data_dir=FLAGS.data_dir,
        bounds=bounds,
        image_size=_common.image_size(first.image_shape),
    )
    models = {name: one.fitting(data) for name, one in models.items()}
    for name, model in models.items():
        _models.check_accuracy(paths[name], model, data)
    _models.check_gradients(models, attacks)
    shards = _work.shards(data)
    fingerprints = {name: files.sha256(path) for name, path in paths.items()}
    run = ak.report.Run(
        FLAGS.output,
        {
            **_common.settings(*_work.WHERE),
            "models": fingerprints,
            "data_fingerprint": data.fingerprint,
        },
    )
    for name, model in models.items():
        _models.introduce(name, model)
    images, labels = shards.first(_CHECKED)
    # Other processes start while the models are checked here.
    with _work.engine() as run.engine:
        checks_made = ak.report.trust_report(
            run, models, images, labels, _common.shares()[0], FLAGS.seed
        )
        report = ak.report.transfer_report(
            run,
            models,
            attacks,
            shards,
            amplified=FLAGS.amplified or None,
            seed=FLAGS.seed,
        )
    results = run.finish(
        {
            "dataset": _common.described(data),
            "checks": checks_made,
            **report,
        },
        _common.command("transfer_eval"),
    )
    said = ak.report.transfer_in_words(results)
    ak.report.write_page(
        run.output / "index.html",
        f"Do examples made for one of {', '.join(models)} fool the others?",
        said,
        [
            *ak.report.transfer_sections(results),
            ak.report.trust_section(results),
        ],
        results,
        ak.report.pictures(
            run.output,
            data.class_names,
            [f"{attack}-{name}" for attack in attacks for name in models],
        ),
    )
    for matrix in results["matrices"].values():
        ak.tables.show(ak.report.transfer_tables(matrix))
    print(*ak.report.trust_in_words(results), sep="\n")
    print(f"Written to {FLAGS.output}: results.json, tables/ and index.html.")
    return results, said


if __name__ == "__main__":
    _running.run(main)
