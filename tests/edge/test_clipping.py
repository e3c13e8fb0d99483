"""Whether calibration images span the activations of others."""

import numpy as np
import pytest

from advkeras.edge import clipping
from advkeras.edge.export import export
from tests.edge import dense
from tests.edge import strangers


def share(images, others):
    """Of the values of one tensor, those a step of 255 out of its range."""
    low, high = min(images.min(), 0), max(images.max(), 0)
    step = (high - low) / 255
    return np.mean((others < low - step) | (others > high + step))


@pytest.mark.parametrize("memory", [clipping._MEMORY, 1])
def test_the_share_of_the_activation_that_is_clipped_most(
    dense_files, monkeypatch, memory
):
    monkeypatch.setattr(clipping, "_MEMORY", memory)  # 1: image by image
    images, others = dense.images(8), 1.2 * dense.images(6, seed=1)
    shares = [
        share(images, others),
        share(*(dense.model().predict(x, verbose=0) for x in (images, others))),
    ]
    assert 0 < shares[0] < 1
    assert shares[0] != shares[1]
    found = clipping.beyond(dense_files["float32"], images, others)
    assert found == pytest.approx(max(shares))
    assert clipping.beyond(dense_files["float32"], images, images) == 0


def test_images_that_do_not_span_each_other(dense_files, monkeypatch):
    file = dense_files["float32"]
    asked = []

    def beyond(path, images, others):
        asked.append((len(images), len(others)))
        return clipping._MOST + 0.001 if len(asked) < 3 else clipping._MOST

    alike = dense.images(200)
    assert clipping.of_calibration(file, alike) == []
    bright = alike * np.where(np.arange(200) % 2, 1, 0.5)[:, None, None, None]
    (line,) = clipping.of_calibration(file, bright[:4])
    assert "on every second of 4 images, is beyond what the others" in line
    monkeypatch.setattr(clipping, "beyond", beyond)
    assert clipping.of_calibration(file, alike) == []
    assert asked == [(8, 8), (32, 32), (100, 100)]
    (line,) = clipping.of_calibration(file, alike[:1])
    assert "of one image" in line


def test_what_cannot_be_run_is_not_judged(tmp_path):
    assert clipping.of_calibration(tmp_path / "none", dense.images(4)) == []


def test_export_says_so(tmp_path):
    random = np.random.default_rng(0)
    images = random.random((8, 28, 28, 1), np.float32)
    images[::2] *= 0.5
    paths = export(strangers.net(), tmp_path, ("float32", "int8"), images)
    (line,) = paths.warnings
    assert line.startswith("calibration: ")
    assert line.endswith("int8 and int16x8 clip as much of images like these")
    assert export(strangers.net(), tmp_path, "float32", images).warnings == []
