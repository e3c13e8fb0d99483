"""Results of devices: read with care, and set beside the host's."""

import json

import numpy as np
import pytest

import advkeras as ak
from advkeras.edge import devices
from advkeras.edge.runtimes import device
from advkeras.edge.standalone import run_on_device
from tests.edge import bundles


@pytest.fixture(scope="module")
def chosen(variants):
    return {name: variants[name] for name in ("float32", "int8")}


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, chosen):
    """A bundle; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "bundle"
    return bundles.make(folder, classifiers["deep"], chosen)


@pytest.fixture
def answers(made):
    """What a device says that answers as LiteRT does here."""
    return bundles.answers(device.read_manifest(made))


def change(answers, variant, name, row, label):
    """Makes a device say `label` of one image."""
    values = answers["models"][variant]["outputs"][name]
    outputs = device.decode(values).copy()
    outputs[row, label] = outputs[row].max() + 1
    answers["models"][variant]["outputs"][name] = run_on_device.encode(outputs)
    return outputs[row, label]


def test_a_device_gives_the_figures_of_its_runtime(
    made, answers, tmp_path, classifiers, chosen
):
    """The round trip: `survival` of the recorded answers, and of LiteRT."""
    images, labels = ak.datasets.load("mnist5k", "test").sample(40, seed=0)
    source = classifiers["deep"]
    result = ak.attacks.FGSM(epsilon=0.1)(source, images, labels)
    path = bundles.write(tmp_path / "pi.json", answers)
    found = ak.edge.survival(
        {"fgsm": result},
        chosen,
        ("litert", f"device:{path}"),
        source=source,
        overshoots=(1.0, 1.2),
    )
    assert found.skipped == ()
    for variant in chosen:
        here = found.find(variant, "litert")
        there = found.find(variant, f"device:{path}")
        assert there.version.startswith("ai_edge_litert 0.0.0 on ")
        assert there.latency == {"median": 2.0, "p90": 2.8, "n": 3}
        assert there.outcomes == tuple(
            outcome for outcome in here.outcomes if outcome.pixels == "uint8"
        )
        # As `compare` judges the same.
        compared = devices.compare([path])["models"][variant]["results"]
        ours = [outcome.to_json() for outcome in there.outcomes]
        for judged in compared["pi"]["outcomes"]:
            del judged["set"]
            assert judged in ours


def test_a_device_was_not_shown_other_images(answers, tmp_path, chosen):
    path = bundles.write(tmp_path / "pi.json", answers)
    with (
        ak.edge.start(chosen["int8"], f"device:{path}") as session,
        pytest.raises(ValueError, match=r"which has not images\[0\]"),
    ):
        session.predict(np.full((1, 28, 28, 1), 0.5, np.float32))


def test_a_file_that_is_not_in_the_bundle(answers, tmp_path, variants):
    path = bundles.write(tmp_path / "pi.json", answers)
    with pytest.raises(ValueError, match=r"what dynamic.tflite gave .*SHA-256"):
        device.Recorded(variants["dynamic"], path)


def test_a_file_that_the_device_could_not_run(answers, tmp_path, chosen):
    answers["models"]["int8"] = {"error": "ValueError: an op"}
    path = bundles.write(tmp_path / "pi.json", answers)
    with pytest.raises(ValueError, match="ValueError: an op"):
        device.Recorded(chosen["int8"], path)
    results = devices.compare([path])["models"]["int8"]["results"]
    assert results["pi"] == {"error": "ValueError: an op"}


def test_equal_devices(answers, tmp_path):
    paths = [
        bundles.write(tmp_path / "a" / "pi.json", answers),
        bundles.write(tmp_path / "b" / "pi.json", answers),
        bundles.write(tmp_path / "c" / "litert.json", answers),
    ]
    found = json.loads(json.dumps(devices.compare(paths)))
    assert [one["name"] for one in found["executors"]] == [
        *("litert", "litert-reference", "pi", "pi-2", "litert-2")
    ]
    assert [one["kind"] for one in found["executors"]] == [
        *("host", "host", "device", "device", "device")
    ]
    assert found["bundle"]["dataset"] == "mnist5k"
    for model in found["models"].values():
        assert len(model["pairs"]) == 10
        for pair in model["pairs"]:
            assert pair["n"] == 3 * 40
            if "litert-reference" not in (pair["a"], pair["b"]):
                assert pair["bit_equal"]["count"] == 3 * 40
                assert pair["largest_difference"] == 0
        results = model["results"]
        assert results["pi"]["latency"] == {"median": 2, "p90": 2.8, "n": 3}
        assert results["litert"]["latency"] is None
        assert results["pi"]["outcomes"] == results["litert"]["outcomes"]


def test_one_image_that_a_device_does_not_read(answers, tmp_path):
    name = answers["manifest"]["sets"][1]["name"]
    values = answers["models"]["float32"]["outputs"]
    outputs = device.decode(values[name]).copy()
    before = int(outputs[5].argmax())
    outputs[5, 3] = np.nan
    values[name] = run_on_device.encode(outputs)
    found = devices.compare([bundles.write(tmp_path / "pi.json", answers)])
    (difference,) = found["differences"]
    assert (difference["row"], difference["says"]) == (
        5,
        {"litert": before, "litert-reference": before, "pi": -1},
    )
    results = found["models"]["float32"]["results"]
    here, there = (
        next(o for o in results[e]["outcomes"] if o["set"] == name)
        for e in ("litert", "pi")
    )
    lost = here["accuracy"]["count"] - there["accuracy"]["count"]
    label = answers["manifest"]["sets"][1]["labels"][5]
    assert lost == (before == label)


def test_one_image_that_a_device_reads_otherwise(answers, tmp_path):
    name = answers["manifest"]["sets"][1]["name"]
    outputs = device.decode(answers["models"]["float32"]["outputs"][name])
    before = int(outputs[5].argmax())
    label = (before + 1) % 10
    now = change(answers, "float32", name, 5, label)
    path = bundles.write(tmp_path / "pi.json", answers)
    found = devices.compare([path])
    assert found["differences"] == [
        {
            "variant": "float32",
            "set": name,
            "row": 5,
            "label": answers["manifest"]["sets"][1]["labels"][5],
            "says": {"litert": before, "litert-reference": before, "pi": label},
        }
    ]
    (pair,) = (
        pair
        for pair in found["models"]["float32"]["pairs"]
        if (pair["a"], pair["b"]) == ("litert", "pi")
    )
    assert pair["equal_labels"]["count"] == 119
    assert pair["bit_equal"]["count"] == 119
    moved = float(now) - float(outputs[5, label])
    assert pair["largest_difference"] == pytest.approx(moved)


def test_a_difference_of_integers_is_in_the_output_s_units(answers, tmp_path):
    name = answers["manifest"]["sets"][0]["name"]
    values = answers["models"]["int8"]["outputs"][name]
    outputs = device.decode(values).copy()
    outputs[3, 2] += 3 if outputs[3, 2] < 0 else -3
    answers["models"]["int8"]["outputs"][name] = run_on_device.encode(outputs)
    found = devices.compare([bundles.write(tmp_path / "pi.json", answers)])
    scale = answers["models"]["int8"]["output"]["scale"]
    (pair,) = (
        pair
        for pair in found["models"]["int8"]["pairs"]
        if (pair["a"], pair["b"]) == ("litert", "pi")
    )
    assert pair["largest_difference"] == pytest.approx(3 * scale)


def test_the_host_alone(made):
    found = devices.expected(device.read_manifest(made))
    assert {one["kind"] for one in found["executors"]} == {"host"}
    assert list(found["models"]["int8"]["results"]) == [
        *("litert", "litert-reference")
    ]


def test_results_of_two_bundles(answers, tmp_path):
    one = bundles.write(tmp_path / "a.json", answers)
    answers["manifest"]["seed"] = 1
    other = bundles.write(tmp_path / "b.json", answers)
    with pytest.raises(ValueError, match="must all be of one bundle") as caught:
        devices.compare([one, other])
    assert "b.json" in str(caught.value) and "a.json" in str(caught.value)


def test_no_results():
    with pytest.raises(ValueError, match="`results` must not be empty"):
        devices.compare([])


def refusal(path):
    with pytest.raises(ValueError, match="`results` must be a device_re") as e:
        devices.compare([path])
    assert "\n" not in str(e.value) and "Received: results=" in str(e.value)


def test_a_truncated_file(answers, tmp_path):
    path = bundles.write(tmp_path / "pi.json", answers)
    path.write_text(path.read_text()[:-1000])
    refusal(path)


@pytest.mark.parametrize(
    "content", ["", "[]", "1", "null", "{}", '{"format": 1}', "[" * 10**5, "\0"]
)
def test_a_file_of_something_else(tmp_path, content):
    path = tmp_path / "pi.json"
    path.write_text(content)
    refusal(path)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "pi.json"
    path.write_bytes(bytes(range(256)))
    refusal(path)
    refusal(tmp_path / "nosuch.json")
    refusal(tmp_path)


SET = "clean uint8"


@pytest.mark.parametrize(
    "edit",
    [
        lambda a: a.update(format=2),
        lambda a: a.pop("runtime"),
        lambda a: a.update(runtime=3),
        lambda a: a.update(device={}),
        lambda a: a.update(device=[]),
        lambda a: a.update(threads=0),
        lambda a: a["models"].pop("int8"),
        lambda a: a["models"]["int8"].pop("latencies"),
        lambda a: a["models"]["int8"].update(latencies=[]),
        lambda a: a["models"]["int8"].update(latencies=[float("nan")]),
        lambda a: a["models"]["int8"].update(latencies=["fast"]),
        lambda a: a["models"]["int8"].pop("input"),
        lambda a: a["models"]["int8"]["outputs"].pop(SET),
        lambda a: a["models"]["int8"]["outputs"][SET].update(dtype="O"),
        lambda a: a["models"]["int8"]["outputs"][SET].update(shape=[40, 11]),
        lambda a: a["models"]["int8"]["outputs"][SET].update(shape=[400, 1]),
        lambda a: a["models"]["int8"]["outputs"][SET].update(base64="!"),
        lambda a: a["models"]["int8"]["output"].update(shape=[1, 11]),
        lambda a: a["manifest"].pop("sets"),
        lambda a: a["manifest"].update(sets=[]),
        lambda a: a["manifest"].update(bounds=[1, 0]),
        lambda a: a["manifest"]["files"].pop("int8.tflite"),
        lambda a: a["manifest"]["sets"][0]["labels"].pop(),
        lambda a: a["manifest"]["sets"][0]["labels"].__setitem__(0, "one"),
        lambda a: a["manifest"]["sets"][1].update(fooled=None),
        lambda a: a["manifest"]["sets"][1].update(name=SET),
        lambda a: a["manifest"]["sets"][1].update(overshoot=-1),
        lambda a: a["manifest"]["expected"].update(litert=[]),
        lambda a: a["manifest"]["expected"]["litert"].update(more={}),
        lambda a: a["manifest"].update(skipped=[{}]),
    ],
)
def test_results_that_do_not_fit_their_format(answers, tmp_path, edit):
    edit(answers)
    refusal(bundles.write(tmp_path / "pi.json", answers))


def test_a_folder_that_is_no_bundle(tmp_path):
    with pytest.raises(ValueError, match="`folder` must be a bundle"):
        device.read_manifest(tmp_path)
