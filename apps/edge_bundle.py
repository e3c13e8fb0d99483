r"""Makes what a device needs to say whether adversarial images fool it.

python -m apps.edge_bundle --model=m1 --dataset=mnist --attack=fgsm,lbfgs \
    --epsilon=0.1 --output=output/edge_bundle

Copy output/edge_bundle/bundle.zip to the device, and there:

unzip bundle.zip && python3 bundle/run_on_device.py
"""

from absl import flags

from apps import _common

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "model",
    "m1",
    "The float model: a name in saved_models, or a path to .keras, .h5 or "
    "SavedModel.",
)
flags.DEFINE_list(
    "tflite", [], "Its copies, as FILE or NAME=FILE. Default: exported here."
)
flags.DEFINE_list("overshoots", "1,1.05,1.2", "Factors of the perturbation.")
flags.DEFINE_list(
    "camera",
    [],
    "What happens before the copies see an image, in this order: "
    "jpeg:QUALITY, resize:FACTOR, brightness:FACTOR.",
)
_common.define_variants()
_common.define_runtimes()
_common.define_bounds()
_common.define_attack("fgsm,lbfgs", epsilon=0.1, examples=100)
_common.define_data("mnist", "test")
_common.define_seed()
_common.define_output("output/edge_bundle", "The folder to write.")


def main() -> None:
    """Attacks the float model, and bundles the result with its copies."""
    import rich

    import advkeras as ak
    from advkeras import files
    from advkeras.edge import bundle
    from advkeras.edge import devices
    from advkeras.edge.runtimes import device
    from advkeras.models import loading
    from advkeras.report import devices as report

    attacks = _common.attacks()
    bounds = _common.bounds()
    overshoots = _common.numbers("overshoots")
    path = loading.find(FLAGS.model)
    source = ak.Classifier.load(path, bounds=bounds)
    data, calibration_set = ak.datasets.load(
        FLAGS.dataset,
        (FLAGS.split, FLAGS.calibration_split),
        data_dir=FLAGS.data_dir,
        bounds=bounds,
    )
    source.check_fits(data)
    given = _common.named_files("tflite")
    bundle.check(
        given or FLAGS.variants, FLAGS.runtimes, overshoots, FLAGS.camera
    )
    run = ak.report.Run(
        FLAGS.output,
        {
            **_common.settings(),
            "model_sha256": files.sha256(path),
            "tflite_sha256": {k: files.sha256(v) for k, v in given.items()},
            "data_fingerprint": data.fingerprint,
        },
    )
    command = _common.command("edge_bundle")
    variants, skipped = given, {}
    if not given:
        images, _ = calibration_set.sample(FLAGS.calibration, FLAGS.seed)
        variants = ak.edge.export(
            source,
            run.output / "tflite",
            FLAGS.variants,
            calibration=images,
            provenance={
                "command": command,
                "dataset": calibration_set.name,
                "split": calibration_set.split,
                "seed": FLAGS.seed,
            },
        )
        skipped = variants.skipped
    images, labels = data.sample(FLAGS.examples, FLAGS.seed)
    found = {
        name: run.attack(name, attack, source, images, labels, FLAGS.seed)
        for name, attack in attacks.items()
    }
    folder = bundle.write_bundle(
        run.output / "bundle",
        found,
        variants,
        source=source,
        class_names=data.class_names,
        runtimes=FLAGS.runtimes,
        overshoots=overshoots,
        camera=FLAGS.camera,
        about={
            "source": path.stem,
            "dataset": data.name,
            "split": data.split,
            "attacks": {name: repr(one) for name, one in attacks.items()},
            "seed": FLAGS.seed,
            "command": command,
        },
    )
    results = run.finish(
        {
            **devices.expected(device.read_manifest(folder)),
            "not_exported": skipped,
            "zip_sha256": files.sha256(run.output / "bundle.zip"),
        },
        command,
    )
    for table in report.devices_tables(results):
        rich.print(table)
    print(*report.devices_lines(results), sep="\n")
    for variant, reason in skipped.items():
        print(f"{variant} was not exported: {reason}")
    print(
        f"Written to {FLAGS.output}: results.json, bundle.zip and the same as "
        "a folder.\nOn the device: unzip bundle.zip && python3 "
        "bundle/run_on_device.py"
    )


if __name__ == "__main__":
    _common.run(main)
