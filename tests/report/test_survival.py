"""A report attacks once, shows what it found to the copies, and draws it."""

import matplotlib.image
import pytest

import advkeras as ak
from advkeras.attacks import AttackResult
from advkeras.edge import runtimes

OVERSHOOTS = (1.0, 1.5)


@pytest.fixture(scope="module")
def variants(tmp_path_factory, classifiers, digits):
    """The small linear net as two files."""
    folder = tmp_path_factory.mktemp("variants")
    return ak.edge.export(
        classifiers["linear"],
        folder,
        ("float32", "int8"),
        calibration=digits.images[:50],
    )


@pytest.fixture
def report(classifiers, test_digits, variants):
    """Writes a report of 12 and 6 digits."""

    def report(folder, **options):
        options = {
            "attacks": {
                "weak": ak.attacks.FGSM(epsilon=0.02),
                "strong": ak.attacks.FGSM(epsilon=0.2),
            },
            "variants": variants,
            "examples": (12, 6),
            "runtimes": ("litert",),
            "overshoots": OVERSHOOTS,
            **options,
        }
        return ak.report.survival_report(
            ak.report.Run(folder, {}),
            "net",
            classifiers["linear"],
            images=test_digits.images[:12],
            labels=test_digits.labels[:12],
            **options,
        )

    return report


def test_what_it_finds(tmp_path, report, classifiers, test_digits, variants):
    found = report(tmp_path, camera=("jpeg:75",), seed=3)
    assert found["source"] == "net"
    assert found["attacks"] == {
        "weak": repr(ak.attacks.FGSM(epsilon=0.02)),
        "strong": repr(ak.attacks.FGSM(epsilon=0.2)),
    }
    survival = ak.edge.Survival.from_json(found["survival"])
    # The first 12 digits, and the first 6.
    images, labels = test_digits.images, test_digits.labels
    results = {
        "weak": ak.attacks.FGSM(epsilon=0.02)(
            classifiers["linear"], images[:12], labels[:12], seed=3
        ),
        "strong": ak.attacks.FGSM(epsilon=0.2)(
            classifiers["linear"], images[:6], labels[:6], seed=3
        ),
    }
    direct = ak.edge.survival(
        results,
        variants,
        ("litert",),
        source=classifiers["linear"],
        overshoots=OVERSHOOTS,
        camera=("jpeg:75",),
    )
    assert survival.attacks == direct.attacks
    assert survival.attacks["weak"]["n"] == 12
    assert survival.attacks["strong"]["n"] == 6
    assert survival.overshoots == OVERSHOOTS
    assert [row.outcomes for row in survival.rows] == [
        row.outcomes for row in direct.rows
    ]
    assert found["figure"] == "survival-net.png"
    picture = matplotlib.image.imread(tmp_path / found["figure"])
    assert picture[..., :3].std() > 0.02
    stored = sorted(path.name for path in (tmp_path / "examples").iterdir())
    assert stored == ["strong-net", "weak-net"]
    held = AttackResult.load(tmp_path / "examples" / "strong-net")
    assert len(held) == 6


@pytest.mark.slow
def test_without_examples_all_images_are_attacked(tmp_path, report):
    found = report(tmp_path, examples=())
    counts = found["survival"]["attacks"]
    assert [count["n"] for count in counts.values()] == [12, 12]


@pytest.mark.slow
def test_a_second_one_is_the_same_and_does_nothing(
    tmp_path, report, monkeypatch
):
    first = report(tmp_path)

    def never(*_, **__):
        raise AssertionError("done again")

    monkeypatch.setattr(ak.attacks.FGSM, "generate", never)
    monkeypatch.setattr(runtimes, "start", never)
    assert report(tmp_path) == first


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"runtimes": ("tvm",)}, "`runtimes` must"),
        ({"runtimes": ()}, "`runtimes` must not be empty"),
        ({"overshoots": (0,)}, "`overshoots` must"),
        ({"overshoots": ()}, "`overshoots` must not be empty"),
        ({"camera": ("blur:1",)}, "`camera` must"),
        ({"threads": 0}, "`threads` must"),
        ({"variants": {"a": "no.tflite"}}, "`path` must"),
    ],
)
def test_wrong_settings_are_told_before_any_attack(
    tmp_path, report, monkeypatch, wrong, said
):
    monkeypatch.setattr(ak.attacks.FGSM, "generate", None)
    with pytest.raises(ValueError, match=said):
        report(tmp_path, **wrong)
    assert not (tmp_path / "examples").exists()


def test_files_of_another_net_are_told_before_any_attack(
    tmp_path, report, monkeypatch
):
    wide = ak.models.build("conv-cifar10")
    other = ak.edge.export(wide, tmp_path / "wide", "float32")
    monkeypatch.setattr(ak.attacks.FGSM, "generate", None)
    with pytest.raises(ValueError, match=r"`path` must take images .*28"):
        report(tmp_path / "run", variants=other)


@pytest.mark.parametrize("white_box", [False, True])
def test_copies_that_all_fail_are_no_answer(white_box):
    """They start, but say nothing of any image; the float model does."""
    skipped = [{"variant": "int8", "runtime": "litert", "reason": "too slow"}]
    results = {"survival": {"rows": [{"variant": "source"}]}}
    results["survival"]["skipped"] = skipped
    if white_box:
        results["white_box"] = {"rows": [], "skipped": []}
    with pytest.raises(ValueError, match=r"^`tflite` must be files") as raised:
        ak.report.check_any_copy(results)
    assert "Received: int8: too slow" in str(raised.value)
    results["survival"]["rows"].append({"variant": "float32"})
    ak.report.check_any_copy(results)
