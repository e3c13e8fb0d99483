"""apps.edge_eval: from a float model to what still fools its copies."""

import dataclasses
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import matplotlib.image
import numpy as np
import pytest
from keras import layers

import advkeras as ak
from advkeras import files
from advkeras.edge import quantizing
from advkeras.edge import runtimes
from advkeras.edge.runtimes import device
from advkeras.edge.runtimes import known
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate

VARIANTS = ("float32", "int8")
RUNTIMES = ("litert", "tflm")


@pytest.fixture
def arguments(model_files, tmp_path):
    """A run of 12 digits, two variants and two runtimes."""
    return [
        f"--model={model_files['deep']}",
        "--attack=fgsm",
        f"--variants={','.join(VARIANTS)}",
        f"--runtimes={','.join(RUNTIMES)}",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=12",
        "--overshoots=1,1.5",
        "--calibration=50",
        "--seed=5",
        f"--output={tmp_path / 'run'}",
    ]


@pytest.fixture(scope="module")
def foreign(tmp_path_factory, model_files, digits):
    """A .h5 of 0 .. 255 that ends in a softmax, and its int8 .tflite."""
    folder = tmp_path_factory.mktemp("foreign")
    inner = keras.saving.load_model(model_files["deep"])
    inputs = keras.Input((28, 28, 1))
    scores = inner(layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, layers.Softmax()(scores), name="foreign")
    model.save(folder / "foreign.h5")
    variants = ak.edge.export(
        ak.Classifier(model, bounds=(0.0, 255.0)),
        folder / "tflite",
        "int8",
        calibration=255 * digits.images[:50],
    )
    shutil.copy(variants["int8"], folder / "their_int8.tflite")
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory, classifiers, digits):
    """The deep net as two files."""
    return ak.edge.export(
        classifiers["deep"],
        tmp_path_factory.mktemp("exported"),
        VARIANTS,
        calibration=digits.images[:50],
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory, exported):
    """A .tflite file that lost its second half."""
    content = exported["int8"].read_bytes()
    path = tmp_path_factory.mktemp("broken") / "broken.tflite"
    path.write_bytes(content[: len(content) // 2])
    return path


def results(folder, name="run"):
    return json.loads((folder / name / "results.json").read_text())


def survival(folder, name="run"):
    return ak.edge.Survival.from_json(results(folder, name)["survival"])


def words(text):
    """Returns the words of a table or a line, however it was broken."""
    return " ".join(text.split())


def assert_recomputed(row, path, result, source, overshoots=(1.0, 1.5)):
    """A row says what its file does when it is asked here."""
    labels = result.labels
    fools = (result.clean_predictions == labels) & (
        result.predictions != labels
    )
    with ak.edge.start(path, row.runtime) as session:
        clean = session.predict(result.originals).labels
        assert row.find().accuracy == Rate.of(clean == labels)
        for factor in overshoots:
            moved = result.originals + np.float32(factor) * (
                result.images - result.originals
            )
            images = result.images if factor == 1 else moved
            lower, upper = result.bounds
            steps = (images.clip(lower, upper) - lower) / (upper - lower)
            rounded = run_on_device.from_uint8(
                np.rint(255 * steps).astype(np.uint8), result.bounds
            )
            said = session.predict(rounded).labels
            outcome = row.find("fgsm", "uint8", factor)
            assert outcome.survival == Rate.of(said[fools] != labels[fools])
            assert outcome.accuracy == Rate.of(said == labels)
            assert outcome.agreement == Rate.of(said == source.predict(rounded))


@pytest.mark.slow
def test_the_whole_way_in_a_process_of_its_own(
    start_app, arguments, tmp_path, model_files, test_digits, classifiers
):
    ended = start_app(
        "edge_eval", *arguments, "--attack=fgsm,lbfgs", "--examples=12,6"
    )
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    run, found = tmp_path / "run", results(tmp_path)
    assert found["source"] == "deep"
    assert found["not_exported"] == {}
    assert found["attacks"] == {
        "fgsm": repr(ak.attacks.FGSM(epsilon=0.1)),
        "lbfgs": repr(ak.attacks.LBFGS()),
    }
    assert found["command"].startswith("python -m apps.edge_eval --model=")
    settings = found["settings"]
    assert settings["model_sha256"] == files.sha256(model_files["deep"])
    assert settings["data_fingerprint"] == test_digits.fingerprint
    assert settings["examples"] == ["12", "6"]

    # A number of images for each attack, and the first of them for both.
    counts = {k: v["n"] for k, v in found["survival"]["attacks"].items()}
    assert counts == {"fgsm": 12, "lbfgs": 6}
    images, labels = test_digits.sample(12, seed=5)
    deep = classifiers["deep"]
    result = ak.attacks.FGSM(epsilon=0.1)(deep, images, labels, seed=5)
    whole = survival(tmp_path)
    assert [(row.variant, row.runtime) for row in whole.rows] == [
        ("source", "keras"),
        *((v, r) for v in VARIANTS for r in RUNTIMES),
    ]
    assert whole.skipped == ()
    for row in whole.rows[1:]:
        path = run / "tflite" / f"{row.variant}.tflite"
        assert row.bytes == path.stat().st_size
        assert row.latency["median"] > 0
        assert_recomputed(row, path, result, deep)

    # What is printed and written is what is in results.json.
    shown = words(ended.out)
    written = (run / "survival.md").read_text()
    for grid in ak.report.survival_tables(whole):
        assert words(grid.title) in shown
        assert grid.markdown() in written
        for variant, names, *figures in grid.rows:
            first, *_ = names.split(", ")
            assert f"{variant} {first} {' '.join(figures)}" in shown
    for sentence in ak.report.survival_in_words("deep", whole):
        assert sentence in ended.out.splitlines()
        assert f"- {sentence}\n" in written
    assert found["command"] in written
    assert f"]({found['figure']})" in written
    picture = matplotlib.image.imread(run / found["figure"])
    assert picture[..., :3].std() > 0.02
    # Of each variant there is a file with its card.
    card = ak.models.read_card(run / "tflite" / "int8.tflite")
    assert card["provenance"]["command"] == found["command"]
    assert card["calibration"]["images"] == 50


@pytest.mark.slow
def test_called_again_it_does_nothing_and_says_the_same(
    run_app, arguments, tmp_path, monkeypatch
):
    first = run_app("edge_eval", *arguments)
    assert (first.code or 0) == 0
    before = (tmp_path / "run" / "results.json").read_bytes()

    def never(*_, **__):
        raise AssertionError("done again")

    monkeypatch.setattr(ak.attacks.FGSM, "generate", never)
    monkeypatch.setattr(runtimes, "start", never)
    again = run_app("edge_eval", *arguments)
    assert (again.code or 0) == 0
    assert again.out == first.out
    assert (tmp_path / "run" / "results.json").read_bytes() == before


@pytest.mark.slow
def test_interrupted_and_called_again(
    run_app, arguments, tmp_path, monkeypatch
):
    """Interrupted at a target, it shows the images to the others only."""
    real, started, interrupts = runtimes.start, [], [KeyboardInterrupt]
    arguments = ["--nowhite_box", *arguments]

    def start(path, runtime, *rest):
        if runtime == "tflm" and interrupts:
            raise interrupts.pop()
        started.append((path.stem, runtime))
        return real(path, runtime, *rest)

    monkeypatch.setattr(runtimes, "start", start)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # one target at a time
    ended = run_app("edge_eval", *arguments)
    assert ended.code == 130
    assert "edge_eval: interrupted; call it again" in ended.err
    assert not (tmp_path / "run" / "results.json").exists()
    # What was under way may have ended, and what was done is kept.
    done = set(started)
    assert ("float32", "litert") in done and ("float32", "tflm") not in done
    parts = [path.name for path in (tmp_path / "run" / "parts").iterdir()]
    # One a target, and the checks of the source.
    assert len(parts) == len(done) + 1

    monkeypatch.setattr(ak.attacks.FGSM, "generate", None)
    started.clear()
    ended = run_app("edge_eval", *arguments)
    assert (ended.code or 0) == 0
    # Each that was missing, and the latency of all.
    targets = [(v, r) for v in VARIANTS for r in RUNTIMES]
    assert started == [*(t for t in targets if t not in done), *targets]

    monkeypatch.undo()
    straight = f"--output={tmp_path / 'straight'}"
    run_app("edge_eval", *arguments[:-1], straight)
    one, other = survival(tmp_path), survival(tmp_path, "straight")
    assert one.attacks == other.attacks
    assert [row.outcomes for row in one.rows] == [
        row.outcomes for row in other.rows
    ]


def white_boxes(folder, name="run"):
    rows = results(folder, name)["white_box"]["rows"]
    return [ak.edge.WhiteBox.from_json(row) for row in rows]


def without(arguments, *flags):
    return [a for a in arguments if not a.startswith(flags)]


@pytest.mark.slow
def test_the_copies_themselves_are_attacked_too(
    run_app, arguments, tmp_path, exported, test_digits, classifiers
):
    """Beside transfer from the float model; --nowhite_box leaves it out."""
    more = (f"--tflite={exported['int8']}", "--overshoots=1")
    ended = run_app("edge_eval", *arguments, *more)
    assert (ended.code or 0) == 0, ended.err
    found = results(tmp_path)
    assert {"survival", "white_box"} <= set(found)
    (row,) = white_boxes(tmp_path)
    images, labels = test_digits.sample(12, seed=5)
    copy = ak.edge.TfliteClassifier(exported["int8"], bounds=(0.0, 1.0))
    attack, deep = ak.attacks.FGSM(0.1), classifiers["deep"]
    own = attack(copy, images, labels, seed=5)
    transferred = attack(deep, images, labels, seed=5)
    assert row == ak.edge.white_box(
        "int8", copy, "fgsm", own, transferred, deep
    )
    run = tmp_path / "run"
    assert (run / "survival.md").exists()
    written = (run / "white_box.md").read_text()
    (grid,) = ak.report.white_box_tables([row])
    assert grid.markdown().rstrip() in written
    assert words(grid.title) in words(ended.out)
    for sentence in ak.report.white_box_in_words([row]):
        assert sentence in ended.out.splitlines()
        assert f"- {sentence}" in written.splitlines()
    assert "results.json, survival.md, white_box.md." in ended.out

    other = (*more, "--nowhite_box", f"--output={tmp_path / 'other'}")
    ended = run_app("edge_eval", *arguments[:-1], *other)
    assert (ended.code or 0) == 0
    found = results(tmp_path, "other")
    assert "white_box" not in found and "survival" in found
    assert not (tmp_path / "other" / "white_box.md").exists()
    assert "results.json, survival.md." in ended.out


def test_files_without_a_float_model(
    run_app, arguments, tmp_path, exported, test_digits
):
    """They are all there is to attack: by their own bounds and judge."""
    ended = run_app(
        "edge_eval",
        *without(arguments, "--model"),
        f"--tflite=theirs={exported['int8']}",
        "--runtimes=tflm,litert",
        "--attack=fgsm,pgd",
        "--examples=12,6",
        "--nowhite_box",  # there would be nothing left
    )
    assert (ended.code or 0) == 0, ended.err
    found = results(tmp_path)
    assert "survival" not in found
    assert found["source"] == "no float model"
    assert found["settings"]["model_sha256"] is None
    rows = white_boxes(tmp_path)
    assert [(row.attack, row.clean.n) for row in rows] == [
        ("fgsm", 12),
        ("pgd", 6),
    ]
    for row in rows:
        assert (row.variant, row.runtime) == ("theirs", "tflm")
        assert row.transfer is None and row.white_box.alone is None
    images, labels = test_digits.sample(12, seed=5)
    copy = ak.edge.TfliteClassifier(exported["int8"], runtime="tflm")
    own = ak.attacks.FGSM(0.1)(copy, images, labels, seed=5)
    assert rows[0] == ak.edge.white_box("theirs", copy, "fgsm", own)
    assert (tmp_path / "run" / "white_box.md").exists()
    assert not (tmp_path / "run" / "survival.md").exists()
    assert "results.json, white_box.md." in ended.out


@pytest.mark.slow
def test_evasive_fools_the_copies_alone(
    run_app, arguments, tmp_path, exported, classifiers
):
    more = (f"--tflite={exported['int8']}", "--attack=evasive")
    ended = run_app("edge_eval", *arguments, *more)
    assert (ended.code or 0) == 0, ended.err
    assert "survival" not in results(tmp_path)
    (row,) = white_boxes(tmp_path)
    assert row.attack == "evasive" and row.transfer is None
    stored = tmp_path / "run" / "examples" / "evasive-on-int8"
    held = ak.attacks.AttackResult.load(stored)
    with ak.edge.start(exported["int8"]) as session:
        fooled = session.predict(held.images).labels != held.labels
    right = classifiers["deep"].predict(held.images) == held.labels
    assert (held.success == (fooled & right)).all()
    assert row.white_box.alone == Rate.of(held.success)
    assert row.white_box.alone.count > 0


def test_evasive_needs_a_float_model(refusal, arguments, tmp_path, exported):
    message = refusal(
        "edge_eval",
        *without(arguments, "--model"),
        "--attack=fgsm,evasive",
        f"--tflite={exported['int8']}",
    )
    assert "`model` must be given for attack evasive" in message
    assert not (tmp_path / "run").exists()


def test_files_that_take_different_pixels(
    refusal, arguments, tmp_path, exported, foreign
):
    """One set of images cannot be for both."""
    files = f"{exported['int8']},{foreign / 'their_int8.tflite'}"
    message = refusal(
        "edge_eval", *without(arguments, "--model"), f"--tflite={files}"
    )
    assert "`dataset` must fit the model 'their_int8'" in message
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_all_there_is_must_be_whole(
    refusal, arguments, tmp_path, broken
):
    message = refusal(
        "edge_eval", *without(arguments, "--model"), f"--tflite={broken}"
    )
    assert "`path` must be a whole .tflite file" in message
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_interrupted_between_two_copies_it_goes_on(
    run_app, arguments, tmp_path, exported, monkeypatch
):
    real, attacked = ak.attacks.FGSM.generate, []

    def generate(self, classifier, *rest):
        name = getattr(classifier, "path", "source")
        if "int8" in name and "int8" not in interrupted:
            interrupted.append("int8")
            raise KeyboardInterrupt
        attacked.append(Path(name).stem)
        return real(self, classifier, *rest)

    interrupted = []
    flags = (*arguments, "--runtimes=litert", "--overshoots=1")
    files = ",".join(str(path) for path in exported.values())
    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    ended = run_app("edge_eval", *flags, f"--tflite={files}")
    assert ended.code == 130
    assert "edge_eval: interrupted; call it again" in ended.err
    # The first of each is of its checks.
    done = ["source"] * 2 + ["float32"] * 2
    assert attacked == done
    ended = run_app("edge_eval", *flags, f"--tflite={files}")
    assert (ended.code or 0) == 0, ended.err
    assert attacked == [*done, "int8", "int8"]

    straight = f"--output={tmp_path / 'straight'}"
    run_app("edge_eval", *flags, f"--tflite={files}", straight)
    assert white_boxes(tmp_path) == white_boxes(tmp_path, "straight")


def foreign_flags(foreign, tmp_path):
    return [
        f"--model={foreign / 'foreign.h5'}",
        "--bounds=0,255",
        f"--tflite=theirs={foreign / 'their_int8.tflite'}",
        "--attack=fgsm",
        "--epsilon=0.1",
        "--dataset=mnist5k",
        "--split=test[:200]",
        "--examples=20",
        "--overshoots=1,1.5",
        "--runtimes=litert",
        "--seed=5",
        f"--output={tmp_path / 'run'}",
    ]


@pytest.mark.slow
def test_a_foreign_model_and_its_own_copy(
    run_app, foreign, tmp_path, test_digits
):
    ended = run_app("edge_eval", *foreign_flags(foreign, tmp_path))
    assert (ended.code or 0) == 0, ended.err
    found, whole = results(tmp_path), survival(tmp_path)
    path = foreign / "their_int8.tflite"
    assert found["settings"]["tflite_sha256"] == {"theirs": files.sha256(path)}
    assert not (tmp_path / "run" / "tflite").exists()
    images, labels = test_digits.sample(20, seed=5)
    source = ak.load(foreign / "foreign.h5", bounds=(0.0, 255.0))
    assert source.outputs == "probabilities"
    attack = ak.attacks.FGSM(epsilon=25.5)
    result = attack(source, 255 * images, labels, seed=5)
    assert whole.attacks["fgsm"]["fooled"] > 5
    _, row = whole.rows
    assert (row.variant, row.runtime) == ("theirs", "litert")
    assert row.find().accuracy.value > 0.6
    assert_recomputed(row, path, result, source)
    assert "theirs" in ended.out
    assert ended.out.count("foreign reads ") == 1


@pytest.mark.slow
def test_a_copy_without_a_name_has_that_of_its_file(
    run_app, arguments, tmp_path, exported
):
    ended = run_app(
        "edge_eval",
        *arguments,
        f"--tflite={exported['int8']},other={exported['int8']}",
        "--runtimes=litert",
        "--overshoots=1",
        "--nowhite_box",
    )
    assert (ended.code or 0) == 0
    rows = survival(tmp_path).rows
    assert [row.variant for row in rows] == ["source", "int8", "other"]
    # They agree, and stand on lines of their own.
    assert rows[1].outcomes == rows[2].outcomes


def test_a_broken_copy_costs_one_line(
    run_app, arguments, tmp_path, exported, broken
):
    ended = run_app(
        "edge_eval",
        *arguments,
        f"--tflite=good={exported['int8']},{broken}",
        "--runtimes=litert",
        "--overshoots=1",
    )
    assert (ended.code or 0) == 0
    assert "Traceback" not in ended.err
    (line,) = [li for li in ended.out.splitlines() if "skipped" in li]
    assert line.startswith("broken on litert: skipped: ")
    whole = survival(tmp_path)
    assert [row.variant for row in whole.rows] == ["source", "good"]
    assert [one["variant"] for one in whole.skipped] == ["broken"]
    assert [row.variant for row in white_boxes(tmp_path)] == ["good"]
    said = [li for li in ended.out.splitlines() if "not lifted" in li]
    assert [line.split(":")[0] for line in said] == ["broken was not lifted"]
    written = (tmp_path / "run" / "survival.md").read_text()
    assert "- broken does not run on litert: " in written


@pytest.mark.slow
def test_a_variant_that_cannot_be_had(run_app, arguments, tmp_path):
    """It is left out with a line, and so is what a runtime cannot do."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(2, 3, activation="elu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.save(tmp_path / "elu.keras")
    ended = run_app(
        "edge_eval",
        *arguments,
        f"--model={tmp_path / 'elu.keras'}",
        "--bounds=0,1",
        "--accept_accuracy",
        "--variants=int16x8,float16",
        "--runtimes=tflm,litert",
        "--overshoots=1",
        "--nowhite_box",
    )
    assert (ended.code or 0) == 0
    lines = ended.out.splitlines()
    assert "int16x8 was not exported: no int16 kernel for ELU" in lines
    assert [li for li in lines if li.startswith("float16 on tflm: skipped: ")]
    assert results(tmp_path)["not_exported"] == {
        "int16x8": "no int16 kernel for ELU"
    }
    whole = survival(tmp_path)
    assert [(r.variant, r.runtime) for r in whole.rows[1:]] == [
        ("float16", "litert")
    ]


@pytest.mark.slow
def test_a_camera(run_app, arguments, tmp_path):
    ended = run_app("edge_eval", *arguments, "--camera=jpeg:75,brightness:0.9")
    assert (ended.code or 0) == 0
    whole = survival(tmp_path)
    assert whole.camera == ("jpeg:75", "brightness:0.9")
    for row in whole.rows:
        assert row.find("fgsm", "camera").survival is not None
    assert "(camera)" in ended.out
    written = (tmp_path / "run" / "survival.md").read_text()
    assert "| survival (camera) |" in written


@pytest.mark.slow
def test_what_came_back_from_a_device(run_app, arguments, tmp_path):
    """The results of a bundle stand beside the runtimes of this machine."""
    shared = [a for a in arguments if not a.startswith("--runtimes")]
    bundle = tmp_path / "bundle"
    run_app("edge_bundle", *shared, "--runtimes=litert", f"--output={bundle}")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "device")
    script = tmp_path / "device" / "bundle" / "run_on_device.py"
    subprocess.run([sys.executable, "-I", script], check=True)
    answer = script.with_name("device_results.json")
    assert device.read_results(answer)
    copies = tmp_path / "bundle.run" / "tflite"
    ended = run_app(
        "edge_eval",
        *shared,
        f"--tflite={copies / 'int8.tflite'}",
        f"--runtimes=litert,device:{answer}",
        "--nowhite_box",
    )
    assert (ended.code or 0) == 0, ended.err
    here, there = survival(tmp_path).rows[1:]
    assert there.runtime == f"device:{answer}"
    for factor in (1.0, 1.5):
        one = there.find("fgsm", "uint8", factor)
        assert one == here.find("fgsm", "uint8", factor)
    assert there.find("fgsm", "float") is None


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--model=nosuch", "one of saved_models"),
        ("--attack=nosuch", "`attack` must be one of"),
        ("--attack=", "`attack` must name some of"),
        ("--epsilon=0", "`epsilon` must be a share"),
        ("--variants=nosuch", "`variants` must"),
        ("--runtimes=nosuch", "`runtimes` must be one of"),
        ("--runtimes=", "`runtimes` must not be empty"),
        ("--runtimes=device:no.json", "`runtimes` must name a file"),
        ("--overshoots=0", "`overshoots` must be a finite number above 0"),
        ("--overshoots=one", "`overshoots` must be numbers"),
        ("--overshoots=", "`overshoots` must not be empty"),
        ("--camera=blur:1", "`camera` must hold steps"),
        ("--camera=jpeg:0", "`camera` must hold steps"),
        ("--examples=12,6", "`examples` must be one number"),
        ("--examples=0", "`examples` must be one number"),
        ("--examples=", "`examples` must be one number"),
        ("--examples=few", "`examples` must be numbers"),
        ("--bounds=1,0", "`bounds` must be two finite numbers"),
        ("--tflite=nosuch.tflite", "`tflite` must be files"),
        ("--dataset=nosuch", "`dataset` must be 'mnist5k' or"),
    ],
)
def test_bad_input(refusal, arguments, tmp_path, flag, said):
    assert said in refusal("edge_eval", *arguments, flag)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["source", "a/b", "../b"])
def test_a_name_that_a_copy_cannot_have(
    refusal, arguments, tmp_path, exported, name
):
    flag = f"--tflite={name}={exported['int8']}"
    message = refusal("edge_eval", *arguments, flag)
    assert "`tflite` must be files" in message and name in message
    assert not (tmp_path / "run").exists()


def test_two_copies_of_one_name(refusal, arguments, exported):
    flag = f"--tflite=it={exported['int8']},it={exported['float32']}"
    message = refusal("edge_eval", *arguments, flag)
    assert "no name twice" in message


@pytest.mark.slow
def test_a_copy_for_other_images(refusal, arguments, tmp_path):
    wide = ak.models.build("conv-cifar10")
    other = ak.edge.export(wide, tmp_path / "wide", "float32")["float32"]
    message = refusal("edge_eval", *arguments, f"--tflite={other}")
    assert "must take images (28, 28, 1)" in message
    assert str(other) in message
    assert not (tmp_path / "run").exists()


def test_a_copy_for_other_pixels(refusal, foreign, exported, tmp_path):
    """One that takes 0 .. 1 would see white everywhere."""
    flags = foreign_flags(foreign, tmp_path)
    flags[2] = f"--tflite=theirs={exported['int8']}"
    message = refusal("edge_eval", *flags)
    assert "must take pixels 0 .. 255" in message
    assert "whose input holds 0 .. 1" in message
    assert str(exported["int8"]) in message
    assert not (tmp_path / "run").exists()


def test_no_threads(run_app, arguments, tmp_path):
    ended = run_app("edge_eval", *arguments, "--threads=0")
    assert ended.code == 2
    assert "--threads=0" in ended.err
    assert not (tmp_path / "run").exists()


def test_an_output_that_is_a_file(refusal, arguments, tmp_path):
    (tmp_path / "run").write_text("mine")
    message = refusal("edge_eval", *arguments)
    assert "`output` must be a place" in message
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.slow
def test_other_settings_need_another_output(run_app, refusal, arguments):
    arguments = (*arguments, "--nowhite_box")
    run_app("edge_eval", *arguments)
    message = refusal("edge_eval", *arguments, "--overshoots=1,2")
    assert "overshoots: ['1', '1.5'] there, ['1', '2'] here" in message


@pytest.mark.parametrize("asked", [None, "litert,tflm"])
def test_of_the_default_what_is_installed_runs(
    run_app, small_edge_eval, tmp_path, monkeypatch, asked
):
    absent = dataclasses.replace(known.HERE["tflm"], modules=("no_such",))
    monkeypatch.setitem(known.HERE, "tflm", absent)
    arguments = [a for a in small_edge_eval if "--runtimes" not in a]
    if asked is not None:
        arguments.append(f"--runtimes={asked}")
    ended = run_app("edge_eval", *arguments, "--nowhite_box")
    if asked is not None:
        assert ended.code == 2
        assert "pip install 'advkeras[tflm]'" in ended.err
        return
    assert (ended.code or 0) == 0
    said = "warning: runtimes: tflm is not installed and left out"
    assert ended.err.splitlines().count(said) == 1
    written = json.loads((tmp_path / "run" / "results.json").read_text())
    assert written["settings"]["runtimes"] == ["litert", "litert-reference"]


@pytest.mark.parametrize("quantizer", ["tflite", "litert"])
def test_what_quantises_the_copies(
    run_app, refusal, small_edge_eval, tmp_path, quantizer
):
    if quantizer == "litert":
        pytest.importorskip("litert_quantizer")
    flags = [*small_edge_eval, "--nowhite_box", "--calibration=20"]
    flags += ["--variants=int8", "--batch=1"]
    ended = run_app("edge_eval", *flags, f"--quantizer={quantizer}")
    assert (ended.code or 0) == 0
    card = ak.models.read_card(tmp_path / "run" / "tflite" / "int8.tflite")
    assert card["quantizer"] == quantizing.QUANTIZERS[quantizer]
    assert f"--quantizer={quantizer}" in card["provenance"]["command"]
    (other,) = {"tflite", "litert"} - {quantizer}
    message = refusal("edge_eval", *flags, f"--quantizer={other}")
    assert "`output` must be new" in message


@pytest.mark.slow
def test_two_processes_find_the_same(run_app, arguments, tmp_path, exported):
    """Of the float model and of a copy, which each loads for itself."""
    given = [
        *arguments,
        f"--tflite={exported['int8']}",
        "--runtimes=litert",
        "--attack=fgsm,pgd,evasive",
    ]
    assert (run_app("edge_eval", *given).code or 0) == 0
    two = [*given, f"--output={tmp_path / 'two'}"]
    ended = run_app("edge_eval", *two, "--workers=2")
    assert (ended.code or 0) == 0, ended.err
    found = [results(tmp_path, name) for name in ("run", "two")]
    for one in found:
        # Latency is this moment's.
        for row in one["survival"]["rows"]:
            row.pop("latency", None)
        del one["command"], one["date"]
    assert found[0] == found[1]
    assert (run_app("runs", "verify", tmp_path / "two").code or 0) == 0
