"""Pictures of images within bounds of each channel are those without."""

import dataclasses

import matplotlib.image
import numpy as np
import pytest

import advkeras as ak
from tests import normalised
from tests.report.test_units import comparison


@pytest.fixture
def drawn(tmp_path):
    """Draws twice; asserts that the same can be seen."""

    def drawn(draw, ours, theirs):
        draw(ours, tmp_path / "ours.png")
        draw(theirs, tmp_path / "theirs.png")
        one, other = (
            matplotlib.image.imread(tmp_path / f"{name}.png")
            for name in ("ours", "theirs")
        )
        np.testing.assert_allclose(other, one, atol=2 / 255)
        assert one[..., :3].std() > 0.02

    return drawn


@pytest.fixture
def found(pair):
    """What FGSM finds on the plain net, and the same, normalised."""
    ours = ak.attacks.FGSM(0.1)(pair.plain, pair.images[:4], pair.labels[:4])
    theirs = dataclasses.replace(
        ours,
        originals=normalised.there(ours.originals),
        images=normalised.there(ours.images),
        bounds=pair.normalised.bounds,
    )
    return ours, theirs


@pytest.mark.parametrize("magnify", [None, 3.0])
def test_a_gallery(drawn, found, magnify):
    drawn(
        lambda result, path: ak.report.gallery(
            result, path, tuple("0123456789"), "digits", magnify=magnify
        ),
        *found,
    )


def test_strips(drawn, found):
    drawn(
        lambda result, path: ak.report.study_figures.strips(
            {"clean": result.originals, "found": result.images},
            result.bounds,
            path,
        ),
        *found,
    )


def test_a_sheet_of_units(drawn, pair):
    images = pair.images[:20]
    compared = comparison(images)
    drawn(
        lambda shown, path: ak.report.unit_sheet(
            compared, shown[0], path, bounds=shown[1]
        ),
        (images, (0.0, 1.0)),
        (normalised.there(images), normalised.BOUNDS),
    )


def test_a_sheet_of_other_channels(tmp_path, pair):
    compared = comparison(pair.images[:20])
    with pytest.raises(ValueError, match=r"^`bounds` must be of 3 channels"):
        ak.report.unit_sheet(
            compared,
            pair.images[:20],
            tmp_path / "units.png",
            bounds=([0, 0], [1, 2]),
        )
