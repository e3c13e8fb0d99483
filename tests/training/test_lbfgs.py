"""fit_lbfgs finds the optimum of the objective that it says it minimises."""

import itertools

import keras
import numpy as np
import pytest
import scipy.optimize
import scipy.special

import advkeras as ak
from advkeras.training import lbfgs

DECAY = 0.1


@pytest.fixture
def data():
    """Images without a rule: no weights can separate them."""
    random = np.random.default_rng(0)
    images = random.random((60, 2, 2, 1), np.float32)
    return images, random.integers(0, 3, 60)


def softmax_regression(decay=DECAY):
    return keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(
                3,
                kernel_initializer=keras.initializers.GlorotUniform(seed=0),
                kernel_regularizer=keras.regularizers.L2(decay / 2),
            ),
        ]
    )


def objective(weights, images, labels, decay=DECAY):
    """Mean cross-entropy + decay / 2 * sum(w^2), and its gradient."""
    kernel, bias = np.split(np.asarray(weights, np.float64), [12])
    kernel = kernel.reshape(4, 3)
    x = images.reshape(-1, 4).astype(np.float64)
    log_p = scipy.special.log_softmax(x @ kernel + bias, axis=1)
    one_hot = np.eye(3)[labels]
    wrong = (np.exp(log_p) - one_hot) / len(x)
    loss = -(log_p * one_hot).sum() / len(x) + decay / 2 * (kernel**2).sum()
    gradient = np.append(x.T @ wrong + decay * kernel, wrong.sum(axis=0))
    return loss, gradient


def flat(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


@pytest.mark.parametrize("decay", [DECAY, 0.0])
def test_the_optimum_of_a_convex_problem(data, decay):
    """Against SciPy's BFGS on the same function, written in NumPy."""
    expected = scipy.optimize.minimize(
        objective, np.zeros(15), (*data, decay), jac=True, tol=1e-10
    )
    assert np.abs(expected.jac).max() < 1e-6
    model = softmax_regression(decay)
    value = ak.training.fit_lbfgs(model, *data, iterations=200)
    assert value == pytest.approx(expected.fun, rel=1e-6)
    found, gradient = objective(flat(model), *data, decay)
    assert found == pytest.approx(expected.fun, rel=1e-6)
    assert np.abs(gradient).max() < 1e-3


def test_weight_decay_counts(data):
    """Its optimum is not that of the data alone."""
    norms = []
    for decay in (0.0, DECAY):
        model = softmax_regression(decay)
        ak.training.fit_lbfgs(model, *data, iterations=200)
        norms.append(np.linalg.norm(model.get_weights()[0]))
    assert norms[1] < 0.9 * norms[0]


def test_data_in_several_parts_is_one_objective(data, monkeypatch):
    values = []
    for rows in (10_000, 7):  # 60 images: 9 parts, the last of 4
        monkeypatch.setattr(lbfgs, "_ROWS", rows)
        model = softmax_regression()
        value = ak.training.fit_lbfgs(model, *data, iterations=200)
        values.append((value, *flat(model)))
    np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-3)
    assert values[0][0] == pytest.approx(values[1][0], rel=1e-6)


def test_the_callback_sees_each_iteration(data):
    model = softmax_regression()
    seen = []

    def callback(iteration, value):
        own, _ = objective(flat(model), *data)
        seen.append((iteration, value, own))

    last = ak.training.fit_lbfgs(model, *data, 200, callback)
    numbers, values, recomputed = zip(*seen, strict=True)
    assert list(numbers) == list(range(1, len(seen) + 1))
    assert 3 < len(seen) < 200  # it converged
    np.testing.assert_allclose(values, recomputed, rtol=1e-5)
    assert all(b <= a for a, b in itertools.pairwise(values))
    assert last == pytest.approx(values[-1], rel=1e-6)


@pytest.mark.parametrize("iterations", [1, 4])
def test_at_most_so_many_iterations(data, iterations):
    numbers = []
    ak.training.fit_lbfgs(
        softmax_regression(),
        *data,
        iterations,
        lambda iteration, _: numbers.append(iteration),
    )
    assert numbers == list(range(1, iterations + 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_every_integer_type(data, dtype):
    images, labels = data
    expected, found = (
        ak.training.fit_lbfgs(softmax_regression(), images, y, 5)
        for y in (labels, labels.astype(dtype))
    )
    assert found == pytest.approx(expected, rel=1e-6)


def test_it_is_deterministic(digits):
    weights = []
    for _ in range(2):
        model = ak.models.build("fc10", seed=3)
        ak.training.fit_lbfgs(model, digits.images, digits.labels, 5)
        weights.append(model.get_weights()[0])
    np.testing.assert_array_equal(*weights)


def test_a_hidden_net_learns_digits(digits):
    model = ak.models.build("fc100-100-10")
    before = ak.Classifier(model).predict(digits.images) != digits.labels
    ak.training.fit_lbfgs(model, digits.images, digits.labels, 30, memory=5)
    after = ak.Classifier(model).predict(digits.images) != digits.labels
    assert before.mean() > 0.7
    assert after.mean() < 0.05


@pytest.mark.parametrize("iterations", [0, -1, 2.5])
def test_no_iterations(data, iterations):
    model = softmax_regression()
    before = flat(model)
    with pytest.raises(ValueError, match=f"iterations={iterations}"):
        ak.training.fit_lbfgs(model, *data, iterations)
    np.testing.assert_array_equal(flat(model), before)
