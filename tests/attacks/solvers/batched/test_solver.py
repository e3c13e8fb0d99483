"""Slots that empty and fill again, and what must not depend on it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.attacks.solvers.batched import solver as batched
from advkeras.attacks.solvers.batched import steps
from advkeras.attacks.solvers.batched.rounds import LOOP
from advkeras.attacks.solvers.batched.rounds import PLAIN
from advkeras.attacks.solvers.batched.rounds import ROUND
from advkeras.attacks.solvers.solution import STOPS
from advkeras.attacks.solvers.solution import Problem
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear

MEMORY = 4


def problem(images, targets, batch_size, **changes):
    """Returns what the attack would ask, with its defaults."""
    attack = ak.attacks.LBFGS(memory=MEMORY)
    names = ("norm", "c_rtol", "max_iterations", "ftol", "gtol", "memory")
    values = {name: getattr(attack, name) for name in names}
    values["c_start"] = np.full(len(images), attack.c_start)
    values["reach"] = np.full(len(images), np.inf)
    return Problem(
        positions=images,
        targets=np.asarray(targets),
        batch_size=batch_size,
        **(values | changes),
    )


def hard(classifier, n, seed=0):
    """Returns n images, and for each the class that is least likely."""
    images = grey(n, seed=seed, spread=0.4)
    return images, np.argmin(classifier.logits(images), axis=1)


@pytest.fixture(scope="module")
def classifier():
    return linear(classes=4)[0]


@pytest.fixture(scope="module")
def solver(classifier):
    return batched.Solver(classifier, SHAPE, "l2_squared", MEMORY)


@pytest.fixture(scope="module")
def m1():
    return ak.load("m1")


@pytest.fixture(scope="module")
def digits_solver(m1):
    return batched.Solver(m1, (28, 28, 1), "l2_squared", MEMORY)


@pytest.fixture(scope="module")
def digits_whole(m1, digits_solver, test_digits):
    """Returns (images, targets, solution) of 40 digits in 40 slots."""
    images = test_digits.images[:40]
    targets = (m1.predict(images) + 1) % 10
    return images, targets, digits_solver.solve(problem(images, targets, 40))


def distortions(images, solution):
    return np.sqrt(np.mean((solution.positions - images) ** 2, axis=(1, 2, 3)))


@pytest.mark.parametrize("batch_size", [1, 5, 16])
def test_other_slots_same_answers(digits_whole, digits_solver, m1, batch_size):
    images, targets, whole = digits_whole
    rows = slice(0, 6 if batch_size == 1 else 40)
    parts = digits_solver.solve(
        problem(images[rows], targets[rows], batch_size)
    )
    reached = m1.predict(parts.positions) == targets[rows]
    assert reached.all()
    np.testing.assert_allclose(parts.c, whole.c[rows], rtol=0.02)
    np.testing.assert_allclose(
        distortions(images[rows], parts),
        distortions(images, whole)[rows],
        rtol=5e-3,
    )


def test_all_digits_reach_their_targets(digits_whole, m1):
    images, targets, whole = digits_whole
    np.testing.assert_array_equal(m1.predict(whole.positions), targets)
    assert (whole.c_bracket[:, 0] <= whole.c).all()
    assert (whole.c < whole.c_bracket[:, 1]).all()
    assert set(whole.stop) <= {"gtol", "ftol"}
    assert whole.positions.dtype == np.float32
    assert (distortions(images, whole) > 0).all()


@pytest.mark.parametrize("n", [*range(1, 7), *range(15, 35), 50, 63, 100])
def test_any_number_of_images_ends(solver, classifier, n):
    """Slots are left behind until there is none."""
    images, targets = hard(classifier, n)
    solution = solver.solve(problem(images, targets, 64))
    np.testing.assert_array_equal(
        classifier.predict(solution.positions), targets
    )


@pytest.mark.parametrize("batch_size", [2, 3, 17, 20, 31, 33])
def test_any_number_of_slots_ends(solver, classifier, batch_size):
    images, targets = hard(classifier, 50)
    solution = solver.solve(problem(images, targets, batch_size))
    np.testing.assert_array_equal(
        classifier.predict(solution.positions), targets
    )


def test_traced_once_whatever_the_sizes(solver, classifier):
    traced = (solver.exchange[PLAIN], solver.finish[PLAIN])
    for n, batch_size in ((40, 40), (3, 8), (33, 7), (70, 70)):
        images, targets = hard(classifier, n)
        solver.solve(problem(images, targets, batch_size))
        solver.solve(problem(images, targets, batch_size, c_rtol=0.1))
    for function in traced:
        assert function.experimental_get_tracing_count() == 1


def test_one_solver_a_classifier(classifier):
    images, targets = hard(classifier, 2)
    asked = problem(images, targets, 2)
    before = len(classifier._compiled)
    batched.solve(classifier, asked)
    batched.solve(classifier, asked)
    assert len(classifier._compiled) == before + 1
    batched.solve(classifier, problem(images, targets, 2, norm="l2"))
    assert len(classifier._compiled) == before + 2


@pytest.fixture
def asked(classifier, monkeypatch):
    """Returns a solver, and the sizes of the batches that it asks about."""
    sizes, evaluating = [], steps.evaluating

    def noted(*arguments):
        evaluate = evaluating(*arguments)

        def noting(positions, targets):
            size = tf.numpy_function(
                lambda n: sizes.append(int(n)) or n,
                [tf.size(targets)],
                tf.int32,
            )
            with tf.control_dependencies([size]):
                return evaluate(tf.identity(positions), targets)

        return noting

    monkeypatch.setattr(steps, "evaluating", noted)
    return batched.Solver(classifier, SHAPE, "l2_squared", MEMORY), sizes


def test_every_gradient_is_counted(asked, classifier):
    """Alone, an image uses as many as there are rounds."""
    solver, sizes = asked
    images, targets = hard(classifier, 3)
    solution = solver.solve(problem(images[:1], targets[:1], 1))
    assert solution.gradient_evaluations.tolist() == [len(sizes)]
    # One after the other in one slot: together as many.
    sizes.clear()
    solution = solver.solve(problem(images, targets, 1))
    assert solution.gradient_evaluations.sum() == len(sizes)
    # Side by side: the last one's.
    sizes.clear()
    solution = solver.solve(problem(images, targets, 3))
    assert solution.gradient_evaluations.max() == len(sizes)


@pytest.mark.parametrize(("n", "batch_size"), [(5, 8), (64, 8), (90, 32)])
def test_memory_is_that_of_the_slots(
    solver, classifier, monkeypatch, n, batch_size
):
    """However many images wait, the history is that of a batch."""
    shapes = []

    def noting(original):
        def noted(batch, *arguments):
            shapes.append((len(batch.slots.target), batch.history.shape))
            return original(batch, *arguments)

        return noted

    for name in ("exchange", "finish"):
        plain = getattr(solver, name)[PLAIN]
        monkeypatch.setattr(solver, name, {PLAIN: noting(plain)})
    images, targets = hard(classifier, n)
    solver.solve(problem(images, targets, batch_size))
    slots = min(n, batch_size)
    assert set(shapes) == {(slots, (2 * MEMORY * slots, 16))}


def test_stragglers_do_not_hold_the_rest(asked, classifier):
    """While images wait, free slots are few; at the end, slots are."""
    solver, sizes = asked
    images, targets = hard(classifier, 200)
    solution = solver.solve(problem(images, targets, 64))
    assert sizes[0] == 64
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 4
    # At most a quarter of a batch has nothing to do, or one image.
    used = solution.gradient_evaluations.sum()
    assert used <= sum(sizes) <= 1.4 * used


def unknown_to_xla(images):
    """Returns the images, by way of text, of which XLA has none."""
    text = tf.as_string(tf.stop_gradient(images[:, :1, :1, :1]))
    return images + 0 * tf.cast(tf.strings.length(text), images.dtype)


@pytest.mark.parametrize(
    ("layer", "way", "used"),
    [
        (keras.layers.Lambda(unknown_to_xla), LOOP, ROUND),
        (keras.layers.AveragePooling2D(1), ROUND, ROUND),
    ],
)
def test_however_it_is_compiled_the_same_is_found(layer, way, used):
    """What XLA turns out not to compile goes without it."""
    net = linear(classes=4)[0].model
    classifier = ak.Classifier(
        keras.Sequential([keras.Input(SHAPE), layer, net])
    )
    solver = batched.Solver(classifier, SHAPE, "l2_squared", MEMORY)
    assert solver._rounds.way(200) == way
    images, targets = hard(classifier, 150)
    compiled = solver.solve(problem(images, targets, 130))
    assert solver._rounds.way(200) == used
    assert solver._rounds.way(100) == PLAIN
    plain = solver.solve(problem(images, targets, 100))
    for found in (compiled, plain):
        np.testing.assert_array_equal(
            classifier.predict(found.positions), targets
        )
    np.testing.assert_allclose(
        distortions(images, compiled), distortions(images, plain), rtol=5e-3
    )


def test_compiled_or_not_the_same_digits(m1, digits_solver, test_digits):
    images = test_digits.images[:130]
    targets = (m1.predict(images) + 1) % 10
    compiled = digits_solver.solve(problem(images, targets, 130))
    assert digits_solver._rounds.way(130) == LOOP
    plain = digits_solver.solve(problem(images, targets, 100))
    for found in (compiled, plain):
        np.testing.assert_array_equal(m1.predict(found.positions), targets)
    np.testing.assert_allclose(
        distortions(images, compiled), distortions(images, plain), rtol=5e-3
    )


def test_a_slot_forgets_the_image_before(solver, classifier):
    """What is solved in a used slot is as solved in a fresh one."""
    images, targets = hard(classifier, 12, seed=3)
    queue = solver.solve(problem(images, targets, 1))
    for row in (0, 5, 11):
        rows = slice(row, row + 1)
        alone = solver.solve(problem(images[rows], targets[rows], 1))
        np.testing.assert_allclose(alone.c, queue.c[rows], rtol=1e-3)
        np.testing.assert_allclose(
            alone.positions, queue.positions[rows], atol=1e-4
        )


@pytest.mark.parametrize("bounds", [(0, 1), (-1, 1), (0, 255)])
def test_what_the_model_is_asked(bounds):
    """Loss, slope and lead of a linear model, in float64 NumPy."""
    classifier, kernel, bias = linear(classes=5)
    classifier = ak.Classifier(classifier.model, bounds)
    evaluate = steps.evaluating(classifier, SHAPE)
    positions = np.random.default_rng(0).random((7, 16), np.float32)
    targets = np.arange(7) % 5
    loss, gradient, lead = evaluate(
        tf.constant(positions), tf.constant(targets)
    )
    lower, upper = bounds
    pixels = lower + (upper - lower) * positions.astype(np.float64)
    logits = pixels @ kernel + bias
    rows = np.arange(7)
    shifted = logits - logits.max(1, keepdims=True)
    weights = np.exp(shifted)
    weights /= weights.sum(1, keepdims=True)
    expected = np.log(np.exp(shifted).sum(1)) - shifted[rows, targets]
    np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-5)
    weights[rows, targets] -= 1
    slope = (upper - lower) * weights @ kernel.T
    np.testing.assert_allclose(
        gradient, slope, rtol=1e-3, atol=1e-5 * (upper - lower)
    )
    own = logits[rows, targets]
    logits[rows, targets] = -np.inf
    np.testing.assert_allclose(
        lead, own - logits.max(1), rtol=1e-4, atol=2e-5 * (upper - lower)
    )


def test_a_tie_is_no_lead():
    """However near two logits are, rounding may not decide."""
    classifier, _, _ = linear(classes=3)
    kernel = np.zeros((16, 3), np.float32)
    classifier.model.layers[-1].set_weights([kernel, np.full(3, 7.0)])
    evaluate = steps.evaluating(classifier, SHAPE)
    _, _, lead = evaluate(tf.fill((3, 16), 0.5), tf.constant([0, 1, 2]))
    assert (lead.numpy() < 0).all()


def test_stops_are_words():
    assert STOPS[0] == "none"
    assert len(set(STOPS)) == len(STOPS)
