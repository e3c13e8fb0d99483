"""Every model of saved_models/ is what its card says."""

from pathlib import Path

import numpy as np
import pytest

import advkeras as ak
from advkeras.models.autoencoder import ENCODER

SAVED = ak.models.saved_models()
FOLDER_LIMIT = 30e6  # bytes
EVERY_MODEL = pytest.mark.parametrize("path", SAVED.values(), ids=SAVED)


@pytest.fixture(scope="module")
def data(tfds_dir):
    """Opens the test set of a card, once for all models."""
    opened = {}

    def test_set(card):
        key = card["dataset"], card["test_split"]
        whole = card["dataset"].partition("=")[0]
        if not (Path(tfds_dir) / whole).is_dir():
            pytest.skip(f"needs {card['dataset']} in TFDS_DATA_DIR too")
        if key not in opened:
            opened[key] = ak.datasets.load(*key, data_dir=tfds_dir)
        return opened[key]

    return test_set


def test_there_are_saved_models_and_they_are_small():
    assert SAVED
    folder = next(iter(SAVED.values())).parent
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    assert 0 < sum(sizes) < FOLDER_LIMIT


def test_every_network_is_there_and_the_three_of_table_4():
    networks = {
        name: ak.models.read_card(p)["network"] for name, p in SAVED.items()
    }
    assert set(networks.values()) >= {
        *("fc10", "fc10-1e-2", "fc10-1", "ae400-10"),
        *("fc100-100-10", "fc123-456-10", "fc200-200-10"),
        *("conv-mnist", "conv-cifar10", "alexnet-cifar10", "quocnet"),
        *("maxout", "conv-maxout", "rbf"),
    }
    table_4 = {
        "m1": "fc100-100-10",
        "m1-prime": "fc123-456-10",
        "m2": "fc100-100-10",
    }
    assert table_4.items() <= networks.items()
    m1, prime, m2 = (ak.models.read_card(SAVED[name]) for name in table_4)
    # The same images, and others; of each, half.
    assert m1["train_fingerprint"] == prime["train_fingerprint"]
    assert m1["train_fingerprint"] != m2["train_fingerprint"]
    assert {card["train_images"] for card in (m1, prime, m2)} == {30_000}


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("m1", 0.03),
        ("m1-prime", 0.03),
        ("m2", 0.03),
        ("conv-cifar10", 0.2),
        ("conv-maxout", 0.3),
    ],
)
def test_they_err_little_on_test_images(name, most):
    assert ak.models.read_card(SAVED[name])["test_error"] <= most


def test_the_features_of_the_autoencoder_are_sparse():
    """Each unit is low for most digits."""
    model = ak.models.load(SAVED["ae400-10"])
    digits = ak.datasets.load("mnist5k", "test").images.reshape(1000, 784)
    means = np.asarray(model.get_layer(ENCODER)(digits)).mean(axis=0)
    assert np.median(means) < 0.1
    assert means.max() < 0.25


@EVERY_MODEL
def test_the_card_is_the_file_s(path):
    card = ak.models.read_card(path)  # compares the sha256
    assert card["network"] in ak.models.names()
    assert card["command"].startswith("python -m apps.train ")
    assert f"--model={card['network']}" in card["command"]
    assert 0 <= card["train_error"] < 1
    wrong = card["test_error"] * card["test_images"]
    assert wrong == pytest.approx(round(wrong), abs=1e-6)


@EVERY_MODEL
def test_it_loads_as_the_network_of_its_card(path):
    card = ak.models.read_card(path)
    model = ak.models.load(path)
    fresh = ak.models.build(card["network"])
    assert model.count_params() == card["parameters"]
    for of in (type, lambda layer: [w.shape for w in layer.weights]):
        assert [*map(of, model.layers)] == [*map(of, fresh.layers)]
    classifier = ak.Classifier(model, bounds=card["bounds"])
    assert classifier.outputs == "logits"
    assert classifier.num_classes == len(card["class_names"])


@pytest.mark.slow
@pytest.mark.tfds
@EVERY_MODEL
def test_the_test_error_is_found_again(path, data):
    card = ak.models.read_card(path)
    test_set = data(card)
    assert test_set.fingerprint == card["test_fingerprint"]
    classifier = ak.load(path, bounds=card["bounds"])
    wrong = classifier.predict(test_set.images) != test_set.labels
    # Another processor may round one image to the other side.
    expected = card["test_error"] * card["test_images"]
    assert abs(np.count_nonzero(wrong) - expected) < 1.5
