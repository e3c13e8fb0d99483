"""Model files of every format, and one line about what is none."""

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.models import loading


def images(n=3):
    return np.random.default_rng(0).random((n, 28, 28, 1), np.float32)


@pytest.fixture(scope="module")
def model():
    """A network whose weights and biases are all random."""
    model = ak.models.build("fc100-100-10")
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(size=w.shape) / 5 for w in model.get_weights()]
    )
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    """The network in three formats, and what looks like one and is not."""
    folder = tmp_path_factory.mktemp("formats")
    model.save(folder / "net.keras")
    model.save(folder / "net.h5")
    model.export(folder / "net", verbose=False)
    whole = (folder / "net.keras").read_bytes()
    (folder / "truncated.keras").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.keras").write_bytes(b"")
    (folder / "renamed.h5").write_bytes(whole)
    noise = np.random.default_rng(0).bytes(5000)
    (folder / "noise.h5").write_bytes(noise)
    (folder / "notes.txt").write_text("a model")
    (folder / "folder").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "saved_model.pb").write_bytes(noise)
    tf.saved_model.save(tf.Module(), str(folder / "module"))
    return folder


def refusal(name_or_path):
    """Returns the message of the error that `load` raises: one line."""
    with pytest.raises(ValueError) as caught:
        ak.models.load(name_or_path)
    message = str(caught.value)
    assert "\n" not in message
    assert f"Received: model={str(name_or_path)!r}" in message
    return message


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_every_format_gives_the_same_logits(folder, model, name):
    for path in (folder / name, str(folder / name)):
        loaded = ak.models.load(path)
        assert isinstance(loaded, keras.Model)
        assert loaded.input_shape == (None, 28, 28, 1)
        outputs = loaded(images(), training=False)
        np.testing.assert_allclose(outputs, model(images()), atol=1e-5)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_every_format_is_differentiable(folder, model, name):
    def gradient(of):
        x = tf.constant(images())
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = of(x, training=False)[:, 3]
        return tape.gradient(outputs, x)

    loaded = ak.models.load(folder / name)
    np.testing.assert_allclose(
        gradient(loaded), gradient(model), rtol=1e-3, atol=1e-6
    )


def test_a_saved_model_that_takes_images_of_another_type(tmp_path):
    inputs = keras.Input((4,), dtype="float16")
    module = keras.Model(inputs, keras.layers.Dense(2, dtype="float16")(inputs))
    module.export(tmp_path / "half", verbose=False)
    loaded = ak.models.load(tmp_path / "half")
    assert loaded(tf.zeros((3, 4), tf.float32)).shape == (3, 2)


@pytest.mark.parametrize("name", ["truncated.keras", "empty.keras"])
def test_a_truncated_keras_file(folder, name):
    assert "must be one that Keras can load" in refusal(folder / name)


@pytest.mark.parametrize("name", ["noise.h5", "renamed.h5"])
def test_an_h5_file_that_is_none(folder, name):
    assert "must be one that Keras can load" in refusal(folder / name)


@pytest.mark.parametrize("name", ["folder", "broken"])
def test_a_folder_that_is_no_saved_model(folder, name):
    assert "must be one that Keras can load" in refusal(folder / name)


def test_a_saved_model_without_a_signature(folder):
    assert "no signature 'serving_default'" in refusal(folder / "module")


def test_a_saved_model_with_two_inputs(tmp_path):
    a, b = keras.Input((2,)), keras.Input((2,))
    both = keras.Model([a, b], keras.layers.Add()([a, b]))
    both.export(tmp_path / "both", verbose=False)
    assert "one input and one output expected, 2 and 1" in refusal(
        tmp_path / "both"
    )


def test_a_file_of_another_kind(folder):
    message = refusal(folder / "notes.txt")
    assert "must end in .keras, .h5, .hdf5 or be a SavedModel" in message


def test_a_path_where_nothing_is(folder):
    message = refusal(folder / "nosuch.keras")
    assert "must be a path to a Keras file or one of saved_models" in message


def test_a_name_that_is_only_registered(monkeypatch):
    monkeypatch.setattr(loading, "saved_models", dict)
    assert "fc100-100-10" in ak.models.names()
    assert "`advkeras train` trains one" in refusal("fc100-100-10")
    assert "advkeras train" not in refusal("nosuch")


def test_names_of_saved_models(monkeypatch, folder, model):
    known = {"mine": folder / "net.keras"}
    monkeypatch.setattr(loading, "saved_models", lambda: known)
    outputs = ak.models.load("mine")(images())
    np.testing.assert_allclose(outputs, model(images()), atol=1e-6)
    assert "saved_models: mine. Received: model='yours'" in refusal("yours")


def test_a_file_goes_before_a_saved_model_of_its_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tf.saved_model.save(tf.Module(), "m1")
    known = {"m1": tmp_path / "elsewhere.keras"}
    monkeypatch.setattr(loading, "saved_models", lambda: known)
    assert str(loading.find("m1")) == "m1"


def test_several_models_have_several_names(tmp_path):
    paths = [tmp_path / name for name in ("a.keras", "b/a.keras", "a-2.h5")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    found = loading.find_all([str(path) for path in [*paths, paths[0]]])
    assert list(found.values()) == [*paths, paths[0]]
    assert list(found)[:2] == ["a", "a-2"]


def test_no_models_or_one_that_is_not_there(folder):
    with pytest.raises(ValueError, match="`models` must not be empty"):
        loading.find_all([])
    with pytest.raises(ValueError, match="Received: model='nosuch'"):
        loading.find_all([folder / "net.keras", "nosuch"])


def test_a_name_may_be_given(folder):
    path = folder / "net.keras"
    found = loading.find_all([f"net={path}", path, f"b={path}", "c=m1", path])
    # Those that have none keep clear of those that were given.
    assert list(found) == ["net", "net-2", "b", "c", "net-3"]
    assert found["net"] == found["net-2"] == found["b"] == path
    assert found["c"] == loading.find("m1")


def test_a_path_may_have_an_equals_sign(folder, tmp_path):
    path = tmp_path / "lr=0.1.keras"
    path.write_bytes((folder / "net.keras").read_bytes())
    assert loading.find_all([path]) == {"lr=0.1": path}
    assert loading.find_all([str(path)]) == {"lr=0.1": path}


@pytest.mark.parametrize("wrong", [["a=m1", "a=m2"], ["x/a=m1"], ["./a=m1"]])
def test_a_name_that_is_none(wrong):
    with pytest.raises(ValueError, match="`models` must be models, or NAME="):
        loading.find_all(wrong)


def test_a_named_model_that_is_not_there():
    with pytest.raises(ValueError, match="Received: model='nosuch'"):
        loading.find_all(["a=nosuch"])


@pytest.mark.parametrize("name", ["net.weights.h5", "old.h5"])
def test_a_file_of_weights_only(tmp_path, model, name):
    path = tmp_path / name
    if name == "net.weights.h5":
        model.save_weights(path)
    else:
        with h5py.File(path, "w") as file:  # as Keras 2 wrote it
            file.attrs["layer_names"] = [b"dense"]
    assert "weights only, no layers: build the model" in refusal(path)


def test_an_h5_file_of_something_else(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["images"] = images()
    assert "it holds no Keras model)" in refusal(tmp_path / "data.h5")


def test_the_reason_is_whole_and_without_the_configuration():
    dump = "config={" + "'name': 'dense', " * 100 + "}."
    error = TypeError(
        f"The class is not right.\n\n{dump}\n\nException encountered: "
        f"One sentence. {dump} Full object: {dump} The last one."
    )
    assert loading._reason(error) == "One sentence. The last one."
    assert loading._reason(ValueError("no\n point")) == "no point"
    assert loading._reason(ValueError(dump)) == " ".join(dump.split())


def test_an_object_of_ones_own(tmp_path):
    class Mine(keras.layers.Dense):
        """A Dense by another name."""

    net = keras.Sequential([keras.Input((4,)), Mine(2)])
    net.save(tmp_path / "mine.keras")
    assert "Could not locate class 'Mine'" in refusal(tmp_path / "mine.keras")
    loaded = ak.models.load(tmp_path / "mine.keras", {"Mine": Mine})
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(loaded(x), net(x))
