"""Files of several inputs, and of integers that stand for themselves."""

import numpy as np
import pytest

from advkeras.edge.lift import read
from advkeras.edge.lift.agreement import agreement
from advkeras.edge.lift.samples import held_bounds
from advkeras.edge.lift.samples import noise_beside
from advkeras.edge.lift.samples import samples
from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.runtimes import Inspector
from tests.edge.lift import handmade

both = pytest.mark.parametrize("runtime", ["litert", "litert-reference"])
_INT8, _OTHER = (6 / 255, 3), (2 / 255, -20)


def shown(graph, runtime="litert", n=40, **more):
    """Compares a file on noise."""
    given = samples(graph, "noise", n, **more).every
    return agreement(graph, given, runtime, inspected=10)


@both
@pytest.mark.parametrize("dtype", ["INT32", "INT64", "UINT8", "INT16"])
@pytest.mark.parametrize(
    ("name", "written", "how"),
    [
        ("TRANSPOSE", (1, 5, 4, 3), (0, 3, 2, 1)),
        # Images one by one: the first dimension goes elsewhere, or is filled.
        ("TRANSPOSE", (5, 3, 4, 1), (3, 1, 2, 0)),
        ("PAD", (1, 6, 4, 6), ((0, 0), (1, 2), (0, 0), (1, 0))),
        ("PAD", (2, 3, 4, 5), ((1, 0), (0, 0), (0, 0), (0, 0))),
    ],
)
def test_integers_that_are_moved(graph_of, runtime, dtype, name, written, how):
    graph = graph_of(handmade.moved(name, (1, 3, 4, 5), written, how, dtype))
    found = shown(graph, runtime)
    (one,), (output,) = found.operators, found.outputs
    assert one.name == name and one.dtype == dtype.lower()
    assert output.difference.largest == one.difference.largest == 0
    assert output.difference.values == 40 * np.prod(written)
    assert one.alone is None or one.alone.largest == 0
    assert (one.alone is None) == (how[0] in (3, (1, 0)))


@pytest.mark.parametrize("dtype", ["INT32", "INT64", "UINT8", "INT8", "INT16"])
def test_noise_of_whole_numbers(graph_of, dtype):
    graph = graph_of(
        handmade.moved(
            "TRANSPOSE", (1, 3, 4, 5), (1, 5, 4, 3), (0, 3, 2, 1), dtype
        )
    )
    images = samples(graph, "noise", 50).images
    lower, upper = held_bounds(graph)
    np.testing.assert_array_equal(images, np.rint(images))
    assert lower <= images.min() < images.max() <= upper
    assert np.ptp(images) > 0.9 * (upper - lower)
    assert set(np.unique(samples(graph, "noise", 9, (0, 1)).images)) == {0, 1}


@both
@pytest.mark.parametrize(
    ("grid", "written", "written_grid"),
    [
        ((3 / 32768, 0), "INT8", (6 / 255, 3)),
        ((1 / 3, 0), "INT8", (9, -7)),
        ((3 / 32768, 0), "INT16", (1 / 9000, 0)),
        ((3 / 32768, 0), "INT32", (1 / 90000, 0)),
        ((3 / 32768, 0), "INT32", (1 / 2, 0)),
        ((1 / 3, 0), "INT32", (1 / 5, 0)),
    ],
)
def test_quantize_of_16_bits(graph_of, runtime, grid, written, written_grid):
    content = handmade.requantised("INT16", grid, written, written_grid)
    found = shown(graph_of(content), runtime, 100)
    (one,), (output,) = found.operators, found.outputs
    for difference in (one.difference, one.alone, output.difference):
        if written == "INT32":
            # No more than the last bits of a float32, and a half rounded up.
            assert (
                difference.mean
                < 1e-6 * 32768 * grid[0] + 0.01 * (written_grid[0])
            )
            assert difference.largest <= 1.001 * written_grid[0] + 1e-6 * (
                32768 * grid[0]
            )
        else:
            assert difference.largest <= 1 and difference.mean < 0.01


@both
@pytest.mark.parametrize("any_number", [True, False, (True, False)])
@pytest.mark.parametrize(
    ("name", "dtype", "grids", "shapes"),
    [
        ("ADD", "FLOAT32", (None, None), ((3, 4, 5), (3, 4, 5))),
        ("MUL", "FLOAT32", (None, None), ((3, 4, 5), (3, 1, 5))),
        ("SUB", "INT8", (_INT8, _OTHER), ((3, 4, 5), (3, 4, 5))),
        ("ADD", "INT32", (None, None), ((3, 4, 5), (3, 4, 5))),
    ],
)
def test_an_operator_of_two_inputs(
    graph_of, runtime, any_number, name, dtype, grids, shapes
):
    graph = graph_of(
        handmade.of_two(name, [dtype] * 2, grids, shapes, any_number)
    )
    found = shown(graph, runtime)
    (one,), (output,) = found.operators, found.outputs
    assert one.name == name
    assert output.difference.values == 40 * 60
    for difference in (one.difference, one.alone, output.difference):
        assert not difference.parted
        assert dtype == "INT8" or difference.largest < 1e-6


def test_each_input_has_noise_of_its_own(graph_of):
    graph = graph_of(
        handmade.of_two(
            "ADD", ["INT8"] * 2, [_INT8, _OTHER], [(3, 4, 5), (3, 4, 5)]
        )
    )
    given = samples(graph, "noise", 30, bounds=(0, 1), seed=4)
    (beside,) = given.beside
    assert 0 <= given.images.min() < given.images.max() <= 1
    # What it can hold, whatever the bounds of the images are.
    lower, upper = held_bounds(graph, 1)
    assert (lower, upper) == pytest.approx(
        (-108 * 2 / 255, 147 * 2 / 255), rel=1e-5
    )
    assert lower <= beside.min() < 0.9 * lower
    assert 0.9 * upper < beside.max() <= upper
    again = samples(graph, "noise", 30, bounds=(0, 1), seed=4)
    np.testing.assert_array_equal(again.beside, given.beside)
    assert (samples(graph, "noise", 30, seed=5).beside[0] != beside).any()


def test_floats_have_the_bounds_of_the_images(graph_of):
    shapes = [(3, 4, 5), (3, 4, 1)]
    graph = graph_of(
        handmade.of_two("ADD", ["FLOAT32"] * 2, [None] * 2, shapes)
    )
    assert held_bounds(graph, 1) == (0, 1)
    given = samples(graph, "noise", 30, bounds=(-3, 2))
    assert given.beside[0].shape == (30, 3, 4, 1)
    assert -3 <= given.beside[0].min() < -2.5
    assert 1.5 < given.beside[0].max() <= 2
    # Those of several channels are one range where there is no such channel.
    channels = ([-1, -2, 0, 0, 0], [1, 1, 1, 3, 1])
    (beside,) = samples(graph, "noise", 30, bounds=channels).beside
    assert -2 <= beside.min() < -1.5 and 2.5 < beside.max() <= 3


def test_an_array_is_the_first_input(graph_of):
    graph = graph_of(
        handmade.of_two(
            "SUB", ["INT8"] * 2, [_INT8, _OTHER], [(3, 4, 5), (3, 4, 5)]
        )
    )
    images = samples(graph, "noise", 20).images
    beside = noise_beside(graph, 20)
    found = agreement(graph, images).to_json()
    assert found == agreement(graph, [images, *beside]).to_json()


def test_the_inspector_gives_each_input_its_own(graph_of):
    graph = graph_of(
        handmade.of_two(
            "SUB", ["FLOAT32"] * 2, [None] * 2, [(3, 4), (3, 4)], (True, False)
        )
    )
    random = np.random.default_rng(0)
    one, other = random.random((2, 7, 3, 4), np.float32)
    indices = [tensor.index for tensor in (*graph.inputs, *graph.outputs)]
    with Inspector(graph.path, "litert-reference") as inspector:
        assert len(inspector.inputs) == 2
        for rows in (7, 2):
            found = inspector.tensors([one[:rows], other[:rows]], indices)
            for index, expected in zip(
                indices, (one, other, one - other), strict=True
            ):
                np.testing.assert_array_equal(found[index], expected[:rows])


def test_wrong_inputs(graph_of):
    shapes = [(3, 4, 5), (3, 4, 5)]
    content = handmade.of_two("ADD", ["FLOAT32"] * 2, [None] * 2, shapes)
    graph = graph_of(content)
    images = samples(graph, "noise", 4).images
    with pytest.raises(ValueError, match="Received: a list of 3"):
        agreement(graph, [images] * 3)
    with pytest.raises(ValueError, match="Received: 4, 3"):
        agreement(graph, [images, images[:3]])
    with pytest.raises(ValueError, match=r"shape \(n, 3, 4, 5\)"):
        agreement(graph, [images, images[0]])
    with Inspector(graph.path) as inspector:
        for wrong, said in (
            (images, "2 arrays, one for each input. Received: ndarray"),
            ([images], "Received: list of 1"),
            ([images, images[:2]], "Received: 4, 2"),
        ):
            with pytest.raises(ValueError, match=said):
                inspector.tensors(wrong, [])


def test_inputs_that_go_on_at_another_pace(graph_of):
    file = handmade.File()
    given = [file.tensor((n, 4, 5)) for n in (1, 3)]
    made = file.tensor((3, 4, 5))
    file.operator("ADD", given, [made], "AddOptions")
    graph = graph_of(file.packed(given, [made]))
    with pytest.raises(CannotRunError, match="as many images at a time"):
        Inspector(graph.path)


def test_further_inputs_of_any_size(graph_of):
    file = handmade.File()
    given = [file.tensor((1, 4, 5), signature=[-1, s, 5]) for s in (4, -1)]
    made = file.tensor((1, 4, 5), signature=[-1, 4, 5])
    file.operator("ADD", given, [made], "AddOptions")
    graph = read(graph_of(file.packed(given, [made])).path)
    with pytest.raises(ValueError, match="further inputs are of a size"):
        samples(graph, "noise", 3)
