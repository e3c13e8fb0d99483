r"""Trains one network and writes it with its card.

python -m apps.train --model=fc100-100-10 --dataset=mnist \
    --split='train[:30000]' --output=output/m1.keras
python -m apps.train --model=maxout --attack=fgsm --epsilon=0.25
"""

import dataclasses

from absl import flags

from . import _common
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_string("model", "fc100-100-10", "Registered name of the network.")
flags.DEFINE_integer(
    "epochs",
    None,
    "Passes over the data (iterations, where the recipe says L-BFGS). "
    "Default: the network's recipe.",
    lower_bound=1,
)
flags.DEFINE_string(
    "attack",
    None,
    "Attack whose examples are mixed in half and half: fgsm, pgd, noise. "
    "Default: none, training on clean images.",
)
_common.define_epsilon("0.25")
flags.DEFINE_bool(
    "clip", True, "Whether its images are clipped to the pixel bounds."
)
flags.DEFINE_string("test_split", "test", "Part of the data set to test on.")
_common.define_data("mnist5k", "train")
_common.define_seed()
_common.define_output(
    None, "The .keras file to write. Default: output/MODEL.keras."
)


def main() -> None:
    """Trains, and prints the card."""
    import rich
    from rich.table import Table

    import advkeras as ak
    from advkeras import checks

    checks.check_choice("model", FLAGS.model, ak.models.names())
    recipe = ak.training.recipe(FLAGS.model)
    if FLAGS.epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=FLAGS.epochs)
    if FLAGS.attack is not None:
        attack = {"name": FLAGS.attack, "epsilon": _common.shares()[0]}
        if not FLAGS.clip:
            attack["clip"] = False
        recipe = dataclasses.replace(recipe, attack=attack)
    output = FLAGS.output or f"output/{FLAGS.model}.keras"
    train_set, test_set = ak.datasets.load(
        FLAGS.dataset,
        (FLAGS.split, FLAGS.test_split),
        data_dir=FLAGS.data_dir,
        image_size=_common.image_size(),
    )
    card = ak.training.train_to_file(
        output,
        FLAGS.model,
        train_set,
        test_set,
        recipe,
        seed=FLAGS.seed,
        command=_common.command("train"),
        progress=True,
    )
    table = Table(title=output, title_justify="left", show_header=False)
    for key in ("network", "dataset", "split", "parameters", "sha256"):
        table.add_row(key, str(card[key]))
    table.add_row("train error", f"{card['train_error']:.2%}")
    table.add_row("test error", f"{card['test_error']:.2%}")
    rich.print(table)


if __name__ == "__main__":
    _running.run(main)
