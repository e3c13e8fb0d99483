"""Why no c leads to a target: of models where it is known."""

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

import advkeras as ak
from advkeras.attacks.solvers.reasons import explained
from advkeras.attacks.solvers.solution import STOPS
from advkeras.attacks.solvers.solution import Problem
from advkeras.attacks.solvers.solution import Solution
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey

SOLVERS = ("batched", "scipy")


class Broken(layers.Layer):
    """Leaves images as they are, with a gradient that is NaN."""

    def call(self, x):
        return x + ops.sqrt(x * 0)


class Steep(layers.Layer):
    """Has an infinite gradient where a pixel is 0."""

    def call(self, x):
        return x + ops.sqrt(x)


class Threshold(layers.Layer):
    """Makes dark images black: there the net is flat."""

    def call(self, x):
        bright = ops.mean(x, axis=(1, 2, 3), keepdims=True) > 0.2
        return x * ops.cast(bright, x.dtype)


def model_of(*below, bias=(0.0, 0.0, -1e4), scale=1.0):
    """Returns a model of three classes, the last of which is out of reach."""
    model = keras.Sequential(
        [keras.Input(SHAPE), *below, layers.Flatten(), layers.Dense(3)]
    )
    kernel = scale * np.random.default_rng(0).normal(size=(16, 3))
    model.layers[-1].set_weights([kernel, np.array(bias)])
    return ak.Classifier(model)


def attacked(classifier, solver, images=None, target=2, **options):
    images = grey(5) if images is None else images
    labels = np.zeros(len(images), np.int64)
    targets = np.full(len(images), target)
    attack = ak.attacks.LBFGS(solver=solver, **options)
    return attack(classifier, images, labels, targets)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_class_out_of_reach_is_settled(solver):
    result = attacked(model_of(), solver)
    assert not result.success.any()
    assert set(result.stop) == {"settled"}
    assert np.isnan(result.c).all()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("bias", [(0.0, 0.0, 0.0), (3.0, 2.0, 1.0)])
def test_a_constant_model_is_flat(solver, bias):
    result = attacked(model_of(bias=bias, scale=0.0), solver)
    assert not result.success.any()
    assert set(result.stop) == {"flat"}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("bias", [(20.0, 0.0, 0.0), (0.0, 0.0, -1e4)])
def test_a_gradient_of_nan_is_none(solver, bias):
    """Of a class within reach too."""
    images = grey(5)
    result = attacked(model_of(Broken(), bias=bias), solver, images)
    assert not result.success.any()
    assert set(result.stop) == {"no_gradient"}
    np.testing.assert_array_equal(result.images, images)


@pytest.mark.parametrize("solver", SOLVERS)
def test_an_infinite_gradient_is_none(solver):
    images = grey(5)
    images[:, 0, 0] = 0.0
    result = attacked(model_of(Steep()), solver, images)
    assert not result.success.any()
    assert set(result.stop) == {"no_gradient"}


@pytest.mark.parametrize("solver", SOLVERS)
def test_of_each_image_by_itself(solver):
    """In small batches, beside images that succeed."""
    model = keras.Sequential(
        [keras.Input(SHAPE), Threshold(), layers.Flatten(), layers.Dense(2)]
    )
    kernel = np.random.default_rng(0).normal(size=(16, 2))
    model.layers[-1].set_weights(
        [kernel, -kernel.sum(axis=0) / 2 - np.array([0.0, 3.0])]
    )
    classifier = ak.Classifier(model)
    images = grey(12)
    images[::3] *= 0.1
    labels = np.zeros(len(images), np.int64)
    result = ak.attacks.LBFGS(solver=solver)(
        classifier, images, labels, labels + 1, batch_size=5
    )
    assert set(result.stop[::3]) == {"flat"}
    others = np.delete(result.stop, np.s_[::3])
    assert set(others) <= {"gtol", "ftol"}, result.stop


def test_one_that_was_not_let_converge_says_so():
    """Not settled: with more iterations it may come about."""
    images, stops = grey(6), np.array(STOPS[1:6] + STOPS[1:2])
    solution = Solution.empty(images)
    solution.stop[:] = stops
    solution.c[:5] = np.nan  # the last one reached its target
    solution.positions[1:] += 0.01  # the first did not move
    problem = Problem(
        images,
        np.full(6, 2),
        norm="l2_squared",
        c_start=np.ones(6),
        reach=np.full(6, np.inf),
        c_rtol=0.02,
        max_iterations=1,
        ftol=1e-6,
        gtol=1e-5,
        memory=8,
        batch_size=2,
    )
    found = explained(model_of(), problem, solution).stop.tolist()
    converged = ["gtol", "settled"]
    unfinished = ["max_iterations", "line_search", "settled"]
    assert found == [*converged, *unfinished, "gtol"]


def test_stops_that_are_documented():
    documented = ak.attacks.AttackResult.__doc__
    assert all(f'"{stop}"' in documented for stop in STOPS)
