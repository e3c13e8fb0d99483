"""Each broken set-up fails its check; sound nets pass all of them."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.evaluation.sanity import Checks
from tests.evaluation.sanity import setups

SLOW = {"defensive distillation, T = 100"}


@pytest.mark.filterwarnings("ignore:`epsilon` is less than half")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n in SLOW else ())
        for n in setups.SETUPS
    ],
)
def test_a_broken_setup_is_caught(name):
    build, wanted = setups.SETUPS[name]
    checks = setups.checks_of(build())
    assert not checks.hold
    assert wanted in {check.name for check in checks.failed}
    first, *rest = checks.in_words()
    assert "do not trust these figures" in first
    assert any(wanted in line for line in rest)


@pytest.mark.parametrize("name", ["m1", "conv-mnist", "rbf"])
def test_a_sound_net_passes(name):
    images, labels = setups.digits()
    checks = ak.evaluation.trust(ak.load(name), images, labels)
    assert checks.failed == checks.open == ()
    (said,) = checks.in_words()
    assert "no sign of masked gradients: all 14 checks hold" in said


@pytest.mark.slow
@pytest.mark.tfds
@pytest.mark.parametrize("name", sorted(ak.models.saved_models()))
def test_every_saved_net_passes(name, tfds_dir):
    card = ak.models.read_card(ak.models.find(name))
    data = ak.datasets.load(card["dataset"], "test", data_dir=tfds_dir)
    images, labels = data.sample(256)
    checks = ak.evaluation.trust(ak.load(name), images, labels)
    assert checks.failed == ()


def test_examples_of_another_model_that_do_more_are_told():
    """The copy's own gradients lead nowhere: every pixel is clipped first."""
    images, labels = setups.digits()
    net = setups.net()
    hidden = setups.around([layers.Lambda(lambda x: keras.ops.sign(x - 0.5))])
    checks = ak.evaluation.trust(
        hidden, images, labels, epsilon=0.4, others=(ak.Classifier(net),)
    )
    names = {check.name for check in checks.failed}
    assert f"examples of {net.name} find no more than its own" in names


def test_checks_are_read_back():
    images, labels = setups.digits()
    checks = ak.evaluation.trust(ak.load("fc10-1"), images, labels)
    assert Checks.from_json(checks.to_json()) == checks


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epsilon": -1}, "epsilon=-1"),
        ({"examples": 0}, "examples=0"),
        ({"labels": np.full(128, 12)}, "labels"),
        ({"images": np.zeros((2, 5, 5, 1))}, "images"),
    ],
)
def test_bad_arguments(wrong, message):
    images, labels = setups.digits()
    given = {"images": images, "labels": labels, **wrong}
    with pytest.raises(ValueError, match=message):
        ak.evaluation.trust(ak.load("fc10-1"), **given)
