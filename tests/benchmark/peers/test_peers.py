import importlib
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras.benchmark.peers import BUDGET_PEERS
from advkeras.benchmark.peers import EVERYONE
from advkeras.benchmark.peers import FGSM_PEERS
from advkeras.benchmark.peers import LBFGS_PEERS
from advkeras.benchmark.peers import MINIMUM_PEERS
from advkeras.benchmark.peers import Peer

BOUNDS = [(0.0, 1.0), (0.0, 255.0)]


def name(value):
    return value.name if isinstance(value, Peer) else str(value[1])


@pytest.fixture(scope="module", params=BOUNDS, ids=name)
def task(request):
    """A classifier that is nowhere sure of itself, images and labels."""
    upper = request.param[1]
    random = np.random.default_rng(0)
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            layers.Rescaling(1 / upper, offset=-0.5),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model.layers[-1].set_weights([random.normal(size=(16, 3)), np.zeros(3)])
    images = upper * random.uniform(size=(6, 4, 4, 1)).astype(np.float32)
    classifier = ak.Classifier(model, bounds=request.param)
    return classifier, images, classifier.predict(images)


def skip_unless_installed(peer):
    reason = peer.missing()
    if reason:
        pytest.skip(reason)


@pytest.mark.parametrize("peer", FGSM_PEERS, ids=name)
def test_fgsm_is_ours(peer, task):
    skip_unless_installed(peer)
    classifier, images, labels = task
    upper = classifier.bounds[1]
    run = peer.prepare(classifier, images, labels, 0.1 * upper)
    ours = ak.attacks.FGSM(epsilon=0.1 * upper)(classifier, images, labels)
    for _ in range(2):
        found = run()
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, ours.images, atol=1e-6 * upper)
    assert (ours.linf > 0).all()


@pytest.mark.parametrize("peer", LBFGS_PEERS, ids=name)
def test_lbfgs_reaches_its_targets_as_near_as_ours(peer, task):
    skip_unless_installed(peer)
    classifier, images, labels = task
    lower, upper = classifier.bounds
    targets = (labels + 1) % 3
    found = peer.prepare(classifier, images, labels, targets)()
    assert found.dtype == np.float32
    assert found.shape == images.shape
    assert found.min() >= lower
    assert found.max() <= upper
    np.testing.assert_array_equal(classifier.predict(found), targets)
    ours = ak.attacks.LBFGS()(classifier, images, labels, targets)
    lengths = np.sqrt(np.square(found - images).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(lengths, ours.l2, rtol=0.05)


@pytest.mark.parametrize("peer", MINIMUM_PEERS, ids=name)
def test_smallest_changes_keep_to_the_box(peer, task):
    skip_unless_installed(peer)
    classifier, images, labels = task
    lower, upper = classifier.bounds
    found = peer.prepare(classifier, images, labels)()
    found = getattr(found, "images", found)
    assert found.dtype == np.float32
    assert found.shape == images.shape
    assert found.min() >= lower
    assert found.max() <= upper
    if "C&W" not in peer.name:
        assert (found != images).any()


@pytest.mark.parametrize("peer", BUDGET_PEERS, ids=name)
def test_budgets_are_kept(peer, pair):
    skip_unless_installed(peer)
    images = pair.images[:4]
    labels = pair.plain.predict(images)
    found = peer.prepare(pair.plain, images, labels, 0.1)()
    assert found.images.dtype == np.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    linf = np.abs(found.images - images).max(axis=(1, 2, 3))
    np.testing.assert_allclose(linf.max(), 0.1, atol=1e-6)
    assert found.gradient_evaluations >= 100
    assert found.queries > 0


def test_names_differ():
    names = [peer.name for peer in EVERYONE]
    assert len(set(names)) == len(names)


@pytest.fixture
def installed(monkeypatch):
    """Stands for what pip has installed, by name."""
    versions = {}

    def version(distribution):
        if distribution not in versions:
            raise importlib.metadata.PackageNotFoundError(distribution)
        return versions[distribution]

    monkeypatch.setattr(importlib.metadata, "version", version)
    return versions


NEEDS = (("torch", ""), ("scipy", "<1.18"))


def test_missing(installed):
    peer = Peer("Peer", "foolbox", ">=3.3,<4", print, NEEDS)
    hint = "not installed, see extra 'benchmark'"
    assert peer.missing() == f"needs foolbox >=3.3,<4; {hint}"
    installed["foolbox"] = "2.4.0"
    assert peer.missing() == "needs foolbox >=3.3,<4; installed: 2.4.0"
    installed["foolbox"] = "3.3.4"
    assert peer.missing() == f"needs torch; {hint}"
    installed["torch"] = "2.13.0+cpu"
    installed["scipy"] = "1.18.1"
    assert peer.missing() == "needs scipy <1.18; installed: 1.18.1"
    installed["scipy"] = "1.17.1"
    assert peer.missing() is None


def test_whose_gradients():
    theirs = {peer.distribution: peer.in_torch for peer in MINIMUM_PEERS}
    assert theirs["adv-lib"]
    assert not theirs["foolbox"]


def test_extras_bring_what_peers_need():
    text = (Path(ak.__file__).parents[1] / "pyproject.toml").read_text()
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    for peer in EVERYONE:
        brought = {re.split("[<>=]", one)[0] for one in extras[peer.extra]}
        assert {peer.distribution, *(one for one, _ in peer.needs)} <= brought


def test_one_foolbox_at_a_time(installed):
    installed.update(torch="2.13.0", threadpoolctl="3.6", foolbox="2.4.0")
    foolboxes = [FGSM_PEERS[0], LBFGS_PEERS[0]]
    assert [p.missing() is None for p in foolboxes] == [False, True]
    installed.update(foolbox="3.3.4")
    assert [p.missing() is None for p in foolboxes] == [True, False]


def test_importing_them_imports_no_peer(monkeypatch):
    torch = ("torch", "torchvision", "advertorch", "adv_lib", "pyautoattack")
    for library in ("foolbox", "art", "cleverhans", *torch):
        monkeypatch.setitem(sys.modules, library, None)  # cannot be imported
    for module in [m for m in sys.modules if m.startswith("advkeras.bench")]:
        monkeypatch.delitem(sys.modules, module)
    assert importlib.import_module("advkeras.benchmark.peers").LBFGS_PEERS
