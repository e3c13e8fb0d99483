"""What all attacks do that look for the smallest change."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from keras import layers

import advkeras as ak
from tests.attacks.linear import SHAPE
from tests.attacks.linear import grey
from tests.attacks.linear import linear

# Name -> the attack, with steps enough for 1 %, and its norm.
ATTACKS = {
    "ddn": (ak.attacks.DDN(), "l2"),
    "fmn linf": (ak.attacks.FMN("linf"), "linf"),
    "fmn l2": (ak.attacks.FMN("l2"), "l2"),
    "fmn l1": (ak.attacks.FMN("l1", steps=200), "l1"),
    "fmn l0": (ak.attacks.FMN("l0"), "l0"),
    "deepfool": (ak.attacks.DeepFool(), "l2"),
    "deepfool linf": (ak.attacks.DeepFool("linf"), "linf"),
    "superdeepfool": (ak.attacks.DeepFool(project=True), "l2"),
    "carlini_wagner": (
        ak.attacks.CarliniWagner(search_steps=9, learning_rate=0.02),
        "l2",
    ),
}
ORDERS = {"linf": np.inf, "l2": 2, "l1": 1, "l0": 0}
DUALS = {"linf": 1, "l2": 2, "l1": np.inf}

BOUNDS = {
    name: ((-1.0, 1.0), (0.0, 255.0))[i % 2] for i, name in enumerate(ATTACKS)
}

every = pytest.mark.parametrize("name", ATTACKS)
each_kind = pytest.mark.parametrize(
    "name", ["ddn", "fmn l2", "fmn l0", "deepfool", "carlini_wagner"]
)


def sizes(changes, norm):
    """Returns the norm of each change, (n,)."""
    flat = changes.reshape(len(changes), -1).astype(np.float64)
    return np.linalg.norm(flat, ORDERS[norm], axis=1)


@functools.cache
def net(classes=2):
    return linear(classes)


@functools.cache
def stepped():
    """Returns the same net, of pictures of 8 bits."""
    return ak.Classifier(net()[0].model, levels=256)


def lagging(way, labels, n=8):
    """Returns images whose boundary is several pixels away."""
    far = np.linspace(0.05, 0.15, n).reshape(n, 1, 1, 1)
    toward = np.where(labels, 1, -1).reshape(n, 1, 1, 1)
    return grey(n) + (far * toward * np.sign(way).reshape(SHAPE)).astype("f")


def smallest(norm, way, lead, images):
    """Returns the least norm that makes a lead good, the way's rows apart."""
    if norm in ("linf", "l2"):  # far from the bounds
        return lead / np.linalg.norm(way, DUALS[norm], axis=-1)
    # The steepest pixels first, each as far as its bound; or of those that
    # gain most there, as few as are needed.
    room = np.where(way > 0, 1 - images, images)
    gain = np.abs(way) * room
    if norm == "l0":
        gains = -np.sort(-gain, axis=1)
        return 1 + (np.cumsum(gains, axis=1) < lead[:, None]).sum(axis=1)
    order = np.argsort(-np.abs(way), axis=1)
    room, gain = (np.take_along_axis(x, order, 1) for x in (room, gain))
    before = np.cumsum(gain, axis=1) - gain
    share = np.clip((lead[:, None] - before) / gain, 0, 1)
    return (share * room).sum(axis=1)


@every
@pytest.mark.parametrize("targeted", [False, True])
def test_linear_the_exact_distance(name, targeted):
    attack, norm = ATTACKS[name]
    classifier, kernel, bias = net()
    way = kernel[:, 1] - kernel[:, 0]
    labels = np.arange(8) % 2
    images = lagging(way, labels)
    z = images.reshape(8, 16) @ kernel + bias
    assert (z.argmax(1) == labels).all()
    toward = way * np.where(labels, -1, 1)[:, None]
    exact = smallest(
        norm, toward, np.abs(z[:, 1] - z[:, 0]), images.reshape(8, 16)
    )
    result = attack(
        classifier, images, labels, 1 - labels if targeted else None
    )
    assert result.success.all()
    found = sizes(result.perturbation, norm)
    assert (found > 0.999 * exact).all()
    if norm == "l0":
        assert found.tolist() == exact.tolist()
        assert len(set(exact.tolist())) > 1
    else:
        assert (found < 1.01 * exact).all()
    assert (result.gradient_evaluations > 0).all()


@pytest.mark.parametrize("name", ["deepfool", "deepfool linf", "superdeepfool"])
def test_linear_the_nearest_of_several_classes(name):
    attack, norm = ATTACKS[name]
    classifier, kernel, bias = net(4)
    images = grey(12)
    z = images.reshape(12, 16) @ kernel + bias
    labels = z.argmax(1)
    way = kernel.T[None] - kernel.T[labels][:, None]  # (n, classes, pixels)
    lead = z[np.arange(12), labels][:, None] - z
    with np.errstate(invalid="ignore"):
        far = lead / np.linalg.norm(way, DUALS[norm], axis=-1)
    exact = np.nanmin(np.where(far > 0, far, np.nan), axis=1)
    result = attack(classifier, images, labels)
    assert result.success.all()
    found = sizes(result.perturbation, norm)
    assert (found < 1.01 * exact).all()
    assert (found > 0.999 * exact).all()


@every
def test_neither_batch_nor_neighbours_matter(name):
    attack, norm = ATTACKS[name]
    classifier, images = net()[0], grey(8)
    whole = attack(classifier, images, batch_size=8)
    size = sizes(whole.perturbation, norm)
    # A search for c may take another turn where rounding differs.
    close = 0.02 if name == "carlini_wagner" else 2e-3
    order = np.roll(np.arange(8), 3)
    for batch_size in (1, 3, 8):
        again = attack(classifier, images[order], batch_size=batch_size)
        found = sizes(again.perturbation, norm)[np.argsort(order)]
        np.testing.assert_allclose(found, size, rtol=close)
        assert again.success.all()
    search = classifier._compiled[attack, False]
    assert search.experimental_get_tracing_count() == 1


@every
def test_bounds_of_another_range(name):
    attack, norm = ATTACKS[name]
    classifier, kernel, bias = net()
    lower, upper = BOUNDS[name]
    # The same scores of the same pixels, in other units.
    model = keras.models.clone_model(classifier.model)
    whole = upper - lower
    model.layers[-1].set_weights(
        [kernel / whole, bias - lower / whole * kernel.sum(0)]
    )
    other = ak.Classifier(model, (lower, upper))
    images, labels = grey(6), classifier.predict(grey(6))
    theirs = (lower + whole * images).astype(np.float32)
    ours = attack(classifier, images, labels)
    found = attack(other, theirs, labels)
    assert found.success.all()
    unit = 1 if norm == "l0" else whole
    np.testing.assert_allclose(
        sizes(found.perturbation, norm),
        unit * sizes(ours.perturbation, norm),
        rtol=5e-3,
    )


@every
def test_examples_lie_on_levels(name):
    attack, norm = ATTACKS[name]
    images = (np.rint(255 * grey(8)) / 255).astype(np.float32)
    result = attack(stepped(), images)
    steps = 255 * result.images.astype(np.float64)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    assert result.success.all()
    free = attack(net()[0], images)
    # The next level on the way back may be too near, and so the one after it.
    far = {"linf": 1, "l2": 4, "l1": 16, "l0": 0}[norm] * 1.5 / 255
    ours, theirs = (sizes(x.perturbation, norm) for x in (result, free))
    assert (ours <= theirs + far + 1e-6).all()


@every
def test_what_is_an_example_already_stays(name):
    attack, _ = ATTACKS[name]
    classifier, images = net()[0], grey(6)
    says = classifier.predict(images)
    labels = np.where(np.arange(6) < 3, 1 - says, says)
    result = attack(classifier, images, labels)
    assert result.success.all()
    np.testing.assert_array_equal(result.images[:3], images[:3])
    assert (result.gradient_evaluations[:3] == 0).all()
    assert (result.gradient_evaluations[3:] > 0).all()
    reached = attack(classifier, images, 1 - says, says)
    np.testing.assert_array_equal(reached.images, images)
    assert reached.success.all()


@each_kind
def test_no_gradient_no_example(name):
    model = keras.Sequential(
        [keras.Input(SHAPE), layers.Flatten(), layers.Dense(2)]
    )
    model.layers[-1].set_weights([np.zeros((16, 2)), np.array([1.0, 0.0])])
    result = ATTACKS[name][0](model, grey(3), [0, 0, 0])
    assert not result.success.any()
    assert np.isfinite(result.images).all()


@each_kind
def test_where_there_is_none_the_best_attempt_is_returned(name):
    """The box is too small: at its best corner the label is still ahead."""
    classifier, kernel, _ = net()
    way = kernel[:, 1] - kernel[:, 0]
    model = keras.models.clone_model(classifier.model)
    most = np.maximum(way, 0).sum()
    model.layers[-1].set_weights([kernel, np.array([most + 1, 0.0])])
    result = ATTACKS[name][0](model, grey(4), np.zeros(4, int))
    assert not result.success.any()
    before, after = (
        np.asarray(ak.Classifier(model).logits(x))[:, 1]
        for x in (result.originals, result.images)
    )
    assert (after > before).all()
    assert (sizes(result.perturbation, "linf") > 0).all()


@each_kind
def test_a_model_that_says_nothing_is_not_fooled(name):
    def torn(x):
        """NaN, as soon as anything was changed by much."""
        z = keras.ops.mean(x, (1, 2, 3))
        z = keras.ops.where(z < 0.499, float("nan"), z)
        return keras.ops.stack([z, 0.5 + 0 * z], axis=1)

    given_ = keras.Input(SHAPE)
    model = keras.Model(given_, layers.Lambda(torn)(given_))
    images = np.full((2, *SHAPE), 0.51, np.float32)
    result = ATTACKS[name][0](model, images, [0, 0])
    assert np.isfinite(result.images).all()
    fooled = result.predictions == 1
    assert result.success.tolist() == fooled.tolist()


@every
@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 1000),
    spread=st.sampled_from((0.5, 2.0)),
    levels=st.sampled_from((None, 256)),
)
def test_the_box_holds(name, seed, spread, levels):
    classifier = stepped() if levels else net()[0]
    random = np.random.default_rng(seed)
    images = 0.5 + random.uniform(-spread, spread, (5, *SHAPE))
    images = np.clip(images, 0, 1).astype(np.float32)
    labels = random.integers(2, size=5)
    result = ATTACKS[name][0](classifier, images, labels)
    assert 0 <= result.images.min() <= result.images.max() <= 1
    missed = result.predictions != labels
    assert result.success.tolist() == missed.tolist()


@pytest.mark.parametrize("name", ["ddn", "fmn", "deepfool", "carlini_wagner"])
def test_on_a_trained_net_all_are_fooled(name, test_digits):
    """An attack that oversteps the box once does not come back to it."""
    m1, (images, labels) = ak.load("m1"), test_digits.sample(40)
    attack = ak.attacks.build(name)
    result = attack(m1, images, labels)
    assert result.success.all()
    right = result.clean_predictions == labels
    assert 0.9 < result.l2[right].mean() < 1.3
    next_ = ak.attacks.build(name, targets="next")(m1, images, labels)
    assert (next_.predictions == next_.targets).mean() > 0.98
    assert (next_.targets != labels).all()
    assert next_.l2.mean() > result.l2.mean()


@pytest.mark.parametrize("name", ["ddn", "fmn", "deepfool", "carlini_wagner"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"targets": "best"}, "targets='best'"),
    ],
)
def test_bad_hyper_parameters_of_all(name, arguments, message):
    with pytest.raises(ValueError, match=f"^.*Received: {message}$"):
        ak.attacks.build(name, **arguments)
