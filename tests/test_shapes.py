"""Models whose images have no channels: the same values in another shape."""

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras import checks
from tests.edge import strangers

MAKERS = (strangers.without_channels, strangers.flat)


@pytest.mark.parametrize(
    ("found", "shape", "same"),
    [
        ((28, 28, 1), (28, 28), True),
        ((28, 28, 1), (784,), True),
        ((784,), (28, 28, 1), True),
        ((1, 28, 28), (28, 28, 1), True),
        ((32, 32, 3), (3072,), True),
        ((3, 32, 32), (32, 32, 3), False),
        ((28, 28), (783,), False),
        ((28, 28, 3), (28, 28), False),
        ((28, 28, 1), (None, None, 1), False),
        ((14, 56, 1), (28, 28, 1), False),
    ],
)
def test_what_holds_the_same_values_in_one_order(found, shape, same):
    assert checks.same_values(found, shape) == same


@pytest.mark.parametrize("make", MAKERS)
def test_a_classifier_takes_the_shape_of_a_data_set(make, digits):
    model = make()
    own = ak.Classifier(model)
    classifier = own.fitting(digits)
    assert classifier.image_shape == (28, 28, 1)
    assert own.image_shape == model.input_shape[1:]
    images = digits.images[:20]
    as_taken = images.reshape(-1, *own.image_shape)
    expected = model.predict(as_taken, verbose=0)
    assert np.allclose(classifier.logits(images), expected, atol=1e-6)
    assert (
        classifier.predict(digits)
        == own.predict(digits.images.reshape(-1, *own.image_shape))
    ).all()
    # In the shape of the data, and by the very gradients of the model.
    for attack in (ak.attacks.FGSM(0.1), ak.attacks.LBFGS(max_iterations=5)):
        found = attack(classifier, images, digits.labels[:20])
        assert found.images.shape == (20, 28, 28, 1)
        alone = attack(own, as_taken, digits.labels[:20])
        assert np.allclose(
            found.images.reshape(alone.images.shape), alone.images, atol=1e-5
        )
    double = classifier.in_float64()
    assert double.image_shape == (28, 28, 1)
    assert np.allclose(double.logits(images), expected, atol=1e-5)


def test_one_that_fits_already_stays_itself(digits):
    classifier = ak.Classifier(strangers.net())
    assert classifier.fitting(digits) is classifier


def test_an_attack_says_how_it_can_be(digits):
    classifier = ak.Classifier(strangers.flat())
    said = r"same values .* classifier.taking\(\(28, 28, 1\)\) takes"
    with pytest.raises(ValueError, match=said):
        ak.attacks.FGSM(0.1)(classifier, digits.images[:2])


def test_other_values_do_not_fit(digits):
    classifier = ak.Classifier(strangers.net(shape=(27, 28)))
    with pytest.raises(ValueError, match="`dataset` must fit the model"):
        classifier.fitting(digits)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(strangers.without_channels, marks=pytest.mark.slow),
        strangers.flat,
    ],
)
def test_files_of_either_shape_take_the_data(make, digits, tmp_path):
    """One exported for the data has its shape; any other keeps its own."""
    own = ak.Classifier(make())
    classifier = own.fitting(digits)
    images, labels = digits.images[:20], digits.labels[:20]
    fitted = ak.edge.export(classifier, tmp_path / "a", "int8", images)["int8"]
    kept = ak.edge.export(
        own, tmp_path / "b", "int8", images.reshape(-1, *own.image_shape)
    )["int8"]
    assert ak.models.read_card(fitted)["input"]["shape"] == [-1, 28, 28, 1]
    shape = [-1, *own.image_shape]
    assert ak.models.read_card(kept)["input"]["shape"] == shape
    result = ak.attacks.FGSM(0.1)(classifier, images, labels)
    ak.edge.check_fits(kept, classifier)
    rows = ak.edge.survival(
        result,
        {"fitted": fitted, "kept": kept},
        ("litert",),
        source=classifier,
        overshoots=(1,),
    ).rows
    assert [row.variant for row in rows] == ["source", "fitted", "kept"]
    assert rows[1].outcomes == rows[2].outcomes
    lifted = ak.load(kept).fitting(digits)
    assert (lifted.predict(images) == ak.load(fitted).predict(images)).all()
    attacked = ak.attacks.FGSM(0.1)(lifted, images, labels)
    assert attacked.images.shape == (20, 28, 28, 1)
    assert lifted.fingerprint()


def test_a_saved_model_without_channels(digits, tmp_path):
    model = strangers.without_channels()
    model.export(tmp_path / "saved", verbose=False)
    classifier = ak.load(tmp_path / "saved", bounds=(0, 1)).fitting(digits)
    images = digits.images[:5]
    expected = keras.ops.convert_to_numpy(model(images[..., 0]))
    assert np.allclose(classifier.logits(images), expected, atol=1e-6)
