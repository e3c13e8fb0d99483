"""Pictures are PNG files that show something, and what they should."""

import dataclasses

import matplotlib.image
import numpy as np
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult
from advkeras.report import figures
from tests.attacks.linear import grey
from tests.attacks.linear import linear
from tests.report import survivals

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


def test_no_answer_is_not_the_last_class(tmp_path):
    found, pictures = result(), []
    for said in (-1, len(CLASSES) - 1):
        found.predictions[:] = said
        ak.report.gallery(found, tmp_path / "gallery.png", CLASSES)
        pictures.append(read(tmp_path / "gallery.png"))
    assert (pictures[0] != pictures[1]).any()


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


# The float model, and the first and the second variant.
LINES = {"source": [0, 0, 0], "C0": [31, 119, 180], "C1": [255, 127, 14]}


def curves(tmp_path, survival, title="m1"):
    """Draws survival; returns the picture."""
    path = tmp_path / "curves.png"
    figures.overshoot_curves(survival.to_json(), path, title)
    return read(path)


def of_line(picture, name):
    """Returns the share of pixels in the colour of a line."""
    return share(picture, np.array(LINES[name]) / 255)


@pytest.mark.parametrize("attacks", [("fgsm",), ("fgsm", "lbfgs")])
@pytest.mark.parametrize("camera", [(), ("jpeg:75",)])
def test_curves_have_a_panel_an_attack_and_kind(tmp_path, attacks, camera):
    survival = survivals.survival(attacks=attacks, camera=camera)
    picture = curves(tmp_path, survival)
    height, width, _ = picture.shape
    assert abs(height - 110 * (0.9 + 2.5 * len(attacks))) < 2
    assert abs(width - 110 * (1.2 + 3.6 * (2 + len(camera)))) < 2
    # The lines are in each.
    left, right = 60, width - 130
    columns = np.array_split(picture[:, left:right], 2 + len(camera), axis=1)
    for column in columns:
        for panel in np.array_split(column, len(attacks), axis=0):
            assert of_line(panel, "C0") > 0.0005
            assert of_line(panel, "C1") > 0.0005


@pytest.mark.parametrize("fooled", [9, 1])
def test_curves_without_the_float_model(tmp_path, fooled):
    """Variants keep their colours."""
    whole = survivals.survival(fooled=fooled)
    alone = survivals.survival(whole.rows[1:], fooled=fooled)
    for survival in (whole, alone):
        picture = curves(tmp_path, survival)
        assert of_line(picture, "C0") > 0.0005
        assert of_line(picture, "C1") > 0.0005


def test_a_variant_has_one_line(tmp_path):
    """That of the first runtime."""
    rows = survivals.survival().rows
    other = survivals.row("int8", "tflm", 9)
    for more in ((), (other,)):
        picture = curves(tmp_path, survivals.survival((*rows[:3], *more)))
        if not more:
            before = picture
    np.testing.assert_array_equal(picture, before)


def test_a_line_is_as_high_as_its_figures(tmp_path):
    heights = []
    for kept in (0, 9):
        row = survivals.row("int8", "litert", kept)
        point = tuple(o for o in row.outcomes if o.overshoot == 1.0)
        row = dataclasses.replace(row, outcomes=point)
        picture = curves(tmp_path, survivals.survival([row]))
        left = picture[:, 60 : picture.shape[1] // 2]
        blue = np.array(LINES["C0"]) / 255
        near = np.abs(left - blue).max(axis=2) < 0.02
        most = near.sum(axis=1)  # widest where the point is
        heights.append(np.flatnonzero(most == most.max()).mean())
    panel = 110 * (0.9 + 2.5)
    assert heights[0] > 0.75 * panel > 0.3 * panel > heights[1]


def test_curves_of_images_that_fool_nothing(tmp_path):
    picture = curves(tmp_path, survivals.survival(fooled=0))
    # In the legend, and nowhere else.
    left = picture[:, :-140]
    assert of_line(left, "C0") == of_line(left, "C1") == 0
    assert of_line(picture, "C0") > 0


def test_curves_of_no_targets(tmp_path):
    curves(tmp_path, survivals.survival(()))


def test_curves_of_what_only_a_device_ran(tmp_path):
    """It saw no floats: the panel stays empty, the legend does not."""
    row = survivals.row("int8", "device:pi.json", 3)
    rounded = tuple(o for o in row.outcomes if o.pixels != "float")
    row = dataclasses.replace(row, outcomes=rounded)
    picture = curves(tmp_path, survivals.survival([row]))
    middle = (picture.shape[1] - 130) // 2
    assert of_line(picture[:, : middle - 20], "C0") == 0
    assert of_line(picture[:, middle:], "C0") > 0.0005


def test_a_result_returns_its_picture(tmp_path):
    found = result(4)
    figure = found[:3].plot(title="three")
    assert len(figure.axes) == 9
    assert figure.axes[0].get_title() == str(found.clean_predictions[0])
    figure.savefig(tmp_path / "plot.png")
    assert figure._repr_png_().startswith(b"\x89PNG")  # a notebook's
    with pytest.raises(ValueError, match="must have images to plot"):
        found[:0].plot()
    with pytest.raises(ValueError, match="count=0"):
        found.plot(count=0)


def test_a_matrix_returns_its_picture():
    model = linear(classes=3)[0]
    found = ak.evaluation.transfer_matrix(
        {"A": model, "B": model},
        ak.attacks.FGSM(0.3),
        grey(5),
        np.zeros(5, int),
    )
    (axes,) = found.plot().axes
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows == ["clean", *(row.name for row in found.rows)]
    shown = [text.get_text() for text in axes.texts[:2]]
    assert shown == [
        f"{100 * found.clean_error[name].value:.1f}" for name in ("A", "B")
    ]
