"""What the apps share: flags of one meaning, and how an app begins and ends."""

import importlib
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

from absl import app
from absl import flags
from absl import logging

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS


def define_data(dataset: str, split: str | None = None) -> None:
    """Defines --dataset, --split and, with TFDS's meaning, --data_dir."""
    flags.DEFINE_string(
        "dataset",
        dataset,
        "mnist5k (needs no network) or the TFDS name of an "
        "image-classification set: mnist, cifar10, ...",
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


def define_attack(
    attack: str, epsilon: float, examples: int | None = None
) -> None:
    """Defines --attack, --epsilon, --clip and, as one number, --examples."""
    flags.DEFINE_list(
        "attack", attack, "Attacks, by name: fgsm, pgd, lbfgs, noise, square."
    )
    flags.DEFINE_float(
        "epsilon",
        epsilon,
        "Size of the perturbation, for attacks that have one, in the units "
        "of the images.",
    )
    flags.DEFINE_bool(
        "clip", True, "Whether FGSM clips its images to the pixel bounds."
    )
    if examples is not None:
        flags.DEFINE_integer(
            "examples", examples, "Random images to attack.", lower_bound=1
        )


def attack_names() -> list[str]:
    """Returns --attack, of names that there are."""
    import advkeras as ak
    from advkeras import checks

    known = ak.attacks.names()
    if not FLAGS.attack:
        raise ValueError(
            f"`attack` must name some of {', '.join(known)}. "
            "Received: attack=''"
        )
    for name in FLAGS.attack:
        checks.check_choice("attack", name, known)
    return list(FLAGS.attack)


def attacks(**options: Any) -> dict[str, Any]:
    """Returns the attacks of --attack, by name.

    Args:
        **options: Hyper-parameters that no flag gives, for those that have
            them.
    """
    import advkeras as ak

    return {
        name: ak.attacks.build(
            name, epsilon=FLAGS.epsilon, clip=FLAGS.clip, **options
        )
        for name in attack_names()
    }


def define_bounds() -> None:
    """Defines --bounds."""
    flags.DEFINE_list(
        "bounds", "0,1", "Lower and upper pixel value that the models expect."
    )


def bounds() -> tuple[float, float]:
    """Returns --bounds as numbers."""
    from advkeras import checks

    return checks.check_bounds(FLAGS.bounds)


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


def settings(*leave_out: str) -> dict[str, Any]:
    """Returns the app's own flags as JSON values, but for where things lie."""
    own = FLAGS.get_key_flags_for_module(sys.argv[0])
    hidden = {"output", "data_dir", *leave_out}
    return {f.name: f.value for f in own if f.name not in hidden}


def command(name: str) -> str:
    """Returns what a person would type for this run, as one line."""
    return shlex.join(["python", "-m", f"apps.{name}", *sys.argv[1:]])


def _import_tensorflow() -> None:
    """Imports TensorFlow without the greetings of its C++ half.

    It writes them to the file descriptor, before its log level counts.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not FLAGS["verbosity"].present:
        logging.set_verbosity(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        importlib.import_module("tensorflow")
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def run(main: Callable[[], None]) -> None:
    """Runs an app: flags first, then TensorFlow, then `main`."""

    def guarded(argv: list[str]) -> int:
        name = os.path.splitext(os.path.basename(argv[0]))[0]
        try:
            if argv[1:]:
                raise ValueError(
                    "only flags are expected, as in --seed=1. "
                    f"Received: {' '.join(argv[1:])}"
                )
            _import_tensorflow()
            main()
        except ValueError as error:
            # Wrong input is one line; --verbosity=1 shows where it surfaced.
            logging.debug("%s", error, exc_info=True)
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print(
                f"{name}: interrupted; call it again with the same --output "
                "and it goes on from here",
                file=sys.stderr,
            )
            return 130
        return 0

    app.run(guarded)
