"""What the apps share: flags of one meaning, and what is read of them."""

import fractions
import os
import shlex
import sys
import warnings
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from absl import flags

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS


def define_data(
    dataset: str, split: str | None = None, resize: bool = True
) -> None:
    """Defines --dataset, --split, --resize and, as TFDS has it, --data_dir."""
    flags.DEFINE_string(
        "dataset",
        dataset,
        "mnist5k (5,000 digits of MNIST's training split; needs no network), "
        "or the TFDS name of an image-classification set: mnist, cifar10, ... "
        "Or your own: a folder "
        "with one folder of PNG or JPEG files for each class, or with a "
        "labels.csv of file,label; or an .npz with images and labels.",
    )
    if resize:
        flags.DEFINE_list(
            "resize",
            [],
            "HEIGHT,WIDTH that images are resized to, with anti-aliasing; or "
            "antialias, for what the model takes. Default: as they are.",
        )
    if split is not None:
        flags.DEFINE_string(
            "split", split, "Part of the data set, e.g. train[:30000] or test."
        )
    flags.DEFINE_string(
        "data_dir",
        None,
        "Where TFDS keeps its sets. Default: TFDS_DATA_DIR, or TFDS's own.",
    )


def define_seed() -> None:
    """Defines --seed."""
    flags.DEFINE_integer(
        "seed", 0, "Seed of every random choice.", lower_bound=0
    )


def define_output(default: str | None, what: str) -> None:
    """Defines --output."""
    flags.DEFINE_string("output", default, what)


def define_epsilon(epsilon: str) -> None:
    """Defines --epsilon."""
    flags.DEFINE_list(
        "epsilon",
        epsilon,
        "Size of the perturbation, for attacks that have one, as a share of "
        "the pixel range: 0.1 or 8/255; several with commas between.",
    )


def define_attack(
    attack: str, epsilon: str, examples: int | None = None
) -> None:
    """Defines --attack, --epsilon, --clip and, as one number, --examples."""
    flags.DEFINE_list(
        "attack",
        attack,
        "Attacks, by name: fgsm, pgd, apgd, ensemble, square, lbfgs, noise; "
        "with hyper-parameters as in fgsm,pgd:steps=40,restarts=2.",
    )
    define_epsilon(epsilon)
    flags.DEFINE_bool(
        "clip", True, "Whether FGSM clips its images to the pixel bounds."
    )
    if examples is not None:
        flags.DEFINE_integer(
            "examples", examples, "Random images to attack.", lower_bound=1
        )


def attack_names(evasive: bool = False) -> dict[str, str]:
    """Returns --attack, of names that there are: label -> name.

    The label is the name, with options in parentheses: "pgd(steps=40)".

    Args:
        evasive: Whether the app can attack a copy beside its float model.
    """
    import advkeras as ak

    known = [n for n in ak.attacks.names() if evasive or n != "evasive"]
    if not FLAGS.attack:
        raise ValueError(
            f"`attack` must name some of {', '.join(known)}. "
            "Received: attack=''"
        )
    choices = ak.attacks.chosen(FLAGS.attack, known)
    return {choice.label: choice.name for choice in choices}


def shares() -> list[float]:
    """Returns --epsilon as shares of the pixel range.

    Raises:
        ValueError: One of them is none.
    """
    try:
        found = [float(fractions.Fraction(text)) for text in FLAGS.epsilon]
    except (ValueError, ZeroDivisionError):
        found = []
    if not found or not all(0 < share <= 1 for share in found):
        raise ValueError(
            "`epsilon` must be a share of the pixel range, above 0 and at most "
            "1, such as 0.1 or 8/255, or several with commas between. "
            f"Received: epsilon={','.join(FLAGS.epsilon)!r}"
        )
    if len({_named(share) for share in found}) < len(found):
        raise ValueError(
            "`epsilon` must be sizes that differ in their first four digits, "
            "which name the results. "
            f"Received: epsilon={','.join(FLAGS.epsilon)!r}"
        )
    return found


def _named(share: float) -> str:
    return f"{share:.4g}"


def attacks(bounds: Any, **options: Any) -> dict[str, Any]:
    """Returns the attacks of --attack, by name.

    With options in parentheses, as of `attack_names`. Of several epsilons each
    has its own, by name and share: "fgsm@0.1".

    Args:
        bounds: (lower, upper) of the pixels.
        **options: Hyper-parameters that no flag gives, for those that have
            them.
    """
    import advkeras as ak
    from advkeras import channels

    sizes = shares()
    built: dict[str, Any] = {}
    for choice in ak.attacks.chosen(FLAGS.attack):
        name, given = choice
        sized = "epsilon" in ak.attacks.hyper_parameters(name)
        for share in sizes if sized else sizes[:1]:
            several = sized and len(sizes) > 1
            label = choice.label
            built[f"{label}@{_named(share)}" if several else label] = (
                ak.attacks.build(
                    name,
                    **{
                        "epsilon": channels.share_of(bounds, share),
                        "clip": FLAGS.clip,
                        **options,
                        **given,
                    },
                )
            )
    return built


def sample(data: Any, examples: int) -> Any:
    """Returns random images and labels of a data set, by --seed.

    Args:
        data: An `ImageSet`.
        examples: How many.
    """
    warn_of_fewer(data, examples)
    return data.sample(examples, FLAGS.seed)


def warn_of_fewer(data: Any, examples: int) -> None:
    """Warns where --examples asked for more than a data set has."""
    if FLAGS["examples"].present and examples > len(data):
        warnings.warn(
            f"examples: {examples} asked for, all {len(data)} of "
            f"{data.name}, {data.split}, are taken",
            stacklevel=3,
        )


def described(data: Any) -> dict[str, Any]:
    """Returns what results.json says of a data set.

    Args:
        data: An `ImageSet`.
    """
    return {
        "name": data.name,
        "split": data.split,
        "n": len(data),
        "fingerprint": data.fingerprint,
        # Of the whole set: which split they would be of is not known.
        "unreadable": {
            "count": len(data.unreadable),
            "files": list(data.unreadable),
        },
    }


def numbers(flag: str, kind: Callable[[str], Any] = float) -> list[Any]:
    """Returns a list flag as numbers.

    Args:
        flag: Name of the flag.
        kind: What each becomes.

    Raises:
        ValueError: One of them is none.
    """
    texts: list[str] = getattr(FLAGS, flag)
    try:
        return [kind(text) for text in texts]
    except ValueError:
        raise ValueError(
            f"`{flag}` must be numbers with commas between. "
            f"Received: {flag}={','.join(texts)!r}"
        ) from None


def image_size(
    image_shape: tuple[int | None, ...] = (None,),
) -> tuple[int, int] | None:
    """Returns --resize as (height, width), or None.

    Args:
        image_shape: That of the model, which "antialias" stands for.
    """
    if FLAGS.resize == ["antialias"]:
        sides = [side for side in image_shape[:2] if side is not None]
        if len(sides) != 2:
            raise ValueError(
                "`resize` must be HEIGHT,WIDTH, where no model says the size "
                "of its images. Received: resize='antialias'"
            )
        return sides[0], sides[1]
    sizes = numbers("resize", int)
    if not sizes:
        return None
    if len(sizes) != 2 or min(sizes) < 1:
        raise ValueError(
            "`resize` must be antialias, or HEIGHT,WIDTH, whole numbers of at "
            f"least 1. Received: resize={','.join(FLAGS.resize)!r}"
        )
    return sizes[0], sizes[1]


def settings(*leave_out: str) -> dict[str, Any]:
    """Returns the app's own flags as JSON values, but for where things lie.

    With them the SHA-256 of what lies behind a name that a flag gives, where
    nothing else says it: the code of --import, and what devices returned.
    """
    own = FLAGS.get_key_flags_for_module(sys.argv[0])
    hidden = {"output", "data_dir", "seeds", *leave_out}
    found = {f.name: f.value for f in own if f.name not in hidden}
    behind = {
        "import_sha256": _codes(found.get("import") or ()),
        "device_sha256": _devices(found.get("runtimes") or ()),
    }
    return found | {key: hashed for key, hashed in behind.items() if hashed}


def _codes(modules: Iterable[str]) -> dict[str, str]:
    from advkeras import files

    # They are imported, or the app would have ended.
    paths = {
        name: getattr(sys.modules[name], "__file__", None) for name in modules
    }
    return {name: files.sha256(path) for name, path in paths.items() if path}


def _devices(runtimes: Iterable[str]) -> dict[str, str]:
    from advkeras import files

    paths = [
        runtime.partition(":")[2]
        for runtime in runtimes
        if runtime.startswith("device:")
    ]
    # Of one that is not there another check has more to say.
    return {p: files.sha256(p) for p in paths if os.path.isfile(p)}


def called(name: str) -> str:
    """Returns how an app is called, in the way that this one was.

    Args:
        name: Of any app.
    """
    # The command knows this folder by the name that it has in a wheel.
    prefix = "python -m apps." if __package__ == "apps" else "advkeras "
    return prefix + name


def command(name: str) -> str:
    """Returns what a person would type for this run, as one line."""
    return " ".join([called(name), *map(shlex.quote, sys.argv[1:])])
