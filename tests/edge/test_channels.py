"""A model of normalised images, as .tflite files: exported, fooled, lifted."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import bundle
from advkeras.edge import checking
from advkeras.edge import pixels
from advkeras.edge.lift import read
from advkeras.edge.lift.samples import samples
from advkeras.edge.runtimes import device
from advkeras.edge.standalone import run_on_device
from tests import normalised
from tests.edge import bundles

VARIANTS = ("float32", "int8", "int8-float-io")


@pytest.fixture(scope="module")
def fooled(pair):
    """PGD on the float net."""
    attack = ak.attacks.PGD(pair.normalised.epsilon(0.1))
    return attack(pair.normalised, pair.theirs, pair.labels)


@pytest.fixture(scope="module")
def exported(pair, digits, tmp_path_factory):
    """The normalised net as .tflite files: name -> path."""
    folder = tmp_path_factory.mktemp("normalised")
    seen = normalised.there(normalised.pixels(digits)[:100] / 255)
    return dict(ak.edge.export(pair.normalised, folder, VARIANTS, seen))


@pytest.fixture(scope="module")
def made(pair, fooled, exported, tmp_path_factory):
    """A bundle; not to be changed."""
    return bundle.write_bundle(
        tmp_path_factory.mktemp("made") / "bundle",
        {"pgd": fooled},
        exported,
        source=pair.normalised,
        runtimes=("litert",),
        overshoots=(1.0, 1.2),
        class_names=[f"digit {i}" for i in range(10)],
        about={"dataset": "digits", "seed": 0, "command": "python -m it"},
    )


def test_pictures_are_those_of_plain_images(pair):
    plain = pixels.to_uint8(pair.images, (0.0, 1.0))
    found = pixels.to_uint8(pair.theirs, pair.normalised.bounds)
    np.testing.assert_array_equal(found, plain)
    images = run_on_device.from_uint8(found, pair.normalised.bounds)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, pair.theirs, atol=1e-6)
    listed = json.loads(json.dumps(pair.normalised.bounds))
    np.testing.assert_array_equal(
        run_on_device.from_uint8(found, listed), images
    )
    lower, upper = np.float32(normalised.BOUNDS)
    every = np.arange(256, dtype=np.uint8)[:, None, None, None]
    every = np.repeat(every, 3, axis=-1)
    images = run_on_device.from_uint8(every, listed)
    assert images.min((0, 1, 2)).tolist() == lower.tolist()
    assert images.max((0, 1, 2)).tolist() == upper.tolist()
    np.testing.assert_array_equal(
        pixels.to_uint8(images, pair.normalised.bounds), every
    )


def test_overshoot(pair, fooled):
    found = pixels.overshoot(
        pair.theirs, fooled.images, 1.5, pair.normalised.bounds
    )
    plain = pixels.overshoot(
        pair.images,
        np.float32(normalised.back(fooled.images)).clip(0, 1),
        1.5,
        (0.0, 1.0),
    )
    np.testing.assert_allclose(normalised.back(found), plain, atol=1e-5)
    lower, upper = np.float32(normalised.BOUNDS)
    assert (found >= lower).all()
    assert (found <= upper).all()


def test_a_card_says_the_bounds(pair, exported, tmp_path):
    card = ak.models.read_card(exported["float32"])
    assert card["source"]["bounds"] == [
        list(end) for end in pair.normalised.bounds
    ]
    for name in exported:  # an integer input has one range for all
        loaded = ak.load(exported[name])
        assert loaded.bounds == pair.normalised.bounds
        assert loaded.bounds_from == "card"
    shutil.copy(exported["int8"], tmp_path / "alone.tflite")
    alone = ak.load(tmp_path / "alone.tflite")
    assert alone.bounds_from == "input"
    assert isinstance(alone.bounds[0], float)


def test_survival(pair, fooled, exported):
    found = ak.edge.survival(
        {"pgd": fooled},
        exported,
        ("litert",),
        source=pair.normalised,
        overshoots=(1.0, 1.2),
        camera=("jpeg:90",),
    )
    assert fooled.success.sum() > 20
    for row in found.rows:
        assert row.find().accuracy.value > 0.7
        assert row.find("pgd", "uint8").survival.value > 0.7
        assert row.find("pgd", "float").survival.value > 0.7
    exact = next(row for row in found.rows if row.variant == "float32")
    assert exact.find("pgd", "float").survival.value == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_copy_is_attacked(pair, exported, variant):
    copy = ak.load(exported[variant], bounds=pair.normalised.bounds)
    assert copy.bounds == pair.normalised.bounds
    attack = ak.attacks.PGD(copy.epsilon(0.1))
    found = attack(copy, pair.theirs, pair.labels)
    assert found.success.mean() > 0.6
    shares = np.abs(found.perturbation) / np.ptp(normalised.BOUNDS, axis=0)
    assert shares.max() <= 0.1 + 1e-5
    if variant == "int8":  # what it found is what the device receives
        levels = copy.levels
        steps = found.images / levels.step
        np.testing.assert_allclose(steps, steps.round(), atol=1e-2)
        assert len(levels.first) == 3
        copy.predict(found.images)  # within the bounds


def test_samples_of_a_lift(exported, pair):
    graph = read(exported["int8"])
    noise = samples(graph, "noise", 20, bounds=normalised.BOUNDS).images
    lower, upper = np.float32(normalised.BOUNDS)
    assert (noise >= lower).all()
    assert (noise <= upper).all()
    assert (noise.max((0, 1, 2)) > upper - 0.1).all()
    with pytest.raises(ValueError, match=r"^`bounds` must be of 3 channels"):
        samples(graph, "noise", 20, bounds=([0, 0], [1, 2]))
    found = ak.edge.agreement(exported["int8"], noise, inspected=2)
    assert found.to_json()["n"] == 20


def test_a_file_has_to_hold_all_channels(pair, exported):
    checking.check_fits(exported["int8"], pair.normalised)
    wide = ak.Classifier(
        pair.normalised.model, tuple(255 * np.array(normalised.BOUNDS))
    )
    with pytest.raises(ValueError, match=r"^`path` must take pixels -5"):
        checking.check_fits(exported["int8"], wide)


def test_a_bundle_runs_alone(pair, made, exported, tmp_path):
    folder = Path(shutil.copytree(made, tmp_path / "bundle"))
    manifest = device.read_manifest(folder)
    assert manifest["bounds"] == [list(end) for end in pair.normalised.bounds]
    ended = subprocess.run(
        [sys.executable, "-I", folder / "run_on_device.py"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "the host: 120 of 120" in ended.stdout


def test_what_a_device_said_is_found_again(pair, made, fooled, tmp_path):
    manifest = device.read_manifest(made)
    path = bundles.write(tmp_path / "results.json", bundles.answers(manifest))
    found = device.Recorded(made / manifest["models"]["int8"]["file"], path)
    with found as session:
        said = session.predict(fooled.images).labels
    with ak.edge.start(made / manifest["models"]["int8"]["file"]) as session:
        rounded = run_on_device.from_uint8(
            pixels.to_uint8(fooled.images, pair.normalised.bounds),
            pair.normalised.bounds,
        )
        expected = session.predict(rounded).labels
    np.testing.assert_array_equal(said, expected)


def test_results_of_other_bounds_are_refused(pair, fooled, exported, tmp_path):
    with pytest.raises(ValueError, match=r"^`results` must be within the"):
        bundle.write_bundle(
            tmp_path / "bundle",
            {"pgd": fooled},
            exported,
            source=ak.Classifier(pair.normalised.model, (-2.2, 2.7)),
            runtimes=("litert",),
            class_names=[f"digit {i}" for i in range(10)],
            about={},
        )
