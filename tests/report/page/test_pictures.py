"""The images of a page: all that was said of them, in few bytes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import advkeras as ak
from advkeras.report.page import Answers
from advkeras.report.page import Pictures
from advkeras.report.page import PictureSet

NAMES = [str(i) for i in range(10)]


@pytest.fixture(scope="module")
def result(classifiers, test_digits):
    return ak.attacks.FGSM(0.2)(
        classifiers["linear"], *test_digits.sample(20, seed=0)
    )


def opened(address):
    head, _, content = address.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


def test_grey_images_are_exact(result):
    said = Answers("a", result.predictions, [[1, 2]] * 20, [[0.75, 0.25]] * 20)
    shown = Pictures([PictureSet("fgsm", result, [said])], NAMES).data()
    (one,) = shown["sets"]
    sheet = opened(one["sheet"])[..., 0]
    assert sheet.shape == (2 * 28, 16 * 28)
    for i in range(20):
        row, column = divmod(i, 16)
        cut = sheet[28 * row : 28 * row + 28, 28 * column : 28 * column + 28]
        levels = np.rint(255 * result.images[i, ..., 0])
        np.testing.assert_array_equal(cut, levels)
    assert one["said"] == result.predictions.tolist()
    assert one["fooled"] == result.success.tolist()
    assert one["answers"][0]["scores"][0] == [0.75, 0.25]
    assert shown["labels"] == result.labels.tolist()


def test_many_large_images_of_colour_fit_a_page():
    random = np.random.default_rng(0)
    images = random.uniform(size=(300, 96, 96, 3)).astype(np.float32)
    labels = np.zeros(300, np.int64)
    noise = ak.attacks.AttackResult(
        images,
        images,
        labels,
        None,
        labels,
        labels,
        labels.astype(bool),
        (0.0, 1.0),
    )
    shown = Pictures([PictureSet("a", noise), PictureSet("b", noise)], NAMES)
    data = shown.data()
    assert len(data["labels"]) == 256
    size = sum(len(s["sheet"]) + len(s["change"]) for s in data["sets"])
    assert size + len(data["clean"]["sheet"]) < 3_000_000
    assert "first 256 of 300" in shown.note
