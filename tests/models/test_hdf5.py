import h5py
import numpy as np
import pytest

from advkeras.models import hdf5


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as written:
        written.attrs["model_config"] = "{}"
        written.create_dataset("dense/kernel", data=np.ones((3, 2)))
        written["dense"].attrs["weight_names"] = [b"kernel", b"bias"]
    return path


def test_a_whole_file(file):
    hdf5.check_readable(file)


def test_another_file(tmp_path):
    path = tmp_path / "net.h5"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"cannot read it \(OSError: .*signat"):
        hdf5.check_readable(path)


def test_an_attribute_that_is_damaged(file):
    content = file.read_bytes()
    assert content.count(b"GCOL") == 1  # where texts of any length lie
    file.write_bytes(content.replace(b"GCOL", b"gcol"))
    with pytest.raises(ValueError, match="HDF5 library cannot read it"):
        hdf5.check_readable(file)


def test_one_that_is_not_read_in_time(file, monkeypatch):
    monkeypatch.setattr(hdf5, "_SECONDS", 0.001)
    with pytest.raises(ValueError, match=r"not read it within 0\.001 s"):
        hdf5.check_readable(file)
