"""A model that does not read the images stops a run, with what would help."""

import numpy as np
import pytest
from keras import layers

import advkeras as ak
from tests.evaluation.sanity import setups


def test_a_model_that_reads_them():
    found = ak.evaluation.check_accuracy(ak.load("m1"), *setups.digits())
    assert found.right.count > 120
    assert found.tried == {} and not found.at_chance
    counts = np.bincount(setups.digits()[1])
    assert found.chance == counts.max() / 128


@pytest.mark.parametrize(
    ("before", "helps"),
    [
        (layers.Rescaling(1 / 255), "pixels in 0 .. 255"),
        (layers.Rescaling(-1.0, 1.0), "black for white"),
    ],
)
def test_what_would_help_is_said(before, helps):
    classifier = ak.Classifier(setups.around([before]), (0.0, 1.0))
    with pytest.raises(ValueError, match=f"with {helps} it is 9") as error:
        ak.evaluation.check_accuracy(classifier, *setups.digits())
    assert "Received: model" in str(error.value)


def test_images_of_one_class_are_no_reason_to_stop():
    images, labels = setups.digits()
    ones = labels == 1
    found = ak.evaluation.check_accuracy(
        ak.load("m1"), images[ones], labels[ones]
    )
    assert found.chance == 0.1


def test_far_below_its_card():
    card = {"test_error": 0.001}
    images, labels = setups.digits()
    with pytest.raises(ValueError, match=r"card says, test error 0\.1%"):
        ak.evaluation.check_accuracy(ak.load("fc10-1"), images, labels, card)
    card = {"test_error": 0.2}
    ak.evaluation.check_accuracy(ak.load("fc10-1"), images, labels, card)
