"""Every suite on a tiny model: rows that hold together."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.benchmark import SUITES
from advkeras.benchmark import Options
from advkeras.benchmark import peers
from advkeras.benchmark import rows
from advkeras.benchmark.peers import peer
from advkeras.benchmark.peers.peer import Found
from advkeras.benchmark.suites import budget
from advkeras.benchmark.suites import growth
from advkeras.benchmark.suites import lbfgs
from advkeras.benchmark.suites import minimum
from advkeras.benchmark.suites import plain_scipy
from advkeras.benchmark.suites import scale

OPTIONS = Options(examples=6, slow_examples=2, repeats=3, seed=1, sizes=(4, 8))


@pytest.fixture(scope="module")
def classifier(digits):
    """A softmax regression, roughly trained."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    model.fit(digits.images, digits.labels, epochs=3, verbose=0)
    return ak.Classifier(model)


@pytest.fixture(scope="module")
def tables(classifier, test_digits):
    """Suite -> its rows, by name, of the suites that need no other process."""
    measured = {
        suite: SUITES[suite](classifier, test_digits, OPTIONS)
        for suite in ("fgsm", "lbfgs")
    }
    return {k: {row.name: row for row in v} for k, v in measured.items()}


@pytest.mark.parametrize(
    ("suite", "ours", "everyone"),
    [
        ("fgsm", "FGSM()", peers.FGSM_PEERS),
        ("lbfgs", "LBFGS()", peers.LBFGS_PEERS),
    ],
)
def test_rows(tables, suite, ours, everyone):
    table = tables[suite]
    names = list(table)
    assert names[0] == "bare gradient"
    assert {peer.name for peer in everyone} < set(names)
    floor = table["bare gradient"]
    assert floor.to_floor == 1
    assert table[ours].to_ours == 1
    for name, row in table.items():
        if row.seconds is None:
            # Nobody is left out in silence.
            assert name in {peer.name for peer in everyone}
            assert row.note.startswith("skipped: needs ")
            assert row.to_json()["to_floor"] is None
            continue
        assert row.version
        assert row.to_floor == pytest.approx(row.seconds / floor.seconds)
        assert row.to_ours == pytest.approx(row.seconds / table[ours].seconds)
        if name not in ("bare gradient", "forward pass"):
            assert 0 < row.success <= 1
            assert 0 < row.distortion < 0.5


def test_fgsm_is_one_attack_however_called(tables):
    whole, step = tables["fgsm"]["FGSM()"], tables["fgsm"]["FGSM.perturb"]
    assert whole.success == step.success
    assert whole.distortion == step.distortion
    assert (whole.images, whole.repeats) == (6, 3)


def test_lbfgs_beside_scipy(tables):
    table = tables["lbfgs"]
    assert (table["LBFGS()"].images, table["LBFGS()"].repeats) == (6, 3)
    for name in ("SciPy one at a time", "plain SciPy"):
        assert (table[name].images, table[name].repeats) == (2, 1)
    assert table["SciPy in lockstep"].to_lockstep == 1
    assert table["SciPy one at a time"].to_scipy == 1
    ours = table["LBFGS()"]
    # A convex problem: everybody finds the same.
    for row in (ours, table["plain SciPy"]):
        assert row.success == 1
        assert row.to_scipy == pytest.approx(1, abs=0.02)
        assert row.worst == pytest.approx(1, abs=0.05)
        assert row.evaluations > 10
        assert row.to_gradients == pytest.approx(row.to_floor / row.evaluations)


def test_targets_are_those_of_the_attack(classifier, test_digits):
    task = lbfgs._sampled(classifier, test_digits, OPTIONS)
    attack = ak.attacks.LBFGS(max_iterations=1)
    result = attack(classifier, task.images, task.labels, seed=OPTIONS.seed)
    np.testing.assert_array_equal(task.targets, result.targets)


def test_plain_scipy_keeps_to_the_box(classifier, test_digits):
    images, _ = test_digits.sample(2)
    targets = (classifier.predict(images) + 1) % 10
    found = plain_scipy.attack(classifier, images, targets)
    assert found.images.dtype == np.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    np.testing.assert_array_equal(classifier.predict(found.images), targets)
    assert (found.gradient_evaluations > 0).all()


def test_minimum(classifier, test_digits, monkeypatch):
    """Each norm has its nearest, and all are of images read rightly."""
    smallest = {
        "near": (ak.attacks.DeepFool(candidates=3), "l2"),
        "far": (ak.attacks.DDN(2, init_norm=3.0), "l2"),
        "never": (ak.attacks.DDN(1, init_norm=1e-6), "l2"),
        "linf": (ak.attacks.FMN("linf", 10), "linf"),
    }
    monkeypatch.setattr(minimum, "SMALLEST", smallest)
    options = dataclasses.replace(OPTIONS, examples=20, repeats=1)
    images, labels = test_digits.sample(20, OPTIONS.seed)
    right = int((classifier.predict(images) == labels).sum())
    assert 0 < right < 20
    table = SUITES["minimum"](classifier, test_digits, options)
    found = {row.name: row for row in table}
    measured = check_contest(table, smallest, peers.MINIMUM_PEERS)
    assert {(row.images, row.repeats) for row in measured} == {(right, 1)}
    near, far, linf = (found[name] for name in ("near", "far", "linf"))
    assert near.to_nearest == linf.to_nearest == 1
    assert (near.norm, linf.norm) == ("l2", "linf")
    assert near.distance < far.distance < 3 * 1.05
    assert far.to_nearest == pytest.approx(far.distance / near.distance)
    assert far.evaluations == 2
    assert far.to_gradients == pytest.approx(far.to_floor / 2)
    assert found["never"].success == 0
    assert found["never"].distance is None


def check_contest(table, ours, theirs):
    """Returns the rows with figures, after a look at all of them."""
    names = [row.name for row in table]
    assert names[0] == "bare gradient"
    assert names.count("bare gradient, PyTorch") <= 1
    floors = {row.name: row for row in table if row.name.startswith("bare")}
    assert set(names) - set(floors) == {*ours, *(p.name for p in theirs)}
    assert names[len(floors) :][: len(ours)] == list(ours)
    in_torch = {peer.name for peer in theirs if peer.in_torch}
    skipped = [row for row in table if row.seconds is None]
    assert all("see extra 'benchmark" in row.note for row in skipped)
    measured = [row for row in table if row.seconds is not None]
    for row in measured:
        floor = floors["bare gradient"]
        if row.name in {*in_torch, "bare gradient, PyTorch"}:
            floor = floors["bare gradient, PyTorch"]
        assert row.to_floor == pytest.approx(row.seconds / floor.seconds)
    return measured


def never(classifier, images, labels, epsilon):
    return lambda: images


def far_away(classifier, images, labels, epsilon):
    """Fools by more than it may; what it asks is counted."""
    return lambda: Found(np.flip(images, 2).copy(), 7.0, 0.5)


def test_budget(classifier, test_digits, monkeypatch):
    """What is broken is broken within epsilon, and both sides are told."""
    ours = {
        "PGD": functools.partial(ak.attacks.PGD, steps=2),
        budget.OURS: ak.attacks.PGD,
        "Square": functools.partial(ak.attacks.Square, queries=3),
    }
    monkeypatch.setattr(budget, "WITHIN", ours)
    others = (
        peers.Peer("never", "numpy", "", never),
        peers.Peer("far", "numpy", "", far_away),
    )
    options = dataclasses.replace(OPTIONS, examples=20, repeats=1, epsilon=0.05)
    images, labels = test_digits.sample(20, OPTIONS.seed)
    right = classifier.predict(images) == labels
    result = ak.attacks.PGD(0.05)(classifier, images[right], labels[right])
    assert 0 < result.success.sum() < right.sum()
    monkeypatch.setattr(peers, "BUDGET_PEERS", others)
    table = SUITES["budget"](classifier, test_digits, options)
    check_contest(table, ours, others)
    found = {row.name: row for row in table}
    assert found[budget.OURS].robust == pytest.approx(1 - result.success.mean())
    assert found["PGD"].evaluations == 2
    assert found["Square"].queries > 0
    assert found["Square"].to_gradients is None
    assert found["never"].robust == found["far"].robust == 1
    assert found["far"].success > 0
    assert (found["far"].evaluations, found["far"].queries) == (7, 0.5)
    broken = np.nonzero(right)[0][result.success]
    listed = ", ".join(map(str, broken))
    assert found["never"].note == (
        f"images that it breaks and {budget.OURS} does not: none; the other "
        f"way round: {listed} (places among the images drawn)"
    )


def test_budget_names_what_only_a_peer_breaks(
    classifier, test_digits, monkeypatch
):
    def prepare(classifier, images, labels, epsilon):
        return lambda: (
            ak.attacks.PGD(epsilon)(classifier, images, labels).images
        )

    monkeypatch.setattr(budget, "WITHIN", {budget.OURS: ak.attacks.Noise})
    peer = peers.Peer("PGD", "numpy", "", prepare)
    monkeypatch.setattr(peers, "BUDGET_PEERS", (peer,))
    options = dataclasses.replace(OPTIONS, examples=20, repeats=1, epsilon=0.05)
    row = SUITES["budget"](classifier, test_digits, options)[-1]
    assert 0 < row.robust < 1
    assert f"{budget.OURS} does not: none" not in row.note
    assert row.note.endswith("round: none (places among the images drawn)")


def test_within_is_of_each_channel(pair):
    changes = np.zeros((2, 2, 2, 3), np.float32)
    changes[0, 0, 0] = changes[1, 0, 0] = 0.1, 0.2, 0.3
    changes[1, 1, 1, 0] = -0.1001
    kept = budget.within(changes, (0.1, 0.2, 0.3), pair.normalised)
    assert kept.tolist() == [True, False]


@pytest.mark.parametrize("suite", ["minimum", "budget"])
def test_where_no_image_is_read_rightly(suite, classifier, test_digits):
    images = test_digits.images[:6]
    wrong = ak.datasets.from_arrays(
        (255 * images).round().astype(np.uint8),
        (classifier.predict(images) + 1) % 10,
        test_digits.class_names,
    )
    (row,) = SUITES[suite](classifier, wrong, OPTIONS)
    assert row.note == "skipped: no image is read rightly"


@pytest.mark.parametrize(
    ("norm", "expected"), [("linf", 4), ("l2", 5), ("l1", 7), ("l0", 2)]
)
def test_distances(norm, expected):
    changes = np.zeros((2, 2, 2, 1), np.float32)
    changes[0, 0, :, 0] = 3, -4
    assert minimum.distances(changes, norm).tolist() == [expected, 0]


def test_edge(classifier, test_digits):
    table = SUITES["edge"](classifier, test_digits, OPTIONS)
    batched = ["litert", "litert-reference", "litert-optimised", "openvino"]
    assert [row.name for row in table[1::2]] == [
        f"{runtime}: ak.edge.start().predict" for runtime in batched
    ]
    for floor, ours in zip(table[::2], table[1::2], strict=True):
        assert floor.to_floor == ours.to_ours == 1
        assert ours.to_floor == pytest.approx(ours.seconds / floor.seconds)
        assert ours.note == "outputs equal bit by bit"


def test_edge_without_the_variant(classifier, test_digits, monkeypatch):
    def export(*_, **__):
        return ak.edge.Exported({}, {"int8": "no such kernel"})

    monkeypatch.setattr(ak.edge, "export", export)
    (row,) = SUITES["edge"](classifier, test_digits, OPTIONS)
    assert row.note == "skipped: not exported: no such kernel"
    assert row.seconds is None


def test_scale(classifier, test_digits, monkeypatch):
    """What happens around the processes; test_memory starts one."""

    def here(prepare, *arguments):
        return ak.benchmark.Memory(100, 300, prepare(*arguments)())

    monkeypatch.setattr(scale, "peak_memory", here)
    options = dataclasses.replace(OPTIONS, repeats=None, sizes=(4, 250))
    monkeypatch.setattr(scale, "LBFGS", lambda: ak.attacks.FGSM(0.2))
    table = SUITES["scale"](classifier, test_digits, options)
    assert [(row.name, row.images) for row in table] == [
        (name, size) for name in ("FGSM()", "LBFGS()") for size in (4, 250)
    ]  # of 200 digits
    for row in table:
        assert (row.peak_memory, row.own_memory) == (300, 200)
        assert row.array_memory == 2 * row.images * 28 * 28 * 4
        assert 0 < row.success <= 1
    first, then = table[:2]
    assert first.to_smallest == 1
    assert then.to_smallest == pytest.approx(then.seconds / first.seconds)


def test_scale_of_a_model_that_cannot_be_saved(
    classifier, test_digits, monkeypatch
):
    def save(*_, **__):
        raise NotImplementedError("no\nconfig")

    monkeypatch.setattr(classifier.model, "save", save)
    for row in SUITES["scale"](classifier, test_digits, OPTIONS):
        assert row.note == "skipped: Keras cannot save the model: no config"


@pytest.mark.slow
def test_growth(classifier, test_digits, monkeypatch):
    nets = {"first": (28, 10, 100)}
    monkeypatch.setattr(growth, "_NETS", nets)
    table = SUITES["growth"](classifier, test_digits, OPTIONS)
    assert [row.name for row in table] == list(nets)
    for row in table:
        assert row.success == 1
        assert row.evaluations > 1
        assert row.to_gradients * row.evaluations == pytest.approx(row.to_floor)


def test_a_peer_that_fails_is_no_end(monkeypatch):
    def prepare(*_):
        raise AttributeError("of another\ntime")

    failing = peers.Peer("Peer", "numpy", "", prepare)
    run, reason = failing.try_out(1, 2)
    assert run is None
    assert reason == "AttributeError: of another time"


def test_peers_take_one_pair_of_bounds(pair):
    assert peer.one_pair(pair.plain) == (0, 1)
    with pytest.raises(ValueError, match=r"^`bounds` must be the same in all"):
        peer.one_pair(pair.normalised)


def test_a_ratio_is_of_what_both_found():
    ours = rows.Outcome(
        np.array([True, True, False, True]), np.array([2.0, 3.0, 9.0, 9.0])
    )
    theirs = rows.Outcome(np.array([True, True, True]), np.array([1, 4.0, 1]))
    assert ours.beside(theirs) == (pytest.approx(1.0), 2.0)
    nothing = rows.Outcome(np.zeros(4, bool), np.zeros(4))
    assert ours.beside(nothing) is None
    assert nothing.mean is None
    assert ours.rate == 0.75
    assert ours.mean == pytest.approx(14 / 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"examples": 0}, "examples=0"),
        ({"slow_examples": 0}, "slow_examples=0"),
        ({"repeats": 0}, "repeats=0"),
        ({"epsilon": 0}, "epsilon=0"),
        ({"sizes": ()}, r"sizes=\(\)"),
        ({"sizes": (2, 1)}, r"sizes=\(2, 1\)"),
        ({"sizes": (0, 1)}, "sizes=0"),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        Options(**arguments)


@pytest.mark.slow
@pytest.mark.tfds
def test_on_a_trained_net(tfds_dir, capsys):
    """What no run may miss; how fast it is, docs/performance.md says."""
    m1 = ak.load("m1")
    data = ak.datasets.load("mnist", "test", data_dir=tfds_dir)
    options = Options(examples=32, slow_examples=4)
    measured = {
        suite: {row.name: row for row in SUITES[suite](m1, data, options)}
        for suite in ("fgsm", "lbfgs")
    }
    with capsys.disabled():
        for suite, table in measured.items():
            found = [row.to_json() for row in table.values()]
            shown = {"suite": suite, "model": "m1", "rows": found}
            print(*map(str, ak.report.benchmark_lines(shown)), sep="\n")
            for grid in ak.report.benchmark_tables(shown):
                print(grid.markdown())
    # Not timed tests: a second gradient would be above 2.
    assert measured["fgsm"]["FGSM.perturb"].to_floor < 1.9
    ours = measured["lbfgs"]["LBFGS()"]
    assert ours.success == 1
    assert ours.to_lockstep < 1.01
    assert ours.to_ours < measured["lbfgs"]["SciPy one at a time"].to_ours


def test_training_leaves_the_model_and_pays_for_two_gradients(
    classifier, test_digits
):
    before = classifier.model.get_weights()
    floor, ours = SUITES["training"](classifier, test_digits, OPTIONS)
    assert (floor.name, ours.name) == ("two gradients", "AdversarialTraining")
    assert floor.to_floor == 1
    assert ours.to_floor == pytest.approx(ours.seconds / floor.seconds)
    for weights, now in zip(
        before, classifier.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weights, now)
