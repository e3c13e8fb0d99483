r"""Do adversarial images still fool the .tflite copies of a model?

python -m apps.edge_eval --model=m1 --dataset=mnist --attack=fgsm,lbfgs \
    --epsilon=0.1 --examples=1000,256 --output=output/edge/m1

python -m apps.edge_eval --model=foreign.h5 --bounds=0,255 \
    --tflite=their_int8.tflite --dataset=cifar10
"""

from pathlib import Path

from absl import flags

from apps import _common

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "model",
    "m1",
    "The float model: a name in saved_models, or a path to .keras, .h5 or "
    "SavedModel.",
)
flags.DEFINE_enum(
    "outputs",
    None,
    ["logits", "probabilities"],
    "What the float model returns. Default: found out.",
)
flags.DEFINE_list(
    "tflite", [], "Its copies, as FILE or NAME=FILE. Default: exported here."
)
flags.DEFINE_list(
    "examples", "256", "Random images to attack: one number, or one an attack."
)
flags.DEFINE_list(
    "overshoots", "1,1.02,1.05,1.1,1.2", "Factors of the perturbation."
)
flags.DEFINE_list(
    "camera",
    [],
    "What happens before the copies see an image, in this order: "
    "jpeg:QUALITY, resize:FACTOR, brightness:FACTOR.",
)
flags.DEFINE_integer("threads", 1, "Threads of an interpreter.", lower_bound=1)
_common.define_variants()
_common.define_runtimes()
_common.define_bounds()
_common.define_attack("fgsm,lbfgs", epsilon=0.1)
_common.define_data("mnist", "test")
_common.define_seed()
_common.define_output("output/edge", "The folder to write.")


def main() -> None:
    """Attacks the float model, and shows the result to every copy."""
    import rich

    import advkeras as ak
    from advkeras import files
    from advkeras.models import loading

    attacks = _common.attacks()
    bounds = _common.bounds()
    counts = _common.numbers("examples", int)
    counts = counts * len(attacks) if len(counts) == 1 else counts
    if len(counts) != len(attacks) or min(counts) < 1:
        raise ValueError(
            "`examples` must be one number of at least 1, or one for each "
            f"attack. Received: examples={','.join(FLAGS.examples)!r}, "
            f"attack={','.join(FLAGS.attack)!r}"
        )
    path = loading.find(FLAGS.model)
    source = ak.Classifier.load(path, bounds=bounds, outputs=FLAGS.outputs)
    data, calibration_set = ak.datasets.load(
        FLAGS.dataset,
        (FLAGS.split, FLAGS.calibration_split),
        data_dir=FLAGS.data_dir,
        bounds=bounds,
    )
    source.check_fits(data)
    given = _common.named_files("tflite")
    run = ak.report.Run(
        FLAGS.output,
        {
            **_common.settings(),
            "model_sha256": files.sha256(path),
            "tflite_sha256": {k: files.sha256(v) for k, v in given.items()},
            "data_fingerprint": data.fingerprint,
        },
    )
    name = path.stem
    variants, skipped = given, {}
    if not given:
        variants = ak.edge.export(
            source,
            run.output / "tflite",
            FLAGS.variants,
            calibration=calibration_set.sample(FLAGS.calibration, FLAGS.seed)[
                0
            ],
            provenance={
                "command": _common.command("edge_eval"),
                "dataset": calibration_set.name,
                "split": calibration_set.split,
                "seed": FLAGS.seed,
            },
        )
        skipped = variants.skipped
    images, labels = data.sample(max(counts), FLAGS.seed)
    report = ak.report.survival_report(
        run,
        name,
        source,
        attacks,
        images,
        labels,
        variants,
        examples=counts,
        runtimes=FLAGS.runtimes,
        overshoots=_common.numbers("overshoots"),
        camera=FLAGS.camera,
        threads=FLAGS.threads,
        seed=FLAGS.seed,
    )
    results = run.finish(
        {**report, "not_exported": skipped}, _common.command("edge_eval")
    )
    written = Path(FLAGS.output) / "survival.md"
    with files.replacing(written) as temporary:
        temporary.write_text(ak.report.survival_markdown(results), "utf-8")
    found = ak.edge.Survival.from_json(results["survival"])
    for grid in ak.report.survival_grids(found):
        rich.print(grid.table())
    for variant, reason in skipped.items():
        print(f"{variant} was not exported: {reason}")
    for row in found.skipped:
        print(f"{row['variant']} on {row['runtime']}: {row['reason']}")
    print(*ak.report.survival_in_words(name, found), sep="\n")
    print(f"Written to {FLAGS.output}: results.json, survival.md, a picture.")


if __name__ == "__main__":
    _common.run(main)
