"""apps.quickstart with little training and few images, but all its wiring.

python -m tests.campaigns.hurried --output=output/hurried
"""

import dataclasses
import runpy

import advkeras as ak

_EPOCHS = 60  # with a backup between
_IMAGES = 4


def hurry():
    """Lets training end, and samples be small, sooner."""
    train_to_file = ak.training.train_to_file
    sample = ak.datasets.ImageSet.sample

    def hurried(path, name, train_set, test_set, recipe, **options):
        recipe = dataclasses.replace(recipe, epochs=_EPOCHS)
        return train_to_file(path, name, train_set, test_set, recipe, **options)

    ak.training.train_to_file = hurried
    ak.datasets.ImageSet.sample = lambda self, n, seed: sample(
        self, _IMAGES, seed
    )


if __name__ == "__main__":
    hurry()
    runpy.run_module("apps.quickstart", run_name="__main__", alter_sys=True)
