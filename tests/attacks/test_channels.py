"""Attacks within bounds of each channel: the same net, the same answers."""

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras import channels
from advkeras.attacks import seeds
from tests import normalised

EPSILON = 0.1  # of the range; of l2 and l1 longer, as many pixels share it


def longer(classifier, factor):
    """Returns a share of the range for a norm of all pixels."""
    return channels.apply(
        lambda epsilon: factor * epsilon, classifier.epsilon(EPSILON)
    )


ATTACKS = {
    "fgsm": lambda c: ak.attacks.FGSM(c.epsilon(EPSILON)),
    "fgsm unclipped": lambda c: ak.attacks.FGSM(c.epsilon(EPSILON), clip=False),
    "fgsm l2": lambda c: ak.attacks.FGSM(longer(c, 20), norm="l2"),
    "fgsm l1": lambda c: ak.attacks.FGSM(longer(c, 200), norm="l1"),
    "pgd": lambda c: ak.attacks.PGD(c.epsilon(EPSILON), steps=5),
    "pgd of a step size": lambda c: ak.attacks.PGD(
        c.epsilon(EPSILON), steps=5, step_size=c.epsilon(0.03)
    ),
    "pgd random": lambda c: ak.attacks.PGD(
        c.epsilon(EPSILON), steps=5, random_start=True
    ),
    "pgd l2": lambda c: ak.attacks.PGD(longer(c, 20), norm="l2", steps=5),
    "pgd l2 random": lambda c: ak.attacks.PGD(
        longer(c, 20), norm="l2", steps=5, random_start=True
    ),
    "pgd targeted": lambda c: ak.attacks.PGD(
        c.epsilon(EPSILON), steps=5, targets="next"
    ),
    "pgd early": lambda c: ak.attacks.PGD(
        c.epsilon(EPSILON), steps=5, stop_early=True, restarts=2, momentum=0.5
    ),
    "apgd": lambda c: ak.attacks.APGD(c.epsilon(EPSILON), steps=5),
    "apgd l2": lambda c: ak.attacks.APGD(longer(c, 20), norm="l2", steps=5),
    "ensemble": lambda c: ak.attacks.Ensemble(
        c.epsilon(EPSILON), steps=8, queries=5
    ),
    "square": lambda c: ak.attacks.Square(c.epsilon(EPSILON), queries=50),
    "hopskipjump": lambda c: ak.attacks.HopSkipJump(queries=60),
    "noise": lambda c: ak.attacks.Noise(c.epsilon(3 * EPSILON)),
    "signs": lambda c: ak.attacks.Noise(c.epsilon(3 * EPSILON), kind="sign"),
    # Where they turn, rounding decides, and more so at every turn.
    "ddn": lambda c: ak.attacks.DDN(steps=5),
    "fmn": lambda c: ak.attacks.FMN(steps=5),
    "fmn linf": lambda c: ak.attacks.FMN("linf", steps=5),
    "fmn l1": lambda c: ak.attacks.FMN("l1", steps=5),
    "deepfool": lambda c: ak.attacks.DeepFool(candidates=2, steps=3),
    "deepfool linf": lambda c: ak.attacks.DeepFool(
        "linf", candidates=2, steps=3
    ),
    "carlini_wagner": lambda c: ak.attacks.CarliniWagner(
        20, search_steps=1, learning_rate=0.1
    ),
    "evasive": lambda c: ak.attacks.Evasive(
        c.epsilon(EPSILON), steps=5, reference=c
    ),
}


@pytest.fixture
def same_draws(monkeypatch):
    """Draws by the seed alone, as the images of the two nets differ."""
    monkeypatch.setattr(
        seeds,
        "generator",
        lambda image, seed, restart=0: np.random.default_rng([seed, restart]),
    )


def both(pair, make, **options):
    """Attacks both nets; the results."""
    return (
        make(pair.plain)(pair.plain, pair.images, pair.labels, **options),
        make(pair.normalised)(
            pair.normalised, pair.theirs, pair.labels, **options
        ),
    )


@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("name", ATTACKS)
def test_the_normalised_net_is_attacked_alike(pair, name):
    ours, theirs = both(pair, ATTACKS[name], seed=3)
    off = np.abs(normalised.back(theirs.images) - ours.images)
    # Where two candidates are as good to the last digit, rounding decides.
    alike = off.max(axis=(1, 2, 3)) < 1e-4
    assert alike.mean() > 0.97
    assert (theirs.predictions == ours.predictions).mean() > 0.97
    assert (theirs.success == ours.success).mean() > 0.97
    np.testing.assert_allclose(
        theirs.distortion[alike], ours.distortion[alike], atol=1e-5
    )
    lower, upper = np.float32(normalised.BOUNDS)
    if "unclipped" not in name:
        assert (theirs.images >= lower).all()
        assert (theirs.images <= upper).all()


@pytest.mark.parametrize("solver", ["batched", "scipy"])
def test_lbfgs_finds_the_same_distortion(pair, solver):
    """The images may differ: where a search ends, rounding decides."""
    ours, theirs = both(
        pair, lambda c: ak.attacks.LBFGS(targets="next", solver=solver)
    )
    assert ours.success.all()
    assert theirs.success.all()
    np.testing.assert_allclose(theirs.distortion, ours.distortion, rtol=0.05)
    np.testing.assert_allclose(
        theirs.distortion.mean(), ours.distortion.mean(), rtol=0.01
    )
    np.testing.assert_allclose(np.median(theirs.c / ours.c), 1, rtol=0.05)


@pytest.mark.usefixtures("same_draws")
@pytest.mark.parametrize("name", ["fgsm", "fgsm l2", "pgd", "pgd l2", "square"])
def test_what_is_found_lies_on_levels(pair, name):
    plain = ak.Classifier(pair.plain.model, (0, 1), levels=256)
    theirs = ak.Classifier(pair.normalised.model, normalised.BOUNDS, levels=256)
    stepped = type(pair)(plain, theirs, pair.images, pair.labels)
    ours, found = both(stepped, ATTACKS[name])
    steps = 255 * normalised.back(found.images)
    np.testing.assert_allclose(steps, steps.round(), atol=1e-3)
    same = np.abs(steps - 255 * ours.images) < 0.5
    assert same.mean() > 0.999  # but where a gradient is all rounding
    assert (found.success == ours.success).mean() > 0.97


def test_a_number_is_as_many_units_in_every_channel(pair):
    classifier = pair.normalised
    for attack in (
        ak.attacks.FGSM(0.3),
        ak.attacks.PGD(0.3, steps=5),
        ak.attacks.Square(0.3, queries=20),
        ak.attacks.Noise(0.3),
    ):
        found = attack(classifier, pair.theirs, pair.labels)
        largest = np.abs(found.perturbation).max(axis=(0, 1, 2))
        np.testing.assert_allclose(largest, 0.3, rtol=1e-2)
    found = ak.attacks.PGD(3.0, norm="l2")(classifier, pair.theirs, pair.labels)
    assert found.l2.max() <= 3 * (1 + 1e-5)


@pytest.mark.parametrize("step_size", [0.05, (0.05, 0.02, 0.1)])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_each_channel_keeps_its_budget(pair, norm, step_size):
    """On bounds that are the same for all channels, too."""
    epsilon = (0.1, 0.2, 0.05)
    attack = ak.attacks.PGD(
        epsilon, norm=norm, steps=5, step_size=step_size, random_start=True
    )
    found = attack(pair.plain, pair.images, pair.labels)
    shares = found.perturbation / np.float32(epsilon)
    if norm == "linf":
        assert np.abs(shares).max() <= 1 + 1e-5
    else:
        assert np.linalg.norm(shares.reshape(40, -1), axis=1).max() <= 1 + 1e-5


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_one_a_channel_that_are_alike_are_one(pair, norm):
    one = ak.attacks.FGSM(2.0, norm=norm)(pair.plain, pair.images, pair.labels)
    three = ak.attacks.FGSM([2, 2, 2], norm=norm)(
        pair.plain, pair.images, pair.labels
    )
    np.testing.assert_allclose(three.images, one.images, atol=2e-5)


def test_hyper_parameters_are_kept_as_tuples(pair):
    attack = ak.attacks.PGD(np.array([0.1, 0.2, 0.3]), step_size=[1, 2, 3])
    assert attack == ak.attacks.PGD((0.1, 0.2, 0.3), step_size=(1, 2, 3))
    assert hash(attack) == hash(
        ak.attacks.PGD([0.1, 0.2, 0.3], step_size=[1, 2, 3])
    )
    assert "epsilon=(0.1, 0.2, 0.3)" in repr(attack)
    assert repr(ak.attacks.FGSM(1)).startswith("FGSM(epsilon=1,")
    assert pair.plain.epsilon(0.1) == 0.1
    whole = np.ptp(normalised.BOUNDS, axis=0)
    np.testing.assert_allclose(pair.normalised.epsilon(0.1), 0.1 * whole)


def test_a_result_is_saved_and_joined(pair, tmp_path):
    found = ak.attacks.FGSM(0.3)(pair.normalised, pair.theirs, pair.labels)
    found.save(tmp_path / "found.npz")
    again = ak.attacks.AttackResult.load(tmp_path / "found.npz")
    assert again.bounds == found.bounds == pair.normalised.bounds
    np.testing.assert_array_equal(again.distortion, found.distortion)
    joined = ak.attacks.AttackResult.concatenate([found, again])
    assert joined.bounds == found.bounds
    np.testing.assert_array_equal(joined.distortion[40:], found.distortion)


@pytest.mark.parametrize(
    "name", ["apgd", "ensemble", "fgsm", "noise", "pgd", "square"]
)
@pytest.mark.parametrize(
    "epsilon",
    [
        pytest.param((0.1, 0.0, 0.1), id="zero"),
        pytest.param((0.1, np.nan, 0.1), id="NaN"),
        pytest.param((0.1, np.inf, 0.1), id="infinite"),
        pytest.param([], id="none"),
        pytest.param([[0.1, 0.1, 0.1]], id="two axes"),
        pytest.param([0.1, [0.1]], id="ragged"),
        pytest.param(("0.1", "0.2"), id="words"),
        pytest.param(np.array(0.1), id="no axis"),
    ],
)
def test_no_epsilon(name, epsilon):
    with pytest.raises(ValueError, match=r"^`epsilon` must be a finite number"):
        ak.attacks.build(name, epsilon=epsilon)


def test_no_step_size():
    with pytest.raises(ValueError, match=r"^`step_size` must be a finite"):
        ak.attacks.PGD(0.1, step_size=(0.1, -0.1, 0.1))


@pytest.mark.parametrize("epsilon", [(0.1, 0.2), (0.1,) * 4])
def test_another_number_of_channels(pair, epsilon):
    for attack, name in (
        (ak.attacks.FGSM(epsilon), "epsilon"),
        (ak.attacks.Square(epsilon), "epsilon"),
        (ak.attacks.PGD(0.1, step_size=epsilon), "step_size"),
    ):
        with pytest.raises(
            ValueError, match=rf"^`{name}` must be one number, "
        ):
            attack(pair.plain, pair.images, pair.labels)


def test_another_number_where_a_model_takes_any():
    model = keras.Sequential(
        [
            keras.Input((8, 8, None)),
            layers.Lambda(lambda x: keras.ops.mean(x, 2)[..., :3]),
            layers.GlobalAveragePooling1D(),
        ]
    )
    bounds = ([0, 0, 0], [1, 2, 4])
    classifier = ak.Classifier(model, bounds=bounds)
    images = np.full((2, 8, 8, 3), 0.5)
    found = ak.attacks.FGSM(classifier.epsilon(0.1))(classifier, images)
    np.testing.assert_allclose(
        np.abs(found.perturbation).max((0, 1, 2)), (0.1, 0.2, 0.4), rtol=1e-5
    )
    with pytest.raises(ValueError, match=r"^`epsilon` must be one number, or"):
        ak.attacks.FGSM((0.1, 0.2))(classifier, images)


def test_a_budget_below_a_level(pair):
    classifier = ak.Classifier(
        pair.normalised.model, normalised.BOUNDS, levels=256
    )
    with pytest.raises(ValueError, match="at least one step of the pixels, "):
        ak.attacks.FGSM(classifier.epsilon(0.9 / 255))(
            classifier, pair.theirs, pair.labels
        )
    # What one channel can take is taken.
    found = ak.attacks.PGD((0.001, 0.001, 0.1), steps=2)(
        classifier, pair.theirs, pair.labels
    )
    assert (np.abs(found.perturbation).max((0, 1, 2)) > 0).tolist() == [
        *(False, False),
        True,
    ]
