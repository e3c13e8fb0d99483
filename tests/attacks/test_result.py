import pickle

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
    for parts in ([result[:2], result[2:]], result):
        joined = ak.attacks.AttackResult.concatenate(parts)
        for name, value in fields(result).items():
            np.testing.assert_array_equal(getattr(joined, name), value)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (2, [2]),
        (np.int64(-1), [4]),
        (slice(1, 4), [1, 2, 3]),
        (slice(None, None, -2), [4, 2, 0]),
        ([3, 0, 3], [3, 0, 3]),
        (np.array([True, False, False, True, False]), [0, 3]),
        ([], []),
    ],
)
def test_some_of_the_images(result, rows, expected):
    some = result[rows]
    assert len(some) == len(expected)
    for name, value in fields(result).items():
        rowwise = isinstance(value, np.ndarray)
        np.testing.assert_array_equal(
            getattr(some, name), value[expected] if rowwise else value
        )
    assert f"n={len(expected)}" in repr(some)


@pytest.mark.parametrize(
    "rows", [5, -6, "c", None, 1.0, [[0, 1]], [True, False], (0, 1)]
)
def test_images_that_are_not_there(result, rows):
    with pytest.raises(IndexError, match="`rows` must be numbers of 5 images"):
        result[rows]


def test_iterated_it_is_one_result_an_image(result):
    assert [one.fingerprint() for one in result] == [
        result[i].fingerprint() for i in range(5)
    ]


def test_pickled_it_is_the_same(result):
    assert (
        pickle.loads(pickle.dumps(result)).fingerprint() == result.fingerprint()
    )


def test_it_is_no_array(result):
    with pytest.raises(ValueError, match="images"):
        ak.attacks.FGSM(0.1)(linear(classes=3)[0], result)


def test_results_that_do_not_belong_together(result):
    join = ak.attacks.AttackResult.concatenate
    other = ak.attacks.FGSM(0.2)(linear(classes=3)[0], grey(5))
    with pytest.raises(ValueError, match=r"parts\[1\], which differ in"):
        join([result, other])
    with pytest.raises(ValueError, match=r"parts\[1\] of type int"):
        join([result, 3])
    with pytest.raises(ValueError, match="must not be empty"):
        join(iter(()))


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
