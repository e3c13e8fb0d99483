"""Arrays that unpack to more than they may are not unpacked."""

import io
import zipfile

import numpy as np
import pytest

import advkeras as ak
from advkeras import packed
from advkeras.datasets import npz

MEGABYTE = 1 / 1024  # in GB


def declaring(path, shape, content=b"", **others):
    """Writes an .npz whose array `labels` says that it has some shape."""
    member = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, about)
    np.savez_compressed(path, **others)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.npy", member.getvalue() + content)
    return path


def test_what_the_limit_allows(tmp_path):
    path = declaring(tmp_path / "a.npz", (1 << 20,), bytes(1 << 20))
    packed.check_sizes(path, 1.01 * MEGABYTE)
    with pytest.raises(ValueError, match=r"would take 0\.000977 GB once read"):
        packed.check_sizes(path, 0.99 * MEGABYTE)
    packed.check_sizes(path, 0.99 * MEGABYTE, ["images"])  # not read


def test_a_shape_that_its_bytes_are_not(tmp_path):
    path = declaring(tmp_path / "a.npz", (1 << 50,), bytes(10))
    with pytest.raises(ValueError, match=r"labels of shape .* has 10 bytes"):
        packed.check_sizes(path, 1e9)


def test_labels_of_a_data_set(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_MAX_GB", MEGABYTE)
    pixels = np.zeros((2, 4, 4), np.uint8)
    path = declaring(
        tmp_path / "a.npz", (2, 1 << 20), bytes(2 << 20), images=pixels
    )
    assert path.stat().st_size < 20_000
    with pytest.raises(ValueError, match="its arrays would take") as caught:
        ak.datasets.load(str(path))
    assert f"Received: dataset={str(path)!r}" in str(caught.value)


def test_a_label_that_stands_for_a_class_too_many(tmp_path):
    path = tmp_path / "a.npz"
    labels = np.array([0, 1 << 40])
    np.savez(path, images=np.zeros((2, 4, 4), np.uint8), labels=labels)
    with pytest.raises(ValueError, match="must be below 1048576"):
        ak.datasets.load(str(path))


def test_results_of_an_attack(tmp_path):
    images = np.zeros((4, 64, 64, 3), np.float32)
    labels = np.zeros(4, np.int64)
    result = ak.attacks.AttackResult(
        originals=images,
        images=images,
        labels=labels,
        targets=None,
        clean_predictions=labels,
        predictions=labels,
        success=np.zeros(4, bool),
        bounds=(0.0, 1.0),
    )
    path = tmp_path / "a.npz"
    result.save(path)
    assert path.stat().st_size < 10_000
    assert len(ak.attacks.AttackResult.load(path)) == 4
    with pytest.raises(ValueError, match="`max_gb` allows") as caught:
        ak.attacks.AttackResult.load(path, max_gb=MEGABYTE / 4)
    assert f"Received: path={str(path)!r}" in str(caught.value)


def test_what_is_written_numpy_reads(tmp_path):
    arrays = {
        "images": np.random.default_rng(0).random((3, 2), np.float32),
        "names": np.array(["a", "bc"]),
        "one": np.float64(2.5),
        "none": np.zeros((0, 4)),
    }
    path = tmp_path / "a.npz"
    with path.open("wb") as file:
        packed.write(file, arrays)
    packed.check_sizes(path, MEGABYTE)
    with np.load(path, allow_pickle=False) as read:
        assert list(read) == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(read[name], array)
            assert read[name].dtype == array.dtype


def test_nothing_is_pickled(tmp_path):
    with (
        (tmp_path / "a.npz").open("wb") as file,
        pytest.raises(ValueError, match="Object arrays cannot be saved"),
    ):
        packed.write(file, {"a": np.array([{}])})
