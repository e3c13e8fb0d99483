r"""Writes one model as .tflite files, and as C for a microcontroller.

python -m apps.export --model=conv-mnist --dataset=mnist --format=c \
    --output=output/conv-mnist

The variants: float32; float16 (weights in float16); dynamic (weights in int8);
int8 (all in int8); int8-float-io (the same between float32 input and output);
int16x8 (activations in int16, weights in int8); int8-uint8-io (int8 between the
bytes of a camera and scores in bytes).
"""

from absl import flags

from . import _common
from . import _edge
from . import _models
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "model",
    "conv-mnist",
    "Name in saved_models, or path to .keras, .h5 or SavedModel.",
)
flags.DEFINE_enum(
    "format", "tflite", ["tflite", "c"], "c: each file as C source too."
)
flags.DEFINE_integer(
    "vectors",
    4,
    "Images among the test vectors of the C source: the first of those for "
    "calibration.",
    lower_bound=1,
)
flags.DEFINE_string(
    "npu",
    None,
    "An NPU of Arm that the files are to be compiled for, such as "
    "ethos-u55-128: what stays on the processor, memory and cycles.",
)
_edge.define_variants(f"{_edge.VARIANTS},int8-uint8-io", batch=None)
_models.define_import()
_models.define_max_model_gb()
_models.define_bounds()
_common.define_data("mnist5k")
_common.define_seed()
_common.define_output(None, "The folder to write. Default: output/MODEL.")


def main() -> None:
    """Exports, and prints one row a variant."""
    from pathlib import Path

    import advkeras as ak
    from advkeras import files
    from advkeras.edge import npus
    from advkeras.edge import quantizing
    from advkeras.edge.variants import find_all
    from advkeras.models import loading

    wanted = find_all(FLAGS.variants)
    if FLAGS.npu:
        npus.check(FLAGS.npu)
    quantizing.check(FLAGS.quantizer)
    path = loading.find(FLAGS.model)
    classifier = _models.load(path)
    output = Path(FLAGS.output or f"output/{path.stem}")
    settings = {**_common.settings(), "model": files.sha256(path)}
    data = None
    provenance = {
        "model": str(FLAGS.model),
        "model_sha256": settings["model"],
        "command": _common.command("export"),
    }
    images, labels = None, None
    to_c = FLAGS.format == "c"
    # What is evaluated here is fastest where it takes any number.
    any_batch = FLAGS.batch is None and not to_c
    if to_c or any(variant.needs_calibration for variant in wanted.values()):
        data = ak.datasets.load(
            FLAGS.dataset,
            FLAGS.calibration_split,
            data_dir=FLAGS.data_dir,
            bounds=classifier.bounds,
            image_size=_common.image_size(classifier.image_shape),
        )
        classifier = classifier.fitting(data)
        images, labels = data.sample(FLAGS.calibration, FLAGS.seed)
        settings["data_fingerprint"] = data.fingerprint
    provenance |= _models.provenance(path, data)
    run = ak.report.Run(output, settings)
    exported = ak.edge.export(
        classifier,
        output,
        wanted,
        calibration=images,
        provenance=provenance,
        labels=labels,
        batch_size=None if any_batch else _edge.batch_size(classifier),
        npu=FLAGS.npu,
        quantizer=FLAGS.quantizer,
    )
    sources = {}
    if to_c and images is not None and labels is not None:
        images, labels = images[: FLAGS.vectors], labels[: FLAGS.vectors]
        for name, file in exported.items():
            written = ak.edge.write_c_source(file, output, images, labels)
            sources[name] = [source.name for source in written]
    results = run.finish(
        {
            "variants": {
                name: ak.models.read_card(file)
                for name, file in exported.items()
            },
            "skipped": exported.skipped,
            "warnings": exported.warnings,
            "c_sources": sources,
        },
        _common.command("export"),
    )
    if exported:
        cards = results["variants"]
        ak.tables.show([ak.report.export_table(path.stem, cards)])
        print(*ak.report.operators_in_words(cards), sep="\n")
        if FLAGS.npu:
            ak.tables.show([ak.report.npu_table(cards)])
    for name, reason in exported.skipped.items():
        print(f"{name}: skipped: {reason}")
    _edge.warn_of(exported)
    print(f"Written to {output}: results.json and {len(exported)} variants.")


if __name__ == "__main__":
    _running.run(main)
