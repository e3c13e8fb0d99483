"""A disk that is full, wherever: one line, and nothing half written."""

import errno
import os
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras import files

FULL = "No space left on device"


def refused(*arguments, **options):
    raise OSError(errno.ENOSPC, FULL)


def everything(folder):
    return sorted(path for path in folder.rglob("*"))


@pytest.fixture
def model():
    return ak.models.build("fc10")


@pytest.fixture
def result():
    images = np.zeros((2, 3, 3, 1), np.float32)
    labels = np.arange(2)
    return ak.attacks.AttackResult(
        originals=images,
        images=images,
        labels=labels,
        targets=None,
        clean_predictions=labels,
        predictions=labels,
        success=labels > 0,
        bounds=(0.0, 1.0),
    )


@pytest.mark.parametrize("where", ["os.replace", "os.mkdir", "io.open"])
def test_files_that_cannot_be_written(
    tmp_path, monkeypatch, model, result, where
):
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "old.json").write_text("old")
    (folder / "old.npz").write_text("old")
    writers = {
        "old.json": lambda path: files.write_json(path, {"a": 1}),
        "new.json": lambda path: files.write_json(path, {"a": 1}),
        "old.npz": result.save,
        "new.npz": result.save,
        "new.keras": lambda path: ak.models.save_with_card(model, path, {}),
    }
    before = everything(folder)
    if where == "io.open":
        real = Path.open

        def opened(self, mode="r", *arguments, **options):
            if "w" in mode:
                refused()
            return real(self, mode, *arguments, **options)

        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(Path, "write_text", refused)
    else:
        monkeypatch.setattr(os, where.removeprefix("os."), refused)
    for name, write in writers.items():
        with pytest.raises(ValueError, match="`path` must be a place") as told:
            write(folder / name)
        assert isinstance(told.value, OSError)
        message = str(told.value)
        # Of a model the card may be what did not fit.
        assert str(folder / name).removesuffix(".keras") in message
        assert message.endswith(f"({FULL})")
    monkeypatch.undo()
    assert everything(folder) == before
    assert (folder / "old.json").read_text() == "old"


def test_a_library_that_tells_in_an_error_of_its_own(tmp_path):
    with (
        pytest.raises(files.NotWrittenError, match=FULL),
        files.replacing(tmp_path / "net.keras"),
    ):
        raise RuntimeError(f"Can't write data (error message = '{FULL}')")


@pytest.mark.parametrize("where", ["model", "converter"])
def test_a_variant_is_not_skipped_for_want_of_room(
    tmp_path, monkeypatch, model, where
):
    """Whichever writes, Keras or the converter, no layer is to blame."""
    if where == "model":
        archive = type(keras.export.ExportArchive())
        monkeypatch.setattr(archive, "write_out", refused)
    else:
        converter = types.SimpleNamespace(
            target_spec=types.SimpleNamespace(), convert=refused
        )
        monkeypatch.setattr(
            tf.lite.TFLiteConverter, "from_saved_model", lambda _: converter
        )
    with pytest.raises(ValueError, match="`directory` must be a pl") as caught:
        ak.edge.export(model, tmp_path / "out", "float32")
    assert str(caught.value).endswith(f"({FULL})")
    assert everything(tmp_path / "out") == []


def test_a_file_that_may_not_grow_is_such_a_refusal():
    assert files.refusal(OSError(errno.EFBIG, "")) == "File too large"


def test_an_error_that_is_not_of_the_disk_stays_itself(tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        files.replacing(tmp_path / "net.keras"),
    ):
        raise ZeroDivisionError
    assert files.refusal(FileNotFoundError(errno.ENOENT, "no")) is None


def test_a_run_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(ValueError, match="`output` must be a pl") as caught:
        ak.report.Run(tmp_path / "run", {"seed": 0})
    assert str(caught.value).endswith(f"({FULL})")
    assert list((tmp_path / "run").iterdir()) == []
