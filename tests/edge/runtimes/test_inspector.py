"""The inspector: every tensor of a file, as the real kernels write it."""

import os
import signal

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from advkeras.edge.lift import read
from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.runtimes import Inspector
from advkeras.edge.runtimes import Interpreter
from tests.edge import dense
from tests.edge.lift import files

RUNTIMES = ("litert", "litert-reference")
every_runtime = pytest.mark.parametrize("runtime", RUNTIMES)


@every_runtime
@pytest.mark.parametrize("inside", [True, False])
def test_the_output_is_that_of_the_interpreter(dense_files, runtime, inside):
    path, images = dense_files["int8"], dense.images(30, seed=1)
    (output,) = read(path).outputs
    with Interpreter(path, runtime) as session:
        expected = session.predict(images).outputs
    with Inspector(path, runtime, inside) as inspector:
        assert inspector.image_shape == dense.SHAPE
        assert inspector.outputs[0]["index"] == output.index
        assert inside or len(inspector.outputs) == 1
        found = inspector.tensors(images, [output.index])
        again = inspector.tensors(images[:4], [output.index])
    assert list(found) == [output.index]
    assert found[output.index].dtype == np.int8
    np.testing.assert_array_equal(found[output.index], expected)
    np.testing.assert_array_equal(again[output.index], expected[:4])


@every_runtime
def test_what_lies_between_is_kept(dense_files, runtime):
    """The flattened image, which other tensors would have overwritten."""
    path, images = dense_files["int8"], dense.images(5, seed=1)
    graph = read(path)
    (reshape,) = [op for op in graph.operators if op.name == "RESHAPE"]
    (given,), (flat,) = graph.inputs, reshape.outputs
    with Inspector(path, runtime) as inspector:
        found = inspector.tensors(images, [given.index, flat.index])
    quantised = dense.Arithmetic(path).quantised(images)
    np.testing.assert_array_equal(found[given.index], quantised)
    np.testing.assert_array_equal(
        found[flat.index], quantised.reshape(len(images), 16)
    )


@every_runtime
@pytest.mark.parametrize("fixed", ["one", "three"])
def test_a_file_of_so_many_images_at_a_time(dense_files, runtime, fixed):
    images = dense.images(4)
    found = []
    for name in ("int8", fixed):
        graph = read(dense_files[name])
        (reshape,) = [op for op in graph.operators if op.name == "RESHAPE"]
        wanted = [reshape.outputs[0].index, graph.outputs[0].index]
        with Inspector(dense_files[name], runtime) as inspector:
            tensors = inspector.tensors(images, wanted)
        found.append([tensors[index] for index in wanted])
    for any_number, one in zip(*found, strict=True):
        np.testing.assert_array_equal(any_number, one)


def test_all_is_kept_where_the_empty_buffer_is_a_list(dense_files, tmp_path):
    """A list of nothing, as converters other than TensorFlow's write it."""
    model = schema.ModelT.InitFromPackedBuf(dense_files["int8"].read_bytes(), 0)
    for tensor in model.subgraphs[0].tensors:
        if model.buffers[tensor.buffer].data is None:
            tensor.buffer = 0
    model.buffers[0].data = np.zeros(0, np.uint8)
    path = tmp_path / "listed.tflite"
    path.write_bytes(files.packed(model))
    graph, images = read(path), dense.images(3)
    wanted = [op.outputs[0].index for op in graph.operators]
    assert len(wanted) > 1
    with (
        Inspector(dense_files["int8"]) as expected,
        Inspector(path) as inspector,
    ):
        known = expected.tensors(images, wanted)
        for index, found in inspector.tensors(images, wanted).items():
            np.testing.assert_array_equal(found, known[index])


@pytest.mark.parametrize("name", ["two outputs", "image"])
def test_files_that_are_no_classifiers(no_classifiers, name):
    graph = read(no_classifiers[name])
    indices = [tensor.index for tensor in graph.outputs]
    with Inspector(no_classifiers[name], inside=False) as inspector:
        found = inspector.tensors(dense.images(6), indices)
    for tensor in graph.outputs:
        assert found[tensor.index].shape == (6, *tensor.shape[1:])


def test_what_cannot_be_looked_at(dense_files):
    images = dense.images(2)
    graph = read(dense_files["int8"])
    (between,) = [
        op.outputs[0].index for op in graph.operators if op.name == "RESHAPE"
    ]
    with Inspector(dense_files["int8"]) as inspector:
        weights = next(
            tensor.index for tensor in graph.tensors if tensor.data is not None
        )
        for index in (-1, 999, weights):
            with pytest.raises(ValueError, match=f"Received: index {index}"):
                inspector.tensors(images, [index])
        with pytest.raises(ValueError, match=r"shape \(n, 4, 4, 1\)"):
            inspector.tensors(images[0], [0])
        assert inspector.tensors(images, []) == {}
        given = inspector.input["index"]
        assert set(inspector.tensors(images, [given, given])) == {given}
    with (
        Inspector(dense_files["int8"], inside=False) as inspector,
        pytest.raises(ValueError, match="that can be looked at"),
    ):
        inspector.tensors(images, [between])


def test_wrong_settings(dense_files, tmp_path):
    with pytest.raises(ValueError, match="`runtime` must be one of"):
        Inspector(dense_files["int8"], "tflm")
    with pytest.raises(ValueError, match=r"`path` must be a \.tflite"):
        Inspector(tmp_path / "missing.tflite")
    (tmp_path / "empty.tflite").touch()
    with pytest.raises(CannotRunError, match="that litert can run"):
        Inspector(tmp_path / "empty.tflite")


def test_a_crash_does_not_end_the_parent(dense_files):
    (output,) = read(dense_files["int8"]).outputs
    with Inspector(dense_files["int8"]) as inspector:
        os.kill(inspector._process.pid, signal.SIGKILL)
        with pytest.raises(CannotRunError, match="crashed: SIGKILL"):
            inspector.tensors(dense.images(2), [output.index])
        with pytest.raises(ValueError, match="`Inspector` must be running"):
            inspector.tensors(dense.images(2), [output.index])
