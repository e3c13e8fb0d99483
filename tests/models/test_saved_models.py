"""Every model of saved_models/ is what its card says."""

import numpy as np
import pytest

import advkeras as ak

SAVED = ak.models.saved_models()
FOLDER_LIMIT = 12e6  # bytes
EVERY_MODEL = pytest.mark.parametrize("path", SAVED.values(), ids=SAVED)


@pytest.fixture(scope="module")
def data(tfds_dir):
    """Opens the test set of a card, once for all models."""
    opened = {}

    def test_set(card):
        key = card["dataset"], card["test_split"]
        if key not in opened:
            opened[key] = ak.datasets.load(*key, data_dir=tfds_dir)
        return opened[key]

    return test_set


def test_there_are_saved_models_and_they_are_small():
    assert SAVED
    folder = next(iter(SAVED.values())).parent
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    assert 0 < sum(sizes) < FOLDER_LIMIT


@EVERY_MODEL
def test_the_card_is_the_file_s(path):
    card = ak.models.read_card(path)  # compares the sha256
    assert card["network"] in ak.models.names()
    assert card["command"].startswith("python -m apps.train ")
    assert f"--model={card['network']}" in card["command"]
    assert 0 <= card["train_error"] <= card["test_error"] < 1
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


@pytest.mark.tfds
@EVERY_MODEL
def test_the_test_error_is_found_again(path, data):
    card = ak.models.read_card(path)
    test_set = data(card)
    assert test_set.fingerprint == card["test_fingerprint"]
    classifier = ak.Classifier.load(path, bounds=card["bounds"])
    wrong = classifier.predict(test_set.images) != test_set.labels
    # Another processor may round one image to the other side.
    expected = card["test_error"] * card["test_images"]
    assert abs(np.count_nonzero(wrong) - expected) < 1.5
