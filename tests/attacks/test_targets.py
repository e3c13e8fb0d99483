import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advkeras.attacks import targets


def images(n):
    return np.random.default_rng(0).random((n, 4, 4, 1), np.float32)


@given(
    rule=st.sampled_from(targets.RULES),
    pairs=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9
    ),
    seed=st.integers(0, 2**31),
)
def test_never_the_label_nor_the_prediction(rule, pairs, seed):
    labels, predictions = np.array(pairs).T
    chosen = targets.choose(
        rule, images(len(pairs)), labels, predictions, 5, seed
    )
    assert (chosen != labels).all()
    assert (chosen != predictions).all()
    assert ((chosen >= 0) & (chosen < 5)).all()


def test_two_classes_leave_the_other_one():
    chosen = targets.choose(
        "random", images(2), np.array([0, 1]), np.array([1, 1]), 2, 0
    )
    assert chosen.tolist() == [1, 0]


def test_next_wraps_and_skips_the_prediction():
    labels, predictions = np.array([9, 9, 3]), np.array([9, 0, 3])
    chosen = targets.choose("next", images(3), labels, predictions, 10, 0)
    assert chosen.tolist() == [0, 1, 4]


def test_an_image_keeps_its_target_in_any_company():
    x, y = images(40), np.arange(40) % 10
    whole = targets.choose("random", x, y, y, 10, 7)
    odd = targets.choose("random", x[1::2], y[1::2], y[1::2], 10, 7)
    assert odd.tolist() == whole[1::2].tolist()
    assert targets.choose("random", x, y, y, 10, 8).tolist() != whole.tolist()


def test_random_targets_are_spread_evenly():
    n = 3000
    x, y = images(n), np.zeros(n, int)
    counts = np.bincount(targets.choose("random", x, y, y, 10, 0))
    assert counts[0] == 0
    # 333 each; 5 standard deviations are 86.
    assert (abs(counts[1:] - n / 9) < 86).all()
