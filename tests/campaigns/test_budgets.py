import dataclasses

import numpy as np
import pytest

import advkeras as ak
from tests.campaigns import budgets


@pytest.mark.slow
def test_a_thirtieth_of_the_images(tmp_path):
    rows = budgets.run(1 / 30, 0, tmp_path)
    assert sum(row.tried for row in rows) >= budgets.WHOLE / 30
    assert not [failure for row in rows for failure in row.failures]


def attacked(epsilon):
    classifier = budgets.classifier("float32", (0.0, 1.0), None)
    images = budgets.drawn(8, (0.0, 1.0), None, seed=0)
    return classifier, ak.attacks.FGSM(epsilon)(classifier, images)


def test_what_is_wrong_is_found():
    classifier, result = attacked(0.1)

    def found(result, epsilon=0.1):
        return budgets.wrong(result, epsilon, "linf", classifier)

    assert found(result) is None
    assert "above 0.0999" in found(result, 0.0999)
    out = result.images.copy()
    out[0, 0, 0, 0] = np.nextafter(np.float32(1), np.float32(2))
    assert "out of 0.0, 1.0" in found(dataclasses.replace(result, images=out))
    other = dataclasses.replace(result, predictions=1 + result.predictions)
    assert "8 predictions are other" in found(other)
    never = dataclasses.replace(
        result, labels=result.predictions, success=np.ones(8, bool)
    )
    assert "a success that is none" in found(never)
