"""White box beside transfer: rates counted by hand, and the verdict."""

import dataclasses
import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import Way
from advkeras.edge import WhiteBox
from advkeras.evaluation import Rate


class Says:
    """A model whose label of an image is in its pixel, by a table."""

    runtime = "tflm"

    def __init__(self, labels, lifted=None):
        self._labels = np.array(labels)
        self._lifted = self._labels if lifted is None else np.array(lifted)

    def predict(self, images, within_bounds=True):
        assert not within_bounds  # an unclipped attack may have left them
        return self._labels[images.ravel().astype(int)]

    def lifted_predict(self, images):
        return self._lifted[images.ravel().astype(int)]


def result(found, labels, predictions, clean, targets=None):
    """What an attack found: an image is a pixel, the name of a table's row."""
    images = np.array(found, np.float32).reshape(-1, 1, 1, 1)
    predictions, labels = np.array(predictions), np.array(labels)
    return ak.attacks.AttackResult(
        originals=images - np.arange(len(images)).reshape(-1, 1, 1, 1),
        images=images,
        labels=labels,
        targets=None if targets is None else np.array(targets),
        clean_predictions=np.array(clean),
        predictions=predictions,
        success=predictions != labels,
        bounds=(0.0, 10.0),
    )


LABELS = [0, 0, 1, 1, 2]
CLEAN = [0, 0, 1, 0, 2]  # 4 of 5 right
# Of the pictures 0 .. 9: what the copy, its lift and the float model say.
COPY = [0, 1, 1, 0, 0, 0, 1, 1, 1, 2]
LIFT = [0, 1, 0, 0, 0, 0, 1, 1, 1, 2]
FLOAT = [0, 0, 1, 1, 1, 1, 1, 1, 1, 2]


@pytest.fixture
def found():
    own = result([0, 1, 2, 3, 4], LABELS, COPY[:5], CLEAN)
    transferred = dataclasses.replace(
        result([5, 6, 7, 8, 9], LABELS, FLOAT[5:], LABELS),
        originals=own.originals,  # of the same images
    )
    return ak.edge.white_box(
        "int8",
        Says(COPY, LIFT),
        "fgsm",
        own,
        transferred,
        Says(FLOAT),
    )


def test_rates_by_hand(found):
    assert (found.variant, found.attack, found.runtime) == (
        *("int8", "fgsm", "tflm"),
    )
    assert found.clean == Rate(4, 5)
    assert found.agreement == Rate(4, 5)  # picture 2
    # Pictures 1, 3 and 4 are misread: 3 was before, and 4 by both models.
    assert found.white_box.accuracy == Rate(2, 5)
    assert found.white_box.fooled == Rate(2, 4)
    assert found.white_box.alone == Rate(2, 5)
    assert found.white_box.reached is None
    # Each pixel moved by its row, 0 .. 4, of a range of 10.
    assert found.white_box.distortion == pytest.approx(0.2)
    # Pictures 5 .. 9: the copy misreads 6, and so does the float model.
    assert found.transfer.accuracy == Rate(4, 5)
    assert found.transfer.fooled == Rate(1, 4)
    assert found.transfer.alone == Rate(0, 5)


def test_no_answer_fools_nobody():
    copy = [0, -1, 1, 0, -1]
    own = result([0, 1, 2, 3, 4], LABELS, copy, CLEAN)
    found = ak.edge.white_box("f", Says(copy), "fgsm", own, own, Says(FLOAT))
    for way in (found.white_box, found.transfer):
        assert way.accuracy == Rate(2, 5)
        # Of pictures 0, 1, 2 and 4 none is misread; 3 by the copy alone.
        assert way.fooled == Rate(0, 4)
        assert way.alone == Rate(1, 5)


def test_targets_are_counted_on_the_copy():
    """What the float model was made to say is not what the copy says."""
    targets = [1, 1, 0, 0, 1]
    own = result([0, 1, 2, 3, 4], LABELS, COPY[:5], CLEAN, targets)
    found = ak.edge.white_box("int8", Says(COPY), "lbfgs", own)
    assert found.white_box.reached == Rate(2, 5)  # pictures 1 and 3
    assert found.white_box.alone is None
    assert found.transfer is None and found.masked is None


@pytest.mark.parametrize("part", ["whole", "no transfer", "no source"])
def test_json_and_back(found, part):
    if part != "whole":
        found = dataclasses.replace(found, transfer=None)
    if part == "no source":
        way = dataclasses.replace(found.white_box, alone=None)
        found = dataclasses.replace(found, white_box=way)
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert WhiteBox.from_json(written) == found
    assert written["masked"] == found.masked
    assert written["clean"]["value"] == 0.8
    assert (written["transfer"] is None) == (part != "whole")


def verdict(own, others, n=100):
    """Whether masked, for accuracies of white box and transfer."""

    def way(count):
        return Way(Rate(count, n), Rate(n - count, n), None, None, 0.1)

    whole = Rate(n, n)
    return WhiteBox(
        *("int8", "fgsm", "litert"), whole, whole, way(own), way(others)
    ).masked


def test_masked_is_where_others_gradients_do_more():
    assert verdict(own=60, others=20) is True
    assert verdict(own=20, others=60) is False
    # 50 of 100 is 40 to 60 %, 42 is 33 to 52 %: that may be chance.
    assert verdict(own=50, others=42) is False
    assert verdict(own=50, others=50) is False
    assert verdict(own=0, others=0, n=0) is None


def test_a_real_copy(variants, classifiers, digits_500):
    images, labels = (values[:60] for values in digits_500)
    float_model, attack = classifiers["deep"], ak.attacks.FGSM(0.1)
    copy = ak.edge.TfliteClassifier(variants["int8"])
    own = attack(copy, images, labels)
    transferred = attack(float_model, images, labels)
    found = ak.edge.white_box(
        "int8", copy, "fgsm", own, transferred, float_model
    )
    with ak.edge.start(variants["int8"]) as interpreter:
        clean, wrong, transfer = (
            interpreter.predict(shown).labels != labels
            for shown in (own.originals, own.images, transferred.images)
        )
    assert found.runtime == "litert"
    assert found.clean == Rate.of(~clean)
    assert found.white_box.accuracy == Rate.of(~wrong)
    assert found.white_box.fooled == Rate.of(wrong[~clean])
    assert found.transfer.accuracy == Rate.of(~transfer)
    right = float_model.predict(own.images) == labels
    assert found.white_box.alone == Rate.of(wrong & right)
    assert found.agreement.value > 0.95
    assert found.masked is False
