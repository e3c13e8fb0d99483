"""Files of several outputs: the one that classifies, by its name."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import advkeras as ak
from advkeras.edge import one_output
from advkeras.edge.lift import read
from tests.edge import dense
from tests.edge import strangers

RUNTIMES = ("litert", "litert-reference", "litert-optimised", "tflm")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return strangers.of_several_outputs(tmp_path_factory.mktemp("two"))


def every_output(path, images):
    """What LiteRT returns of the file as it is, by the signature's names."""
    runner = Interpreter(str(path)).get_signature_runner()
    (name,) = runner.get_input_details()
    return runner(**{name: images})


def test_outputs_have_the_names_of_the_signature(two):
    found = one_output.outputs_of(two)
    shapes = {one.names[0]: one.shape for one in found}
    assert shapes == {
        "heat": (-1, 4, 4, 2),
        "scores": (-1, 3),
        "other": (-1, 5),
    }
    for place, one in enumerate(found):
        for name in one.names:
            assert one_output.place_of(two, name) == place
        assert one_output.place_of(two, place) == place
        assert len(one.names) == 2  # the tensor's too


@pytest.mark.parametrize("output", ["scores", "other"])
def test_a_copy_returns_what_the_file_does(two, tmp_path, output):
    images = dense.images(12)
    copy = ak.edge.with_one_output(two, output, tmp_path / "copy.tflite")
    expected = every_output(two, images)[output]
    for runtime in RUNTIMES:
        with ak.edge.start(copy, runtime) as session:
            found = session.predict(images).outputs
        if runtime == "litert":
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    # Nothing but two lists and a number is another.
    one, other = (
        np.frombuffer(path.read_bytes(), np.uint8) for path in (two, copy)
    )
    assert one.shape == other.shape
    assert (one != other).sum() <= 12
    assert [op.name for op in read(copy).operators] == [
        op.name for op in read(two).operators
    ]


@pytest.mark.parametrize("lifted", [True, False])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_classifier_of_a_named_output(two, runtime, lifted):
    images = dense.images(12)
    expected = every_output(two, images)
    for output in ("scores", "other"):
        one = ak.load(
            two, (0, 1), output=output, runtime=runtime, lifted=lifted
        )
        assert one.path == str(two)
        assert one.num_classes == expected[output].shape[1]
        labels = expected[output].argmax(axis=1)
        np.testing.assert_array_equal(one.predict(images), labels)
        np.testing.assert_array_equal(one.lifted_predict(images), labels)


def test_outputs_have_other_fingerprints_and_attacks_work(two):
    images = dense.images(12)
    one, same, number, other = (
        ak.load(two, (0, 1), "logits", output=output)
        for output in ("scores", "scores", place(two, "scores"), "other")
    )
    assert one.fingerprint() == same.fingerprint() == number.fingerprint()
    assert one.fingerprint() != other.fingerprint()
    result = ak.attacks.FGSM(0.3)(one, images)
    assert result.success.any()
    np.testing.assert_array_equal(
        result.predictions, one.predict(result.images)
    )


def place(path, name):
    return one_output.place_of(path, name)


def test_what_does_not_name_one(two, dense_files, tmp_path):
    listed = r"'scores' of shape \(-1, 3\)"
    for output in (None, "nosuch", 3, -1, True, 1.5):
        with pytest.raises(ValueError, match=listed) as error:
            ak.load(two, (0, 1), output=output)
        assert f"Received: output={output!r}" in str(error.value)
        assert "`output` must name" in str(error.value)
    with pytest.raises(ValueError, match="`output` must name"):
        ak.load(dense_files["int8"], output="nosuch")
    with pytest.raises(ValueError, match=r"to \[1, 4, 4, 2\]") as error:
        ak.load(two, (0, 1), output="heat")
    assert f"path={str(two)!r}" in str(error.value)
    with pytest.raises(ValueError, match=listed) as error:
        ak.edge.start(two)
    assert "`ak.edge.with_one_output`" in str(error.value)
    with pytest.raises(ValueError, match="`copy` must be a place"):
        ak.edge.with_one_output(two, 0, two / "copy.tflite")
    with pytest.raises(ValueError, match=r"a whole \.tflite file"):
        ak.edge.with_one_output(tmp_path / "none.tflite", 0, tmp_path / "copy")


def test_one_output_needs_no_name(dense_files, tmp_path):
    path = dense_files["int8"]
    with one_output.chosen(path, None) as same:
        assert same == path
    copy = ak.edge.with_one_output(path, None, tmp_path / "copy.tflite")
    images = dense.images(5)
    outputs = []
    for file in (path, copy):
        with ak.edge.start(file) as session:
            outputs.append(session.predict(images).outputs)
    np.testing.assert_array_equal(*outputs)


def test_signatures_of_no_end(two, tmp_path):
    """A count of signatures that lies is not believed."""
    from advkeras.edge import flatbuffer

    content = bytearray(two.read_bytes())
    with flatbuffer.reading(two) as model:
        at = one_output._vector(model, one_output._SIGNATURES)
    content[at : at + 4] = b"\xff\xff\xff\x7f"
    path = tmp_path / "endless.tflite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="lists more than it holds"):
        one_output.outputs_of(path)
