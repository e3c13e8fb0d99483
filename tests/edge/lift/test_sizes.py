"""A file whose shapes are huge is refused before any of them is filled."""

import tracemalloc

import numpy as np
import pytest

import advkeras as ak
from tests.edge.lift.files import File


def refused(path, file, given, found):
    """Returns the error of a file, which took little memory."""
    path.write_bytes(file.packed([given], [found]))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="`path` must be") as caught:
            ak.edge.lift(path)
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
    finally:
        tracemalloc.stop()
    return str(caught.value)


def net(shape, file=None):
    file = file or File()
    given = file.tensor(shape)
    found = file.tensor(shape)
    file.operator("RELU", [given], [found])
    return file, given, found


def test_a_huge_shape(tmp_path):
    said = refused(tmp_path / "a.tflite", *net((1, 1 << 30, 1 << 30, 1)))
    assert "its tensors have 1152921504606846976 elements" in said


def test_a_shape_of_many_sizes(tmp_path):
    said = refused(tmp_path / "a.tflite", *net((1,) * 100_000))
    assert "tensor 0 has 100000 sizes" in said


def test_one_buffer_of_many_tensors(tmp_path):
    """A file of 4 MB, whose tensors would be copied to 4 GB."""
    file = File()
    first = file.tensor((1 << 20,), data=np.zeros(1 << 20))
    tensors = file._graph.tensors
    for _ in range(1000):
        again = file.tensor((1 << 20,))
        tensors[again].buffer = tensors[first].buffer
    said = refused(tmp_path / "a.tflite", *net((1, 4), file))
    assert "its tensors have" in said
