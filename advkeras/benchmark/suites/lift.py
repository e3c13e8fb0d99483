"""The gradient of a lifted .tflite file beside that of its Keras original."""

import tempfile
import time
from typing import Any

import tensorflow as tf

from advkeras import edge
from advkeras.benchmark.options import Options
from advkeras.benchmark.rows import Row
from advkeras.benchmark.suites import bare
from advkeras.benchmark.timing import interleaved
from advkeras.classifier import Classifier
from advkeras.datasets import ImageSet
from advkeras.version import __version__

REPEATS = 20
FLOOR = "gradient of the Keras model"
_CALIBRATION = 100
_VARIANTS = ("float32", "dynamic", "int8", "int16x8")


def measure(
    classifier: Classifier, data: ImageSet, options: Options
) -> list[Row]:
    """Exports variants, lifts each, and times its gradient by the pixels.

    Args:
        classifier: The float model.
        data: Where the images come from; the first ones calibrate.
        options: How much is measured.

    Returns:
        The Keras model's gradient, then that of each variant's lift; its note
        says how long lifting took.
    """
    images, labels = data.sample(options.examples, options.seed)
    lifted: dict[str, Classifier] = {}
    notes = {FLOOR: ""}
    with tempfile.TemporaryDirectory() as folder:
        made = edge.export(
            classifier, folder, _VARIANTS, calibration=images[:_CALIBRATION]
        )
        for variant, path in made.items():
            start = time.perf_counter()
            model = edge.lift(path, outputs="logits")
            taken = time.perf_counter() - start
            name = f"of {variant}, lifted"
            notes[name] = f"lifted in {taken:.2f} s"
            lifted[name] = Classifier(model, classifier.bounds)
    pixels, goals = tf.constant(images), tf.constant(labels)

    def call(one: Classifier) -> Any:
        gradient = bare.gradient(one)
        return lambda: gradient(pixels, goals).numpy()

    calls = {FLOOR: call(classifier)}
    calls |= {name: call(one) for name, one in lifted.items()}
    repeats = options.repeats or REPEATS
    times = interleaved(calls, repeats)
    to_floor = times.ratios(FLOOR)
    return [
        Row(
            name,
            tf.__version__ if name == FLOOR else __version__,
            len(images),
            repeats,
            times.median(name) / len(images),
            to_floor[name],
            note=notes[name],
        )
        for name in calls
    ]
