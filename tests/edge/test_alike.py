"""What runtimes have in common, counted by hand."""

import json

import numpy as np

import advkeras as ak
from advkeras.edge.alike import alike
from advkeras.edge.alike import said
from advkeras.edge.runtimes import Prediction

FLOATS = {"scale": None, "zero_point": None}


def answers(outputs):
    return said(Prediction.of(np.array(outputs, np.float32), FLOATS), FLOATS)


def test_counts_of_a_hand():
    found = alike(
        *("int8", "lbfgs", "float"),
        {
            "litert": answers([[1, 0], [0, 1], [2, 1]]),
            "tflm": answers([[1, 0], [0, 2], [1, 2]]),
            "tosa": answers([[1, 0], [1, 0], [1, 2]]),
        },
    )
    assert found.n == 3 and found.runtimes == ("litert", "tflm", "tosa")
    assert found.labels == ((3, 2, 1), (2, 3, 2), (1, 2, 3))
    assert found.outputs == ((3, 1, 1), (1, 3, 2), (1, 2, 3))
    assert found.parted == ((1, (1, 1, 0)), (2, (0, 1, 1)))
    again = json.loads(json.dumps(found.to_json()))
    assert ak.edge.Alike.from_json(again) == found


def test_equal_is_bit_by_bit():
    one, other = answers([[0.0, 1.0]]), answers([[-0.0, 1.0]])
    assert one["labels"] == other["labels"]
    assert one["outputs"] != other["outputs"]
    nan = answers([[np.nan, 1.0]])
    assert nan == answers([[np.nan, 1.0]]) and nan["labels"] == [-1]
