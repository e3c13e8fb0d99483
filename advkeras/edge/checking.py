"""Checks before any work: settings, and files that stand for a model."""

import os
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from advkeras import channels
from advkeras import checks
from advkeras import reasons
from advkeras.classifier import Classifier
from advkeras.edge import pixels as pixel_steps
from advkeras.edge import runtimes as executors
from advkeras.edge.runtimes import device

# Far beyond the cores of what runs such files; LiteRT gives up at thousands,
# and seems to say then that the file is at fault.
_MOST_THREADS = 256


def check_settings(
    runtimes: Sequence[str],
    overshoots: Sequence[float],
    camera: Sequence[str] = (),
    threads: int = 1,
) -> None:
    """Raises ValueError unless `survival` takes these; each as there."""
    for name, listed in (("runtimes", runtimes), ("overshoots", overshoots)):
        if len(listed) == 0:
            raise ValueError(
                f"`{name}` must not be empty. Received: {name}={listed!r}"
            )
    for runtime in runtimes:
        executors.check(runtime)
        kind, _, file = runtime.partition(":")
        if kind == "device":
            device.read_results(file)
    for factor in overshoots:
        checks.check_positive("overshoots", factor)
    pixel_steps.check_camera(camera)
    check_threads(threads)


def check_threads(threads: int) -> None:
    """Raises ValueError unless an interpreter can have so many threads."""
    checks.check_count("threads", threads)
    if threads > _MOST_THREADS:
        raise ValueError(
            f"`threads` must be at most {_MOST_THREADS}: an interpreter makes "
            f"them all at its start. Received: threads={threads}"
        )


def check_runs(
    variants: Mapping[str, str | os.PathLike],
    runtimes: Sequence[str],
    timeout: float = 300.0,
) -> None:
    """Checks that a file can be run, so that there is something to judge.

    What only some files or runtimes cannot do is not an error: `survival`
    says so.

    Args:
        variants: Name -> .tflite file.
        runtimes: As for `survival`.
        timeout: Seconds that an answer may take.

    Raises:
        ValueError: None of the files runs on any of the runtimes.
    """
    reason = "there is none"
    for runtime in runtimes:
        for path in variants.values():
            try:
                with executors.start(path, runtime, 1, timeout):
                    return
            except ValueError as error:
                reason = getattr(error, "reason", str(error))
    listed = ", ".join(os.fspath(path) for path in variants.values())
    raise ValueError(
        f"`tflite` must be files that {' or '.join(runtimes)} can run. "
        f"Received: {listed or 'none'} ({reasons.shortened(reason)})"
    )


def check_fits(
    path: str | os.PathLike, source: Classifier, timeout: float = 300.0
) -> None:
    """Checks that a .tflite file can stand for a float model.

    A file that LiteRT cannot run is not judged: `survival` says so.

    Args:
        path: The .tflite file.
        source: The float model.
        timeout: Seconds that an answer may take.

    Raises:
        ValueError: There is no such file, it takes other images or knows
            another number of classes, or its quantised input cannot hold the
            pixels of the float model.
    """
    received = f"Received: path={os.fspath(path)!r}"
    try:
        with executors.Interpreter(path, timeout=timeout) as session:
            shape, classes = session.image_shape, session.num_classes
            tensor = session.input
    except executors.CannotRunError:
        return
    taken = source.image_shape
    fits = checks.is_shape(shape, taken) or checks.same_values(shape, taken)
    if not fits or classes != source.num_classes:
        raise ValueError(
            f"`path` must take images {source.image_shape} and know "
            f"{source.num_classes} classes, as the float model. {received}, "
            f"which takes {shape} and knows {classes}"
        )
    if np.dtype(tensor["dtype"]).kind not in "iu":
        return
    limits = np.iinfo(tensor["dtype"])
    low, high = (
        (end - (tensor["zero_point"] or 0)) * (tensor["scale"] or 1)
        for end in (limits.min, limits.max)
    )
    # One scale serves all channels.
    least, most = channels.lower_upper(source.bounds)
    lower, upper = float(np.min(least)), float(np.max(most))
    held = min(high, upper) - max(low, lower)
    # A calibration that saw no white still holds most of the range.
    if held < 0.5 * (upper - lower) or high - low > 10 * (upper - lower):
        raise ValueError(
            f"`path` must take pixels {lower:g} .. {upper:g}, as the float "
            f"model. {received}, whose input holds {low:g} .. {high:g}"
        )
