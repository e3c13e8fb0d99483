"""What tests of several rooms share: digits, trained models, data sets."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

import advkeras as ak

# NumPy and TensorFlow are imported when the first room is named, which is
# later. `make test` has a process for every core: more threads than one in each
# wait for one another, and those of an idle BLAS spin.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No deadline: the first example traces what the others run. Derandomised:
# a change that fails does so for everybody.
hypothesis.settings.register_profile(
    "advkeras", deadline=None, derandomize=True, max_examples=30
)
hypothesis.settings.load_profile("advkeras")


def pytest_collection_finish():
    """Spares the collector of garbage what was imported, and stays."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def digits():
    """Some real digits to train on."""
    return ak.datasets.load("mnist5k", "train[:400]")


@pytest.fixture(scope="session")
def test_digits():
    """Other digits to test on."""
    return ak.datasets.load("mnist5k", "test[:200]")


@pytest.fixture(scope="session")
def model_files(tmp_path_factory, digits, test_digits):
    """Two small trained models with their cards: name -> .keras file."""
    folder = tmp_path_factory.mktemp("models")
    recipe = ak.training.Recipe("lbfgs", epochs=20)
    networks = {"linear": "fc10", "deep": "fc100-100-10"}
    paths = {name: folder / f"{name}.keras" for name in networks}
    for name, network in networks.items():
        ak.training.train_to_file(
            paths[name], network, digits, test_digits, recipe, command="pytest"
        )
    return paths


@pytest.fixture(scope="session")
def classifiers(model_files):
    """The two trained models as classifiers, by name."""
    return {k: ak.load(path) for k, path in model_files.items()}


@pytest.fixture(scope="session")
def pair(digits, test_digits):
    """A trained net of 3 channels, plain and on normalised images."""
    from tests import normalised  # imports Keras, for which it is early above

    return normalised.pair(digits, test_digits)


@pytest.fixture(scope="session")
def tfds_dir():
    """The folder of prepared TFDS sets; nothing is ever written there."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("needs TFDS_DATA_DIR, a folder that holds mnist")
    return folder
