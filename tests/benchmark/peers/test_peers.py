import importlib
import importlib.metadata
import sys

import keras
import numpy as np
import pytest
from keras import layers

import advkeras as ak
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
    assert found.dtype == np.float32
    assert found.shape == images.shape
    assert found.min() >= lower
    assert found.max() <= upper
    if "C&W" not in peer.name:
        assert (found != images).any()


def test_names_differ():
    everyone = (*FGSM_PEERS, *LBFGS_PEERS, *MINIMUM_PEERS)
    names = [peer.name for peer in everyone]
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
    assert peer.missing() == "needs foolbox >=3.3,<4; not installed"
    installed["foolbox"] = "2.4.0"
    assert peer.missing() == "needs foolbox >=3.3,<4; installed: 2.4.0"
    installed["foolbox"] = "3.3.4"
    assert peer.missing() == "needs torch; not installed"
    installed["torch"] = "2.13.0+cpu"
    installed["scipy"] = "1.18.1"
    assert peer.missing() == "needs scipy <1.18; installed: 1.18.1"
    installed["scipy"] = "1.17.1"
    assert peer.missing() is None


def test_one_foolbox_at_a_time(installed):
    installed.update(torch="2.13.0", threadpoolctl="3.6", foolbox="2.4.0")
    foolboxes = [FGSM_PEERS[0], LBFGS_PEERS[0]]
    assert [p.missing() is None for p in foolboxes] == [False, True]
    installed.update(foolbox="3.3.4")
    assert [p.missing() is None for p in foolboxes] == [True, False]


def test_importing_them_imports_no_peer(monkeypatch):
    for library in ("foolbox", "art", "cleverhans", "advertorch", "torch"):
        monkeypatch.setitem(sys.modules, library, None)  # cannot be imported
    for module in [m for m in sys.modules if m.startswith("advkeras.bench")]:
        monkeypatch.delitem(sys.modules, module)
    assert importlib.import_module("advkeras.benchmark.peers").LBFGS_PEERS
