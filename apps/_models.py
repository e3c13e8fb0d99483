"""What the apps that load a model share: its file, code, pixels and card."""

import functools
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from absl import flags

from . import _common

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS

_TRIED = 256  # images that a model has to read


def define_import() -> None:
    """Defines --import."""
    flags.DEFINE_list(
        "import",
        None,
        "Modules that are imported before a model is loaded, by name, from the "
        "folder where you are: those that define its own layers. Their code "
        "is run.",
    )


def define_max_model_gb() -> None:
    """Defines --max_model_gb."""
    flags.DEFINE_float(
        "max_model_gb",
        4.0,
        "GB that a model may take once unpacked, its configuration a 64th of "
        "it. A file that says more of itself is refused before it is read.",
    )


def define_output_name() -> None:
    """Defines --output_name."""
    flags.DEFINE_string(
        "output_name",
        None,
        "Of models of several outputs, the one that classifies: its name, as "
        "Keras or a .tflite file's signature has it, or its number.",
    )


def define_bounds() -> None:
    """Defines --bounds."""
    flags.DEFINE_list(
        "bounds",
        None,
        "Lower and upper pixel value that the models expect; or, one for each "
        "channel, all lower ones and then all upper ones, as in "
        "--bounds=-2.1,-2,-1.8,2.2,2.4,2.6. Default: found out, from a card, a "
        "Rescaling or Normalization layer, or a quantised input.",
    )


def define_accept_accuracy() -> None:
    """Defines --accept_accuracy."""
    flags.DEFINE_bool(
        "accept_accuracy",
        False,
        "Whether to go on where a model reads the clean images no better than "
        "by chance, or far worse than its card says.",
    )


def bounds() -> Any:
    """Returns --bounds as numbers; None to find them out.

    Raises:
        ValueError: They are not as many lower ones as upper ones.
    """
    from advkeras import checks

    if FLAGS.bounds is None:
        return None
    if len(FLAGS.bounds) == 2:
        return checks.check_bounds(FLAGS.bounds)
    found = _common.numbers("bounds")
    half, odd = divmod(len(found), 2)
    if odd or not half:
        raise ValueError(
            "`bounds` must be LOWER,UPPER; or all lower ones and then all "
            "upper ones, one for each channel. "
            f"Received: bounds={','.join(FLAGS.bounds)!r}"
        )
    return checks.check_bounds((found[:half], found[half:]))


def output_name() -> str | int | None:
    """Returns --output_name; a number, where it is one."""
    name = FLAGS.output_name if "output_name" in FLAGS else None
    return int(name) if name is not None and name.isdecimal() else name


def of_one_output(path: Path) -> Path:
    """Returns a .tflite file that returns no more than --output_name.

    Args:
        path: The file: itself where no output is named, or else a copy that is
            there for as long as the app runs.

    Raises:
        ValueError: It has no such output.
    """
    import advkeras as ak

    name = output_name()
    if name is None:
        return path
    folder = tempfile.mkdtemp(dir=_folder().name)
    return ak.edge.with_one_output(path, name, Path(folder) / path.name)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def load(path: Any, **options: Any) -> Any:
    """Loads a model, of which the bounds are known.

    Args:
        path: The model.
        **options: As for `ak.load`.

    Raises:
        ValueError: It cannot be loaded, or nothing says what pixels it takes.
    """
    import advkeras as ak
    from advkeras import checks

    max_gb = FLAGS.max_model_gb
    checks.check_positive("max_model_gb", max_gb)
    own = import_own()
    classifier = ak.load(
        path,
        bounds=bounds(),
        output=output_name(),
        custom_objects=own,
        max_gb=max_gb,
        **options,
    )
    if classifier.bounds_from == "assumed":
        raise ValueError(
            "`bounds` must be given: neither a card nor a Rescaling or "
            f"Normalization layer of {path} says what pixels it takes. Usual "
            "ones are --bounds=0,1 and --bounds=0,255. Received: bounds=None"
        )
    return classifier


def check_accuracy(path: Any, classifier: Any, data: Any) -> None:
    """Raises ValueError where a model does not read the data set.

    Or where its card says that it is another: see `ak.evaluation.check_card`.

    Args:
        path: The model file.
        classifier: The model.
        data: The images to attack.
    """
    import advkeras as ak

    card = checked_card(path, data)
    if FLAGS.accept_accuracy:
        return
    if card is not None:
        same = card.get("dataset") == data.name and "test_error" in card
        card = card if same and data.split == card["test_split"] else None
    images, labels = data.sample(_TRIED, FLAGS.seed)
    try:
        ak.evaluation.check_accuracy(classifier, images, labels, card)
    except ValueError as error:
        raise ValueError(
            f"{error}. --accept_accuracy goes on all the same"
        ) from error


def check_gradients(models: Any, attacks: Any) -> None:
    """Raises ValueError where an attack needs a gradient that is not there.

    Args:
        models: Name -> Classifier.
        attacks: Name -> attack.
    """
    climbing = [name for name, one in attacks.items() if one.needs_gradient]
    if not climbing:
        return
    for model in models.values():
        try:
            model.check_differentiable()
        except ValueError as error:
            raise ValueError(
                f"{error}. {climbing[0]} climbs it; --attack=square asks for "
                "scores alone, --attack=hopskipjump for labels"
            ) from error


def introduce(name: str, classifier: Any) -> None:
    """Prints what was found out of a model, and what --epsilon comes to."""
    from advkeras import channels

    within = channels.bounds_in_words(classifier.bounds)
    print(
        f"{name}: images {classifier.image_shape} within {within} "
        f"({classifier.bounds_from}), {classifier.num_classes} "
        f"classes, returns {classifier.outputs}"
        + ("" if classifier.logits_found else " (logits not found)")
        + (
            f"; draws anew at every call, the mean of {classifier.draws} is "
            "attacked"
            if classifier.draws > 1
            else ""
        )
    )
    if "epsilon" in FLAGS and not isinstance(FLAGS.epsilon, float):
        sizes = ", ".join(
            f"{share:.4g} of the pixel range = "
            + channels.in_words(
                channels.share_of(classifier.bounds, share), ".4g"
            )
            for share in _common.shares()
        )
        print(f"epsilon: {sizes}")


def import_own() -> dict[str, Any]:
    """Imports the modules of --import.

    Returns:
        Name -> class of the layers and models in them, for `custom_objects`.
        What is registered with Keras is known to it anyway.

    Raises:
        ValueError: One of them cannot be imported.
    """
    # The name of the flag is a keyword of Python: no attribute.
    names = FLAGS["import"].value if "import" in FLAGS else None
    if not names:
        return {}
    import keras

    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found: dict[str, Any] = {}
    for name in names:
        # A module is the user's code, and may fail in any way.
        try:
            module = importlib.import_module(name)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ValueError(
                "`import` must name modules that can be imported, as they are "
                "in an import statement, from the folder where you are. "
                f"Received: import={name!r} ({reason})"
            ) from error
        found |= {
            key: value
            for key, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, keras.layers.Layer)
        }
    return found


def card_of(path: Any) -> dict[str, Any] | None:
    """Returns the card of a model file; None where it has none.

    Raises:
        ValueError: The card is broken, or of another file.
    """
    import advkeras as ak

    if not ak.models.card_path(path).exists():
        return None
    return ak.models.read_card(path)


def checked_card(path: Any, data: Any) -> dict[str, Any] | None:
    """Returns a model's card as `card_of`, once it goes with a data set.

    Raises:
        ValueError: As `card_of`, or as `ak.evaluation.check_card`.
    """
    import advkeras as ak

    card = card_of(path)
    if card is not None:
        ak.evaluation.check_card(card, data)
    return card


def provenance(path: Any, data: Any = None) -> dict[str, Any]:
    """Returns what the cards of .tflite files are to say of their source.

    Args:
        path: The float model.
        data: The images to calibrate with; None for none.
    """
    said: dict[str, Any] = {}
    if data is not None:
        said |= {
            "dataset": data.name,
            "split": data.split,
            "seed": FLAGS.seed,
            "class_names": list(data.class_names),
        }
    card = card_of(path)
    if card is not None and "network" in card:
        said["trained_on"] = {
            key: card.get(key) for key in ("dataset", "split")
        }
        if card.get("class_names"):  # the model's own, in its order
            said["class_names"] = card["class_names"]
    return said
