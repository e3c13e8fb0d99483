"""Networks by name: ours and the user's, the same for the same seed."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.models import registry

OURS = (
    "ae400-10",
    "conv-cifar10",
    "conv-mnist",
    "fc10",
    "fc100-100-10",
    "fc123-456-10",
    "fc200-200-10",
    "maxout",
)
EVERY_NETWORK = pytest.mark.parametrize("name", OURS)


@pytest.fixture
def own_names(monkeypatch):
    """A registry whose changes end with the test."""
    monkeypatch.setattr(registry, "_BUILDERS", dict(registry._BUILDERS))


def tiny(name, *, seed=0, classes=10):
    """Builds a user's network."""
    return keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(
                classes, kernel_initializer=keras.initializers.Ones()
            ),
        ],
        name=name,
    )


def test_names_of_the_papers():
    assert set(OURS) <= set(ak.models.names())
    assert list(ak.models.names()) == sorted(ak.models.names())


@EVERY_NETWORK
def test_the_same_seed_gives_the_same_weights(name):
    first, same, other = (
        ak.models.build(name, seed=seed).get_weights() for seed in (3, 3, 4)
    )
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(first, other, strict=True):
        # Biases and the statistics of batch normalisation start the same.
        is_kernel = a.ndim > 1
        assert np.array_equal(a, b) != is_kernel


@EVERY_NETWORK
def test_no_two_kernels_start_alike(name):
    kernels = [w for w in ak.models.build(name).get_weights() if w.ndim > 1]
    starts = {tuple(kernel.ravel()[:5]) for kernel in kernels}
    assert len(starts) == len(kernels)


@EVERY_NETWORK
def test_building_leaves_the_global_seed_alone(name):
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    ak.models.build(name, seed=5)
    assert np.random.random() == expected


@EVERY_NETWORK
def test_keras_users_can_train_it_as_they_know(name):
    model = ak.models.build(name)
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    x = np.random.default_rng(0).random((8, *model.input_shape[1:]))
    before = model.layers[-1].get_weights()[0]
    history = model.fit(x, np.arange(8) % 10, epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert not np.array_equal(before, model.layers[-1].get_weights()[0])


def test_unknown_name():
    with pytest.raises(ValueError, match="`name` must be one of: ") as caught:
        ak.models.build("fc11")
    assert "fc100-100-10" in str(caught.value)
    assert str(caught.value).endswith("Received: name='fc11'")


def test_a_user_registers_a_network(own_names):
    assert ak.models.register("tiny", "small")(tiny) is tiny
    assert {"tiny", "small"} <= set(ak.models.names())
    model = ak.models.build("small", classes=3)
    assert model.name == "small"
    # Four pixels of 0.5 and weights of 1 are 2 for every class.
    outputs = model(np.full((1, 2, 2, 1), 0.5))
    np.testing.assert_allclose(outputs, [[2.0, 2.0, 2.0]])


def test_a_name_is_registered_once(own_names):
    before = ak.models.names()
    with pytest.raises(ValueError, match="Received: name='fc10'"):
        ak.models.register("new", "fc10")(tiny)
    assert ak.models.names() == before  # "new" neither
    assert ak.models.build("fc10").count_params() == 7850


LOADER = """
import sys
import keras
import numpy as np

images = np.load("images.npz")
outputs = {}
for name in images:
    model = keras.saving.load_model(name + ".keras")
    outputs[name] = model(images[name], training=False)
np.savez("outputs.npz", **outputs)
assert not [name for name in sys.modules if name.startswith("advkeras")]
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """What all networks give, here and in a process without advkeras."""
    folder = tmp_path_factory.mktemp("elsewhere")
    images, here = {}, {}
    for name in OURS:
        model = ak.models.build(name, seed=1)
        shape = (3, *model.input_shape[1:])
        images[name] = np.random.default_rng(0).random(shape, np.float32)
        here[name] = np.asarray(model(images[name], training=False))
        model.save(folder / f"{name}.keras")
    np.savez(folder / "images.npz", **images)
    subprocess.run(
        [sys.executable, "-c", LOADER],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return here, dict(np.load(folder / "outputs.npz"))


@EVERY_NETWORK
def test_a_saved_network_loads_without_advkeras(elsewhere, name):
    here, there = elsewhere
    np.testing.assert_allclose(there[name], here[name], rtol=1e-5, atol=1e-6)
