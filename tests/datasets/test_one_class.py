"""One class against as many images of the others."""

import numpy as np
import pytest

import advkeras as ak


def test_all_of_a_class_and_as_many_others_in_order():
    whole = ak.datasets.load("mnist5k", "test[:200]")
    found = ak.datasets.load("mnist5k=7", "test[:200]")
    own = np.flatnonzero(whole.labels == 7)
    others = np.flatnonzero(whole.labels != 7)[: len(own)]
    rows = np.sort([*own, *others])
    assert len(found) == 2 * len(own)
    assert (found.name, found.class_names) == ("mnist5k=7", ("other", "7"))
    np.testing.assert_array_equal(found.images, whole.images[rows])
    np.testing.assert_array_equal(found.labels, whole.labels[rows] == 7)


@pytest.mark.parametrize("name", ["mnist5k=10", "mnist5k=ostrich"])
def test_a_class_that_is_none(name):
    with pytest.raises(ValueError, match="`class_name` must be one of: 0, 1"):
        ak.datasets.load(name, "test")
