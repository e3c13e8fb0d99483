"""AlexNet: the counts of weights that are known, and its sizes."""

import numpy as np
import pytest

import advkeras as ak


@pytest.mark.slow
# The weights of Krizhevsky's net in two halves, and of one that is whole.
@pytest.mark.parametrize(
    ("groups", "parameters"), [(2, 60_965_224), (1, 62_378_344)]
)
def test_the_weights_of_the_full_size(groups, parameters):
    model = ak.models.build("alexnet", groups=groups)
    assert model.input_shape == (None, 227, 227, 3)
    assert model.output_shape == (None, 1000)
    assert model.count_params() == parameters


def test_the_maps_of_the_full_size():
    """Krizhevsky et al. 2012, figure 2: 55, 27, 13, 13, 13 a side."""
    model = ak.models.build("alexnet", units=8)
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert shapes["conv1"] == (55, 55, 96)
    assert shapes["conv2"] == (27, 27, 256)
    assert [shapes[f"conv{i}"] for i in (3, 4, 5)] == [
        (13, 13, 384),
        (13, 13, 384),
        (13, 13, 256),
    ]


def test_a_small_one_classifies_small_images():
    model = ak.models.build("alexnet-cifar10")
    x = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    logits = np.asarray(model(x))
    assert logits.shape == (2, 10)
    assert np.isfinite(logits).all()
    again = ak.models.build("alexnet-cifar10")
    np.testing.assert_array_equal(np.asarray(again(x)), logits)
    assert not np.array_equal(
        np.asarray(ak.models.build("alexnet-cifar10", seed=1)(x)), logits
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "`width` must be a finite number above 0"),
        ({"width": 0.001}, "`width` must give each convolution"),
        ({"groups": 5}, "`groups`"),
        ({"dropout": 1.0}, "`dropout` must be 0 or more"),
        ({"input_shape": (20, 32, 3)}, "`input_shape` must have sides"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        ak.models.build("alexnet", **options)
