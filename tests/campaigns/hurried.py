"""apps.quickstart with little training, few images, one variant and runtime.

python -m tests.campaigns.hurried --output=output/hurried
"""

import dataclasses
import functools
import runpy

import advkeras as ak

_EPOCHS = 60  # with a backup between
_IMAGES = 4
_VARIANTS = ("int8",)
_RUNTIMES = ("litert",)


def hurry():
    """Lets each of its stages do less."""
    train_to_file = ak.training.train_to_file
    sample = ak.datasets.ImageSet.sample
    export = ak.edge.export

    def hurried(path, name, train_set, test_set, recipe, **options):
        recipe = dataclasses.replace(recipe, epochs=_EPOCHS)
        return train_to_file(path, name, train_set, test_set, recipe, **options)

    ak.training.train_to_file = hurried
    ak.datasets.ImageSet.sample = lambda self, n, seed: sample(
        self, _IMAGES, seed
    )
    ak.edge.export = functools.partial(export, variants=_VARIANTS)
    ak.edge.DEFAULT_RUNTIMES = _RUNTIMES


if __name__ == "__main__":
    hurry()
    runpy.run_module("apps.quickstart", run_name="__main__", alter_sys=True)
