"""Pictures of studies: written whole, of the size of what they show."""

import numpy as np
from PIL import Image

from advkeras.analysis.certificates import Brackets
from advkeras.report import study_figures


def size(path):
    with Image.open(path) as picture:
        assert len(picture.convert("L").getcolors()) > 5  # not blank
        return picture.size


def test_noise_curves(tmp_path):
    def row(name, *values):
        return {
            "name": name,
            "cells": [{"measured": {"value": value}} for value in values],
        }

    table = {
        "rows": [row("A", 0.1, 0.0, 0.9, 0.5), row("B", 0.2, 0.1, 0.8, 0.7)]
    }
    study_figures.noise_curves(table, (0.5,), tmp_path / "noise.png")
    assert size(tmp_path / "noise.png")[0] > 500


def test_strips_clip_what_is_beyond_the_bounds(tmp_path):
    images = np.random.default_rng(0).normal(size=(3, 5, 5, 1))
    study_figures.strips(
        {"a": images, "b": 9 * images}, (0.0, 1.0), tmp_path / "strips.png"
    )
    width, height = size(tmp_path / "strips.png")
    assert width > height


def test_dots_and_brackets_grow_with_their_groups(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.png"
    study_figures.dots({"a": [1.0, 2.0]}, {"a": 1.5}, "x", one)
    study_figures.dots({"a": [1.0], "b": [2.0, 3.0]}, {}, "x", two)
    assert size(two)[1] > size(one)[1]
    radii = Brackets("crown", np.array([0.0, 1.0]), np.array([2.0, np.inf]))
    none = Brackets("crown", np.zeros(2), np.full(2, np.inf))
    study_figures.bracket_histograms({"a": radii}, one)
    study_figures.bracket_histograms({"a": radii, "b": none}, two)
    assert size(two)[0] > size(one)[0]
