"""What the apps of the edge share: a float model, its data, and its copies."""

import dataclasses
import warnings
from pathlib import Path
from typing import Any

from absl import flags

from . import _common
from . import _models
from . import _work

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS

# What is measured where nobody says otherwise.
VARIANTS = "float32,float16,dynamic,int8,int8-float-io,int16x8"


def define_variants(variants: str = VARIANTS, batch: int | None = 0) -> None:
    """Defines --variants and how they are made.

    Args:
        variants: Default of --variants.
        batch: Default of --batch; None for what devices want.
    """
    flags.DEFINE_list("variants", variants, "Variants to export.")
    flags.DEFINE_enum(
        "quantizer",
        "tflite",
        ["tflite", "litert"],
        "What quantises them: TFLiteConverter, or LiteRT's own quantiser.",
    )
    flags.DEFINE_integer(
        "batch",
        batch,
        "Images that an exported file takes at a time; 0 for any number, 1 for "
        "devices."
        + (
            " Default: of bundles and C source 1, where the model takes any "
            "number; else 0."
            if batch is None
            else ""
        ),
        lower_bound=0,
    )
    flags.DEFINE_integer(
        "calibration",
        300,
        "Random images that tell the ranges of activations.",
        lower_bound=1,
    )
    flags.DEFINE_string(
        "calibration_split", "train", "Part of the data set they come from."
    )


def define(
    examples: int | None,
    overshoots: str,
    runtimes: str,
    model: str | None = "m1",
    attack: str = "fgsm,lbfgs",
    epsilon: str = "0.1",
    variants: str = VARIANTS,
    on: str = "litert,litert-reference,tflm",
    batch: int | None = 0,
) -> None:
    """Defines all that attacking a float model for its copies takes.

    Args:
        examples: Default of --examples; None, where the app has its own.
        overshoots: Default of --overshoots.
        runtimes: What --runtimes may hold besides those of this machine.
        model: Default of --model; None, where it may be left out.
        attack: Default of --attack.
        epsilon: Default of --epsilon.
        variants: Default of --variants.
        on: Default of --runtimes.
        batch: Default of --batch.
    """
    flags.DEFINE_string(
        "model",
        model,
        "The float model: a name in saved_models, or a path to .keras, .h5 "
        "or SavedModel."
        + (" Default: m1, or with --tflite none." if model is None else ""),
    )
    flags.DEFINE_enum(
        "outputs",
        None,
        ["logits", "probabilities"],
        "What the float model returns. Default: found out.",
    )
    flags.DEFINE_list(
        "tflite",
        [],
        "Its copies, as FILE or NAME=FILE. Default: exported here.",
    )
    flags.DEFINE_list(
        "runtimes",
        on,
        f"What executes the copies; all for whatever is installed{runtimes}.",
    )
    flags.DEFINE_list(
        "overshoots", overshoots, "Factors that perturbations are scaled by."
    )
    flags.DEFINE_list(
        "camera",
        [],
        "What happens before the copies see an image, in this order: "
        "jpeg:QUALITY, resize:FACTOR, brightness:FACTOR.",
    )
    define_variants(variants, batch)
    _models.define_import()
    _models.define_max_model_gb()
    _models.define_bounds()
    _models.define_output_name()
    _models.define_accept_accuracy()
    _common.define_attack(attack, epsilon, examples=examples)
    _common.define_data("mnist", "test")
    _work.define()


@dataclasses.dataclass(frozen=True)
class Subject:
    """A float model, its data, and the .tflite files that were given.

    Attributes:
        name: The model's name, for people.
        path: Its file; None if there is no float model.
        classifier: The float model; None if there is none.
        attacked: Name -> what is attacked first: the float model, or else
            the files.
        bounds: (lower, upper) of the pixels.
        data: The images to attack.
        calibration_set: The images to calibrate with.
        given: Name -> .tflite file of one output; empty: they are to be
            exported.
        settings: What the results depend on, for a `Run`.
    """

    name: str
    path: Path | None
    classifier: Any
    attacked: dict[str, Any]
    bounds: Any
    data: Any
    calibration_set: Any
    given: dict[str, Path]
    settings: dict[str, Any]


def subject() -> Subject:
    """Reads model, data and files of the flags; all are checked."""
    import advkeras as ak
    from advkeras import files
    from advkeras.edge import quantizing
    from advkeras.edge.variants import find_all
    from advkeras.models import loading

    given = named_files(FLAGS.tflite)
    find_all(FLAGS.variants)
    quantizing.check(FLAGS.quantizer)
    path = None
    if FLAGS.model or not given:
        path = loading.find(FLAGS.model or "m1")
        if path.suffix == ".tflite" and not given:
            given = {path.stem: path}  # a copy of itself, for other runtimes
        if FLAGS.output_name is not None and not given:
            raise ValueError(
                "`output_name` must be left out where copies are exported "
                "from a Keras model, which have all of its outputs: export "
                "one of a single output, or give --tflite. "
                f"Received: output_name={FLAGS.output_name!r}"
            )
        classifier = _models.load(path, outputs=FLAGS.outputs)
        attacked = {path.stem: classifier}
    else:
        classifier = None
        attacked = {
            name: _models.load(file, outputs=FLAGS.outputs)
            for name, file in given.items()
        }
    first = next(iter(attacked.values()))
    bounds = first.bounds
    data, calibration_set = ak.datasets.load(
        FLAGS.dataset,
        (FLAGS.split, FLAGS.calibration_split),
        data_dir=FLAGS.data_dir,
        bounds=bounds,
        image_size=_common.image_size(first.image_shape),
    )
    attacked = {name: one.fitting(data) for name, one in attacked.items()}
    if path is not None:
        classifier = attacked[path.stem]
    for name, one in attacked.items():
        _models.check_accuracy(path or given[name], one, data)
    run = {name: _models.of_one_output(file) for name, file in given.items()}
    if classifier is not None:
        for file in run.values():
            ak.edge.check_fits(file, classifier)
        if run:
            ak.edge.check_runs(run, named_runtimes())
    settings = {
        **_common.settings(*_work.WHERE),
        "model_sha256": path and files.sha256(path),
        "tflite_sha256": {k: files.sha256(v) for k, v in given.items()},
        "data_fingerprint": data.fingerprint,
    }
    return Subject(
        path.stem if path else "no float model",
        path,
        classifier,
        attacked,
        bounds,
        data,
        calibration_set,
        run,
        settings,
    )


def copies(
    subject: Subject, folder: Path, command: str, needed: bool = True
) -> tuple[dict[str, Path], dict[str, str]]:
    """Returns the .tflite files given, or else exports them.

    Args:
        subject: What they are copies of.
        folder: Where to export to.
        command: What a person would type to have them again.
        needed: Whether there is nothing to do without any.

    Returns:
        Name -> file, and variant -> why it was not exported.

    Raises:
        ValueError: There has to be one, and none could be exported.
    """
    import advkeras as ak

    if subject.given:
        return subject.given, {}
    calibration_set = subject.calibration_set
    images, labels = calibration_set.sample(FLAGS.calibration, FLAGS.seed)
    exported = ak.edge.export(
        subject.classifier,
        folder,
        FLAGS.variants,
        calibration=images,
        labels=labels,
        batch_size=batch_size(subject.classifier),
        quantizer=FLAGS.quantizer,
        provenance={
            "command": command,
            **_models.provenance(subject.path, calibration_set),
        },
    )
    if needed and not exported:
        reasons = "; ".join(f"{k}: {v}" for k, v in exported.skipped.items())
        raise ValueError(
            "`variants` must hold one that the model can be exported as. "
            f"Received: variants={','.join(FLAGS.variants)!r} ({reasons})"
        )
    warn_of(exported)
    return exported, exported.skipped


def warn_of(exported: Any) -> None:
    """Prints what should be known of files that were exported."""
    for line in exported.warnings:
        print(f"warning: {line}", flush=True)


def batch_size(classifier: Any) -> int | None:
    """Returns how many images a file is to take, by --batch; None for any."""
    from advkeras.edge.sources import Source

    if FLAGS.batch is not None:
        return FLAGS.batch or None
    # A model that takes just so many is what it is.
    return Source.as_it_is(classifier).spec.shape[0] or 1


def named_runtimes() -> list[str]:
    """Returns what --runtimes says; of its default, what is installed."""
    import advkeras as ak

    if not FLAGS["runtimes"].present:
        here = ak.edge.installed(FLAGS.runtimes)
        absent = [name for name in FLAGS.runtimes if name not in here]
        # As results.json is to say it too.
        FLAGS["runtimes"].value = here
        if absent:
            warnings.warn(
                f"runtimes: {', '.join(absent)} is not installed and left out",
                stacklevel=2,
            )
    listed: list[str] = []
    for name in FLAGS.runtimes:
        listed += ak.edge.installed() if name == "all" else [name]
    return list(dict.fromkeys(listed))


def named_files(texts: list[str]) -> dict[str, Path]:
    """Returns name -> .tflite file of what FILE and NAME=FILE say."""
    named: dict[str, Path] = {}
    for text in texts:
        name, _, file = text.rpartition("=")
        path = Path(file)
        name = name or path.stem
        # The name becomes part of a file's, and "source" is the float model.
        plain = Path(name).name == name != "source"
        if path.is_file() and not _begins_as_one(path):
            raise ValueError(
                "`tflite` must be .tflite files. "
                f"Received: tflite={text!r}, which does not begin as one"
            )
        if not path.is_file() or name in named or not plain:
            raise ValueError(
                "`tflite` must be files, FILE or NAME=FILE, no name twice, "
                "with a slash, or 'source'. "
                f"Received: tflite={text!r}"
            )
        named[name] = path
    return named


def _begins_as_one(path: Path) -> bool:
    # What was cut further on may still be reported beside others that run.
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3"
