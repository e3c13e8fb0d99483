"""Stages learn without labels, one after the other."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.models.quocnet import stages


@pytest.fixture(scope="module")
def photographs():
    """Blurred noise: neighbours are alike, as in photographs."""
    noise = np.random.default_rng(0).random((60, 34, 34, 3), np.float32)
    blurred = noise.copy()
    for axis in (1, 2):
        blurred = sum(np.roll(blurred, i, axis) for i in (-1, 0, 1)) / 3
    return blurred[:, 1:-1, 1:-1]


@pytest.mark.slow
def test_every_stage_learns_and_rests_again(photographs):
    model = ak.models.build("quocnet", maps=3)
    before = model.get_weights()
    first = ak.training.pretrain_stages(model, photographs, 1)
    after = model.get_weights()
    for stage, _ in stages(model):
        assert not stage.trainable
    logits = [w.shape for w in model.trainable_weights]
    assert logits == [(7 * 7 * 3, 2), (2,)]
    changed = [
        not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
    ]
    assert changed == [w.ndim == 4 for w in before]
    more = ak.models.build("quocnet", maps=3)
    longer = ak.training.pretrain_stages(more, photographs, 6)
    # Of the first stage; what the others are given has changed too.
    assert longer[0] < first[0]


def test_a_model_without_stages(photographs):
    with pytest.raises(ValueError, match="`model` must have a stage"):
        ak.training.pretrain_stages(
            ak.models.build("fc10"), photographs[:, :28, :28, :1], 1
        )
