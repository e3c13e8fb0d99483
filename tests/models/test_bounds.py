"""What first layers say of the pixels that a model takes."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.models import bounds_of_layers


def starting(*first):
    return keras.Sequential(
        [keras.Input((8, 8, 3)), *first, layers.Flatten(), layers.Dense(3)]
    )


def normalization(mean):
    return layers.Normalization(mean=mean, variance=[0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("first", "bounds"),
    [
        ([layers.Rescaling(1 / 255)], (0, 255)),
        ([layers.Rescaling(1 / 256)], (0, 255)),
        ([layers.Rescaling(1 / 127.5, offset=-1)], (0, 255)),
        ([layers.Rescaling(2.0, offset=-1)], (0, 1)),
        ([layers.Rescaling(0.5, offset=0.5)], (-1, 1)),
        ([layers.ZeroPadding2D(1), layers.Rescaling(1 / 255)], (0, 255)),
        ([layers.RandomFlip(), layers.Rescaling(1 / 255)], (0, 255)),
        ([normalization([0.48, 0.45, 0.4])], (0, 1)),
        ([normalization([124.0, 116.0, 104.0])], (0, 255)),
    ],
)
def test_bounds_are_found(first, bounds):
    (found, name) = bounds_of_layers(starting(*first))
    assert found == bounds
    classifier = ak.Classifier(starting(*first))
    assert classifier.bounds == bounds
    assert classifier.bounds_from.startswith("layer ")
    assert name


@pytest.mark.parametrize(
    "first",
    [
        [],
        [layers.Rescaling(3.0)],
        [layers.Rescaling(0.0)],
        [layers.Conv2D(3, 1), layers.Rescaling(1 / 255)],
        [normalization([0.0, 0.0, 0.0])],
    ],
)
def test_where_nothing_says_so_they_are_assumed(first):
    assert bounds_of_layers(starting(*first)) is None
    classifier = ak.Classifier(starting(*first))
    assert (classifier.bounds, classifier.bounds_from) == ((0, 1), "assumed")


def test_of_a_nested_model_and_of_a_file(tmp_path):
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, starting(layers.Rescaling(1 / 255))(inputs))
    outer.save(tmp_path / "outer.keras")
    assert ak.load(tmp_path / "outer.keras").bounds == (0.0, 255.0)
    said = "bounds: 0 .. 1 given, the layer 'rescaling.*' of outer.keras says 0"
    with pytest.warns(UserWarning, match=said):
        given = ak.load(tmp_path / "outer.keras", bounds=(0, 1))
    assert (given.bounds, given.bounds_from) == ((0.0, 1.0), "given")


def test_a_card_goes_before_the_layers(tmp_path):
    path = tmp_path / "net.keras"
    ak.models.save_with_card(
        starting(layers.Rescaling(1 / 255)), path, {"bounds": [-1, 1]}
    )
    classifier = ak.load(path)
    assert (classifier.bounds, classifier.bounds_from) == ((-1, 1), "card")
    said = "bounds: 0 .. 255 given, the card of net.keras says -1 .. 1"
    with pytest.warns(UserWarning, match=said) as warned:
        classifier = ak.load(path, bounds=(0, 255))
    assert warned[0].filename == __file__
    assert (classifier.bounds, classifier.bounds_from) == ((0, 255), "given")


def test_the_same_bounds_again_are_no_contradiction(tmp_path):
    path = tmp_path / "net.keras"
    ak.models.save_with_card(
        starting(layers.Rescaling(1 / 255)), path, {"bounds": [-1, 1]}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ak.load(path, bounds=(-1, 1))
        path.with_suffix(".json").write_text("{}")  # of no file
        ak.load(path, bounds=(0, 255))


def test_a_share_of_the_range_in_the_images_units():
    classifier = ak.Classifier(starting(layers.Rescaling(1 / 255)))
    assert classifier.epsilon(8 / 255) == pytest.approx(8)
    for wrong in (0, 1.5, np.nan, "8/255"):
        with pytest.raises(ValueError, match="share="):
            classifier.epsilon(wrong)
