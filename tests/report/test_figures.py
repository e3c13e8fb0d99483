"""Pictures are PNG files that show something, and what they should."""

import matplotlib.image
import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult

CLASSES = tuple("0123456789")


def read(path):
    """Returns the picture's pixels, having looked at size and kind."""
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    picture = matplotlib.image.imread(path)[..., :3]
    height, width, _ = picture.shape
    assert 100 < height < 2000
    assert 150 < width < 2000
    assert picture.std() > 0.02
    return picture


def share(picture, color, tolerance=0.02):
    """Returns the share of pixels that are near a colour."""
    near = np.abs(picture - np.array(color)).max(axis=2) < tolerance
    return near.mean()


def result(n=3, shape=(8, 8, 1), change=0.25, bounds=(0.0, 1.0)):
    """What an attack may have found: every pixel lightened by `change`."""
    lower, upper = bounds
    random = np.random.default_rng(0)
    images = random.uniform(lower, (lower + upper) / 2, (n, *shape)).astype(
        np.float32
    )
    labels = np.arange(n)
    return AttackResult(
        originals=images,
        images=images + np.float32(change * (upper - lower)),
        labels=labels,
        targets=None,
        clean_predictions=labels,
        predictions=labels + 1,
        success=np.ones(n, bool),
        bounds=bounds,
    )


def test_a_heat_map_is_a_picture(tmp_path, matrix):
    ak.report.heat_map(matrix, tmp_path / "new" / "map.png")
    read(tmp_path / "new" / "map.png")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["map.png"]


def test_a_heat_map_grows_with_its_matrix(tmp_path, matrix):
    ak.report.heat_map(matrix, tmp_path / "all.png")
    matrix["rows"] = matrix["rows"][:2]
    ak.report.heat_map(matrix, tmp_path / "two.png")
    large, small = (read(tmp_path / f"{n}.png") for n in ("all", "two"))
    assert large.shape[0] > small.shape[0]
    assert large.shape[1] == small.shape[1]


def test_the_colours_of_a_heat_map_are_its_values(tmp_path, matrix):
    """All black where nothing errs, all light where everything does."""
    dark_and_light = []
    for count in (0, 12):
        value = ak.evaluation.Rate(count, 12).to_json()
        matrix["clean_error"] = dict.fromkeys("AB", value)
        for row in matrix["rows"]:
            row["error"] = dict.fromkeys("AB", value)
        ak.report.heat_map(matrix, tmp_path / "map.png")
        # The middle of the picture lies within the map.
        picture = read(tmp_path / "map.png")
        h, w, _ = picture.shape
        middle = picture[h // 3 : h // 2, int(0.65 * w) : int(0.9 * w)]
        dark_and_light.append(np.median(middle, axis=(0, 1)))
    # The ends of matplotlib's magma.
    np.testing.assert_allclose(dark_and_light[0], [0.0, 0.0, 0.02], atol=0.02)
    np.testing.assert_allclose(dark_and_light[1], [0.99, 0.99, 0.75], atol=0.02)


@pytest.mark.parametrize(
    ("n", "shape"), [(3, (8, 8, 1)), (1, (28, 28, 1)), (12, (16, 12, 3))]
)
def test_a_gallery_is_a_picture(tmp_path, n, shape):
    path = tmp_path / "gallery.png"
    ak.report.gallery(result(min(n, 9), shape), path, CLASSES)
    read(path)


def test_a_gallery_shows_at_most_what_there_is(tmp_path):
    path = tmp_path / "gallery.png"
    widths = []
    for count in (2, 3, 8):
        ak.report.gallery(result(3), path, CLASSES, count=count)
        widths.append(read(path).shape[1])
    assert widths[0] < widths[1] == widths[2]


def test_a_gallery_does_not_depend_on_the_bounds(tmp_path):
    pictures = []
    for i, bounds in enumerate([(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]):
        path = tmp_path / f"{i}.png"
        ak.report.gallery(result(bounds=bounds), path, CLASSES)
        pictures.append(read(path))
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).mean() < 0.002


def test_no_change_is_grey(tmp_path):
    grey = share_of_grey = None
    for change in (0.0, 0.25):
        path = tmp_path / "gallery.png"
        ak.report.gallery(result(change=change), path, CLASSES)
        grey, share_of_grey = share(read(path), [0.5] * 3), grey
    assert share_of_grey > 0.1  # three squares of it
    assert grey < share_of_grey / 2


def test_a_wrong_label_is_red(tmp_path):
    fooled = result()
    right = result()
    right.predictions[:] = right.labels
    crimson = np.array([220, 20, 60]) / 255
    shares = []
    for found in (fooled, right):
        ak.report.gallery(found, tmp_path / "gallery.png", CLASSES)
        shares.append(share(read(tmp_path / "gallery.png"), crimson))
    assert shares[0] > 0 == shares[1]


def test_a_gallery_says_what_it_shows(tmp_path):
    pictures = []
    for title in ("fgsm, made for A", "fgsm, made for B"):
        path = tmp_path / "gallery.png"
        ak.report.gallery(result(), path, CLASSES, title=title)
        pictures.append(read(path))
    differs = np.abs(pictures[0] - pictures[1]).max(axis=(1, 2)) > 0.1
    rows = np.flatnonzero(differs)
    assert len(rows) > 0
    assert rows.max() < 0.1 * len(differs)  # in the title, nowhere else
