"""Reading .tflite files: real ones, hand-made ones and broken ones."""

import struct

import flatbuffers
import hypothesis
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import strategies as st

import advkeras as ak
from advkeras.edge.export import export
from advkeras.edge.flatbuffer import describe
from advkeras.edge.runtimes.interpreter import Interpreter


@pytest.fixture(scope="module")
def m1(tmp_path_factory, digits):
    """The files of m1: variant -> path."""
    return export(
        ak.load("m1"),
        tmp_path_factory.mktemp("m1"),
        ("float32", "int8"),
        calibration=digits.images[:20],
    )


@pytest.fixture
def whole(m1):
    return m1["int8"].read_bytes()


@pytest.fixture
def said_of(tmp_path):
    """Returns what is wrong with a file of these bytes, None if nothing."""

    def said_of(content):
        path = tmp_path / "file.tflite"
        path.write_bytes(content)
        try:
            describe(path)
        except ValueError as error:
            assert str(error).startswith("`path` must be a whole .tflite file ")
            assert f"Received: path={str(path)!r} (" in str(error)
            assert "\n" not in str(error)
            return str(error)
        return None

    return said_of


def tensor(name, dtype="FLOAT32", shape=(1, 4), signature=None, quant=None):
    made = schema.TensorT()
    made.name, made.type = name, getattr(schema.TensorType, dtype)
    made.shape, made.shapeSignature = list(shape), signature
    if quant is not None:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = [pair[0] for pair in quant]
        made.quantization.zeroPoint = [pair[1] for pair in quant]
    return made


def code(builtin, deprecated=None, custom=None):
    made = schema.OperatorCodeT()
    made.builtinCode, made.customCode = builtin, custom
    made.deprecatedBuiltinCode = builtin if deprecated is None else deprecated
    return made


def operator(index, inputs, outputs):
    made = schema.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = index, inputs, outputs
    return made


def packed(tensors, codes, operators, inputs=(0,), outputs=(1,), version=3):
    """Returns the bytes of a model with one graph and no weights."""
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = tensors, operators
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    model = schema.ModelT()
    model.version, model.operatorCodes = version, codes
    model.subgraphs, model.buffers = [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.fixture
def described(tmp_path):
    def described(content):
        (tmp_path / "made.tflite").write_bytes(content)
        return describe(tmp_path / "made.tflite")

    return described


RELU = schema.BuiltinOperator.RELU


def test_a_real_file_is_as_its_interpreter_says(m1):
    for path in m1.values():
        description = describe(path)
        with Interpreter(path, "litert") as interpreter:
            for end in ("input", "output"):
                read = getattr(description, end)
                said = getattr(interpreter, end)
                assert read.dtype == said["dtype"]
                assert (1, *read.shape[1:]) == tuple(said["shape"])
                assert read.scale == said["scale"]
                assert read.zero_point == said["zero_point"]
        assert description.input.shape == (-1, 28, 28, 1)
        assert description.output.shape == (-1, 10)
        assert description.operators["FULLY_CONNECTED"] == 3
        assert description.operators["LOGISTIC"] == 2  # m1 has sigmoids
    assert describe(m1["int8"]).float_operators == {}
    assert describe(m1["float32"]).float_operators["FULLY_CONNECTED"] == 3


def test_a_hand_made_file(described):
    """Each way to name an operator, and a tensor without a signature."""
    found = described(
        packed(
            [
                tensor("in", "INT8", (1, 4), (-1, 4), quant=[(0.5, -3)]),
                tensor("out", "FLOAT32", (2, 2)),
                tensor("inner", "INT16", (1, 4)),
            ],
            [
                code(RELU),
                code(0, deprecated=RELU),  # before there were more than 127
                code(schema.BuiltinOperator.GELU, deprecated=127),
                code(schema.BuiltinOperator.CUSTOM, custom="Mine"),
                code(5000, deprecated=127),  # of the future
                code(schema.BuiltinOperator.DEQUANTIZE),
            ],
            [
                operator(0, [0], [2]),
                operator(1, [2], [2]),
                operator(2, [2, -1], [2]),  # -1: an optional input left out
                operator(3, [2], [1]),
                operator(3, [2], [2]),
                operator(4, [2], [2]),
                operator(5, [2], [1]),
            ],
        )
    )
    assert found.input.name == "in"
    assert found.input.to_json() == {
        "dtype": "int8",
        "shape": [-1, 4],
        "scale": 0.5,
        "zero_point": -3,
    }
    assert found.output.to_json() == {
        "dtype": "float32",
        "shape": [2, 2],
        "scale": None,
        "zero_point": None,
    }
    assert found.operators == {
        "RELU": 2,
        "GELU": 1,
        "Mine": 2,
        "BUILTIN_5000": 1,
        "DEQUANTIZE": 1,
    }
    assert found.float_operators == {"Mine": 1}


TWO = [tensor("a"), tensor("b")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (packed(TWO, [], [], inputs=(0, 1)), "2 inputs, 1 outputs"),
        (packed(TWO, [], [], outputs=()), "1 inputs, 0 outputs"),
        (packed(TWO, [], [], inputs=(2,)), "no tensor 2"),
        (packed(TWO, [], [], inputs=(-1,)), "no tensor -1"),
        (packed(TWO, [code(RELU)], [operator(1, [0], [1])]), "IndexError"),
        (packed(TWO, [], [], version=2), "version 2"),
        (packed([tensor(None), tensor("b")], [], []), "AttributeError"),
        (b"", "does not begin"),
        (b"TFL3", "does not begin"),
        (b"\x00" * 100, "does not begin"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "does not begin"),
        (b"\x1c\x00\x00\x00TFL3", "error"),
        (b"\xff\xff\xff\xffTFL3" + b"\xff" * 100, "error"),
    ],
)
def test_a_file_that_is_none(said_of, content, reason):
    assert reason in said_of(content)


def test_where_no_file_is(tmp_path):
    for path in (tmp_path / "nosuch.tflite", tmp_path):
        with pytest.raises(ValueError, match=r"`path` .* Received: path="):
            describe(path)


def test_wherever_a_file_is_cut_off(said_of, whole):
    """Also where only weights or the last list are missing."""
    assert said_of(whole) is None
    n = len(whole)
    for length in (*range(0, n, n // 97), *range(n - 200, n)):
        assert said_of(whole[:length]), length


def test_a_list_longer_than_the_file(said_of, whole):
    model = schema.Model.GetRootAs(whole)
    graph = model.Subgraphs(0)
    for table, slot in ((model, 6), (model, 8), (model, 12), (graph, 10)):
        at = table._tab.Vector(table._tab.Offset(slot)) - 4  # its length
        broken = bytearray(whole)
        for length in (2**16, 2**31, 2**32 - 1):
            struct.pack_into("<I", broken, at, length)
            assert said_of(bytes(broken))


def test_many_graphs_that_are_one(said_of):
    """Small as a file, endless to walk."""
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = TWO, [0], [1]
    graph.operators = [operator(0, [0] * 1000, [1])]
    builder = flatbuffers.Builder(1024)
    one, many = graph.Pack(builder), 5000
    schema.ModelStartSubgraphsVector(builder, many)
    for _ in range(many):
        builder.PrependUOffsetTRelative(one)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    assert "lists more than it holds" in said_of(bytes(builder.Output()))


@hypothesis.given(data=st.data())
@hypothesis.settings(max_examples=300)
def test_a_broken_file_is_read_or_refused(data, m1, tmp_path_factory):
    content = bytearray(m1["int8"].read_bytes())
    graph = schema.Model.GetRootAs(content).Subgraphs(0)._tab.Pos
    # Not the weights, which may be anything.
    places = st.integers(0, 500) | st.integers(graph - 100, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "broken.tflite"
    path.write_bytes(content)
    try:
        assert np.prod(describe(path).output.shape) is not None
    except ValueError as error:
        assert "Received: path=" in str(error)
