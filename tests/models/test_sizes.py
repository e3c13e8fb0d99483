"""Model files that unpack to more than they may are not unpacked."""

import io
import json
import tracemalloc
import zipfile

import h5py
import keras
import numpy as np
import pytest

import advkeras as ak

MEGABYTE = 1 / 1024  # in GB


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model.save(folder / "net.keras")
    model.save(folder / "net.h5")
    model.export(folder / "net", verbose=False)
    ak.load(folder / "net.keras")  # imports what loading takes
    return folder


def refused(path, max_gb):
    """Returns why a file is refused, which took less memory than it."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="`max_gb` allows") as caught:
            ak.load(path, max_gb=max_gb)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert f"Received: model={str(path)!r}" in message
    assert "--max_model_gb" in message
    return message


def repacked(path, to, **members):
    """Copies an archive, with other members of some names, packed."""
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            stem = name.split(".")[-2]
            new.writestr(name, members.get(stem, old.read(name)))
    return to


def zeros(count):
    """An HDF5 file with a packed dataset of float32 zeros."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset(
            "layers/dense/vars/0",
            data=np.zeros(count, np.float32),
            compression="gzip",
        )
    return content.getvalue()


def test_a_configuration_of_a_large_size(saved, tmp_path):
    config = json.dumps({"padding": " " * (16 << 20)})
    path = repacked(saved / "net.keras", tmp_path / "a.keras", config=config)
    assert path.stat().st_size < 100_000
    # A 64th of the limit is for the configuration: 15 MB.
    assert "config.json would take" in refused(path, 960 * MEGABYTE)


def test_a_member_of_a_large_size(saved, tmp_path):
    path = repacked(
        saved / "net.keras", tmp_path / "a.keras", weights=bytes(16 << 20)
    )
    assert path.stat().st_size < 100_000
    assert "its members would take" in refused(path, 15 * MEGABYTE)


def test_weights_that_are_packed_once_more_inside(saved, tmp_path):
    weights = zeros(4 << 20)
    assert len(weights) < 200_000
    path = repacked(saved / "net.keras", tmp_path / "a.keras", weights=weights)
    assert "its datasets would take" in refused(path, 15 * MEGABYTE)


def test_arrays_in_place_of_hdf5(saved, tmp_path):
    content = io.BytesIO()
    np.savez_compressed(content, a=np.zeros(4 << 20, np.float32))
    path = tmp_path / "a.keras"
    with (
        zipfile.ZipFile(saved / "net.keras") as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        for name in ("config.json", "metadata.json"):
            new.writestr(name, old.read(name))
        new.writestr("model.weights.npz", content.getvalue())
    assert "its arrays would take" in refused(path, 15 * MEGABYTE)


def test_an_hdf5_file_of_a_large_size(saved, tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes((saved / "net.h5").read_bytes())
    with h5py.File(path, "a") as file:
        # Nothing of it is stored, and all would be read.
        file.create_dataset("model_weights/more", (1 << 40,), "f4", chunks=True)
    assert path.stat().st_size < 200_000
    assert "its datasets would take 4.1e+03 GB" in refused(path, 4.0)


@pytest.mark.parametrize("kind", ["of any length", "of a fixed length"])
def test_a_configuration_in_an_hdf5_file(saved, tmp_path, kind):
    path = tmp_path / "a.h5"
    text = json.dumps({"padding": " " * 40_000})
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "3.0.0"
        fixed = np.bytes_(text.encode())
        file.attrs["model_config"] = text if kind == "of any length" else fixed
    assert "model_config would take" in refused(path, 2 * MEGABYTE)


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
@pytest.mark.parametrize("units", [10**6, 2**40])
def test_layers_of_a_large_size(saved, tmp_path, name, units):
    """They are declared by a number, and made before weights are read."""
    path = tmp_path / name
    if name == "net.keras":
        with zipfile.ZipFile(saved / name) as file:
            config = json.loads(file.read("config.json"))
        config["config"]["layers"][-1]["config"]["units"] = units
        repacked(saved / name, path, config=json.dumps(config))
    else:
        path.write_bytes((saved / name).read_bytes())
        with h5py.File(path, "a") as file:
            text = file.attrs["model_config"]
            assert text.count('"units": 10,') == 1
            file.attrs["model_config"] = text.replace(
                '"units": 10,', f'"units": {units},'
            )
    assert "its layers would take" in refused(path, 15 * MEGABYTE)


class Ones(keras.initializers.Initializer):
    """Of a user's own, which looks at its values."""

    def __call__(self, shape, dtype=None):
        return keras.ops.convert_to_tensor(
            keras.ops.ones(shape, dtype).numpy(), dtype
        )


def test_an_initializer_that_needs_its_values(tmp_path):
    dense = keras.layers.Dense(10, kernel_initializer=Ones())
    net = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    net.add(dense)
    net.save(tmp_path / "own.keras")
    loaded = ak.models.load(tmp_path / "own.keras", {"Ones": Ones})
    np.testing.assert_array_equal(loaded.get_weights()[0], 1)


def test_a_folder_of_a_large_size(saved):
    assert "its files would take" in refused(saved / "net", MEGABYTE / 1024)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "net"])
def test_what_the_limit_allows(saved, name):
    for max_gb in (MEGABYTE, 4.0):
        assert ak.load(saved / name, max_gb=max_gb).num_classes == 10


@pytest.mark.parametrize("max_gb", [0, -1.0, float("nan"), "4", True])
def test_no_limit(saved, max_gb):
    with pytest.raises(ValueError, match="`max_gb` must be a finite number"):
        ak.models.load(saved / "net.keras", max_gb=max_gb)
