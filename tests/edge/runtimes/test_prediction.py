"""Labels of outputs: of several scores, of one, and of no numbers."""

import numpy as np
import pytest

import advkeras as ak
from advkeras import checks
from advkeras.edge.runtimes import Prediction
from advkeras.edge.standalone import run_on_device
from tests.edge.lift.handmade import Net
from tests.edge.runtimes.battery import runtimes

FLOATS = {"scale": None, "zero_point": None}
NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_no_answer_is_no_class(dtype):
    outputs = [
        [0, 2, 1],
        [3, 3, 1],  # the first of two
        [NAN, 2, 1],
        [0, 2, NAN],
        [NAN, NAN, NAN],
        [0, INF, 1],
        [-INF, -INF, -INF],
        [-INF, 0, 1],
    ]
    found = Prediction.of(np.array(outputs, dtype), FLOATS)
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [1, 0, -1, -1, -1, -1, -1, 2]
    assert run_on_device.NO_ANSWER == checks.NO_ANSWER == -1


def test_integers_always_answer():
    outputs = np.array([[-128, -128], [127, 126], [0, 1]], np.int8)
    tensor = {"scale": 0.5, "zero_point": 127}
    assert Prediction.of(outputs, tensor).labels.tolist() == [0, 0, 1]


def test_a_single_score_is_the_probability_of_class_1():
    outputs = np.array([[0.2], [0.5], [0.51], [NAN], [1]], np.float32)
    assert Prediction.of(outputs, FLOATS).labels.tolist() == [0, 0, 1, -1, 1]
    outputs = np.array([[-128], [0], [1], [127]], np.int8)
    tensor = {"scale": 1 / 256, "zero_point": -128}
    assert Prediction.of(outputs, tensor).labels.tolist() == [0, 0, 1, 1]
    outputs = np.array([[0], [128], [129], [255]], np.uint8)
    tensor = {"scale": 1 / 256, "zero_point": 0}
    assert Prediction.of(outputs, tensor).labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((7, 3), (7, 3)), ((7, 1, 1, 3), (7, 3)), ((7, 1, 1), (7, 1))],
)
def test_dimensions_of_one_are_left_out(shape, expected):
    outputs = np.arange(np.prod(shape)).reshape(shape)
    found = run_on_device.as_scores(outputs)
    assert found.shape == expected
    assert found.ravel().tolist() == outputs.ravel().tolist()
    assert run_on_device.is_scores(shape)


@pytest.mark.parametrize("shape", [(7,), (7, 2, 3), (7, 1, 2, 1)])
def test_other_outputs_are_as_they_are(shape):
    assert run_on_device.as_scores(np.zeros(shape)).shape == shape
    assert not run_on_device.is_scores(shape)


@runtimes()
def test_a_file_that_returns_no_numbers(runtime, tmp_path):
    net = Net("FLOAT32", (1, 3))
    net.add("LOG", [net.given], (1, 3))
    path = tmp_path / "log.tflite"
    path.write_bytes(net.content())
    images = [[1, 2, 3], [3, -1, 1], [5, 0, 1], [np.e, 1, 1], [0, 0, 0]]
    with ak.edge.start(path, runtime) as interpreter:
        found = interpreter.predict(np.array(images, np.float32))
    assert np.isnan(found.outputs[1, 1])
    assert found.labels.tolist() == [2, -1, 0, 0, -1]


@runtimes()
def test_scores_of_more_dimensions(runtime, tmp_path):
    net = Net("INT8", (1, 1, 1, 4), grid=(0.5, 0))
    net.add("RELU", [net.given], (1, 1, 1, 4), grid=(0.5, 0))
    path = tmp_path / "deep.tflite"
    path.write_bytes(net.content())
    images = np.array([[1, 2, 3, 0], [9, 8, 7, 6]], np.float32)
    with ak.edge.start(path, runtime) as interpreter:
        found = interpreter.predict(images.reshape(2, 1, 1, 4))
        assert interpreter.num_classes == 4
    assert found.outputs.tolist() == [[2, 4, 6, 0], [18, 16, 14, 12]]
    assert found.labels.tolist() == [2, 0]
