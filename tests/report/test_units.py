"""The sheet shows the images that it should, where it should."""

import matplotlib.image
import numpy as np
import pytest

from advkeras.analysis import units
from advkeras.report.units import unit_sheet

RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def comparison(images, k=4, rows=5):
    """Units that see the second half, and directions that do not."""
    n = len(images)
    features = np.random.default_rng(0).random((n, 6), np.float32)
    features[n // 2 :] += 1
    found = units.compare(features, np.arange(n) % 3, images, k=k)
    values = found.to_json(rows=rows)
    for row in values["directions"]:
        row["images"] = list(range(k))
    return values


def two_colours(n=20, side=6):
    images = np.zeros((n, side, side, 3), np.float32)
    images[: n // 2] = RED
    images[n // 2 :] = BLUE
    return images


def share(picture, color):
    near = np.abs(picture - np.array(color)).max(axis=2) < 0.02
    return near.mean()


def test_units_are_left_and_directions_right(tmp_path):
    images = two_colours()
    path = tmp_path / "sheet.png"
    unit_sheet(comparison(images), images, path, "a layer")
    picture = matplotlib.image.imread(path)[..., :3]
    height, width, _ = picture.shape
    assert abs(width - 110 * 2 * (4 * 0.55 + 0.9)) < 2
    left, right = np.array_split(picture, 2, axis=1)
    assert share(left, BLUE) > 0.3
    assert share(right, RED) > 0.3
    assert share(left, RED) == share(right, BLUE) == 0
    # White between the images, in rows and in columns.
    blue = np.abs(left - np.array(BLUE)).max(axis=2) < 0.02
    for lines in (blue.any(axis=1), blue.any(axis=0)):
        starts = np.count_nonzero(np.diff(lines.astype(int)) == 1)
        assert starts == (5 if len(lines) == height else 4)


def test_grey_images_of_other_bounds(tmp_path):
    """-1 is black, 1 is white, 0 is grey; the sheet has no other shade."""
    images = np.zeros((20, 6, 9, 1), np.float32)
    images[10:] = -1
    path = tmp_path / "sheet.png"
    unit_sheet(comparison(images), images, path, bounds=(-1, 1))
    picture = matplotlib.image.imread(path)[..., :3]
    left, right = np.array_split(picture, 2, axis=1)
    assert share(left, (0.0,) * 3) > 0.3
    assert share(right, (0.5,) * 3) > 0.3


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((19, 6, 6, 3)),
        np.zeros((20, 6, 6, 2)),
        np.zeros((20, 36)),
    ],
)
def test_bad_images(tmp_path, images):
    values = comparison(two_colours())
    with pytest.raises(ValueError, match="`images` must be the 20 images"):
        unit_sheet(values, images, tmp_path / "sheet.png")
    assert not list(tmp_path.iterdir())
