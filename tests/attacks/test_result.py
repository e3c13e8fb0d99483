import numpy as np
import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@pytest.fixture(scope="module", params=["fgsm", "lbfgs", "square"])
def result(request):
    attack = ak.attacks.build(request.param, epsilon=0.1, c_rtol=0.5)
    return attack(linear(classes=3)[0], grey(5))


def fields(result):
    return {k: getattr(result, k) for k in result.__dataclass_fields__}


@pytest.mark.parametrize("name", ["result.npz", "result"])
def test_saved_and_loaded_is_the_same(result, tmp_path, name):
    result.save(tmp_path / name)
    loaded = ak.attacks.AttackResult.load(tmp_path / name)
    for field, value in fields(result).items():
        np.testing.assert_array_equal(getattr(loaded, field), value)
    assert loaded.bounds == (0.0, 1.0)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_concatenation_of_parts_is_the_whole(result):
    parts = [
        ak.attacks.AttackResult(
            **{
                k: v[rows] if isinstance(v, np.ndarray) else v
                for k, v in fields(result).items()
            }
        )
        for rows in (slice(0, 2), slice(2, 5))
    ]
    joined = ak.attacks.AttackResult.concatenate(parts)
    for name, value in fields(result).items():
        np.testing.assert_array_equal(getattr(joined, name), value)


def test_one_row_an_image(result):
    for name in ("l2", "linf", "distortion", "success", "predictions"):
        assert getattr(result, name).shape == (5,)
    assert len(result) == 5
    assert "n=5" in repr(result)


def test_norms_by_hand():
    originals = np.zeros((1, 2, 2, 1), np.float32)
    images = np.array([3, 0, 0, 4], np.float32).reshape(1, 2, 2, 1)
    one = np.zeros(1, int)
    result = ak.attacks.AttackResult(
        originals=originals,
        images=images,
        labels=one,
        targets=None,
        clean_predictions=one,
        predictions=one,
        success=one.astype(bool),
        bounds=(0.0, 5.0),
    )
    assert result.l2.tolist() == [5.0]
    assert result.linf.tolist() == [4.0]
    assert result.distortion.tolist() == [0.5]  # sqrt(25 / 4) / 5
