"""QuocNet: three stages of one size, none of them trainable."""

import numpy as np
import pytest

import advkeras as ak
from advkeras.models.quocnet import stages


def test_stages_and_sizes():
    model = ak.models.build("quocnet", maps=5)
    found = stages(model)
    assert [stage.name for stage, _ in found] == ["stage1", "stage2", "stage3"]
    # 32 -> fields of 6, 2 apart: 14 -> pool: 13 -> 3: 11 -> 10 -> 8 -> 7.
    sides = [(s.output.shape[1], p.output.shape[1]) for s, p in found]
    assert sides == [(14, 13), (11, 10), (8, 7)]
    places = [14**2 * 36 * 3 * 5, 11**2 * 9 * 25, 8**2 * 9 * 25]
    assert model.count_params() == sum(places) + 7 * 7 * 5 * 2 + 2
    assert len(model.trainable_weights) == 2  # of the classifier


def test_the_smallest_images():
    model = ak.models.build("quocnet", maps=2, input_shape=(20, 21, 1))
    assert stages(model)[-1][1].output.shape[1:3] == (1, 1)


def test_it_is_seeded():
    x = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    one, same, other = (
        np.asarray(ak.models.build("quocnet", maps=2, seed=seed)(x))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("options", [{"maps": 0}, {"input_shape": (19, 32, 3)}])
def test_bad_input(options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` must"):
        ak.models.build("quocnet", **options)
