"""Images for a file of which nothing else is known."""

import dataclasses

import numpy as np
import pytest

from advkeras.edge.lift import read
from advkeras.edge.lift.samples import held_bounds
from advkeras.edge.lift.samples import samples
from tests.edge import dense


def test_bounds_of_an_input(dense_files):
    assert held_bounds(read(dense_files["float32"])) == (0, 1)
    graph = read(dense_files["wide"])
    scale, zero_point = (
        float(part[0])
        for part in (
            graph.inputs[0].quantization.scale,
            graph.inputs[0].quantization.zero_point,
        )
    )
    lower, upper = held_bounds(graph)
    assert lower == pytest.approx((-128 - zero_point) * scale, abs=1e-3)
    assert upper == pytest.approx((127 - zero_point) * scale, rel=1e-5)
    assert upper == float(f"{upper:.6g}")


def test_noise_is_seeded_and_within_bounds(dense_files):
    graph = read(dense_files["wide"])
    found = samples(graph, "noise", 50, seed=3)
    assert found.fingerprint is None
    assert found.images.shape == (50, *dense.SHAPE)
    assert found.images.dtype == np.float32
    lower, upper = held_bounds(graph)
    assert lower <= found.images.min() and found.images.max() <= upper
    assert np.ptp(found.images) > 0.9 * (upper - lower)
    again = samples(graph, "noise", 50, seed=3).images
    np.testing.assert_array_equal(found.images, again)
    assert (samples(graph, "noise", 50, seed=4).images != again).any()
    small = samples(graph, "noise", 5, bounds=(-1, 1)).images
    assert -1 <= small.min() < -0.5 and 0.5 < small.max() <= 1


def test_a_data_set_is_resized(dense_files):
    found = samples(read(dense_files["float32"]), "mnist5k", 12)
    assert found.images.shape == (12, *dense.SHAPE)
    assert len(found.fingerprint) == 64
    assert found.images.max() <= 1


@pytest.fixture
def taking(dense_files):
    """Makes what was read of a file that takes other images."""
    graph = read(dense_files["float32"])

    def taking(*signature):
        other = dataclasses.replace(graph.inputs[0], signature=signature)
        return dataclasses.replace(graph, inputs=(other,))

    return taking


def test_images_without_channels(taking):
    same = samples(taking(-1, 28, 28, 1), "mnist5k", 7, seed=2)
    for shape in ((28, 28), (784,), (1, 784)):
        found = samples(taking(-1, *shape), "mnist5k", 7, seed=2)
        assert found.images.shape == (7, *shape)
        assert found.fingerprint == same.fingerprint
        np.testing.assert_array_equal(found.images.ravel(), same.images.ravel())


def test_what_does_not_fit(dense_files, taking):
    graph = read(dense_files["float32"])
    for signature in ((-1, 4, 4, 3), (-1, 16), (-1, 49, 16), (-1, -1, 28)):
        with pytest.raises(ValueError, match="whose are"):
            samples(taking(*signature), "mnist5k", 2)
    any_size = taking(-1, -1, -1, 1)
    assert samples(any_size, "mnist5k", 2).images.shape == (2, 28, 28, 1)
    with pytest.raises(ValueError, match="images of a size"):
        samples(any_size, "noise", 2)
    with pytest.raises(ValueError, match="`n` must be"):
        samples(graph, "noise", 0)
    with pytest.raises(ValueError, match="`bounds` must be"):
        samples(graph, "noise", 2, bounds=(1, 0))
