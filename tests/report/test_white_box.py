"""White boxes: copies are attacked once, and shown beside transfer."""

import io
import re

import pytest
import rich.console

import advkeras as ak
from advkeras import tables
from advkeras.attacks import AttackResult
from tests.report.white_boxes import results
from tests.report.white_boxes import white_box

SKIPPED = {"variant": "theirs", "reason": "operator 3, CUSTOM"}


def test_a_table_an_attack():
    rows = [
        white_box("float32"),
        white_box("float32", "lbfgs", reached=9),
        white_box("int8"),
    ]
    first, second = ak.report.white_box_tables(rows)
    assert first.title.startswith("fgsm, 12 images, judged by litert, in %")
    assert second.title.startswith("lbfgs, ")
    assert [row[0] for row in first.rows] == ["float32", "int8"]
    # Wilson: of 12, 11 is 65 to 99, 6 is 25 to 75, 3 is 9 to 53, 2 is 5 to 45.
    assert dict(zip(first.header, first.rows[0], strict=True)) == {
        "variant": "float32",
        "clean": "91.7 (65-99)",
        "transfer": "50.0 (25-75)",
        "white box": "25.0 (9-53)",
        "alone": "16.7 (5-45)",
        "distortion": "0.0500 / 0.1000",
        "lift agrees": "100.0 (76-100)",
    }
    assert dict(zip(second.header, second.rows[0], strict=True))["reached"] == (
        "75.0 (47-91)"
    )


def test_columns_without_a_figure_are_left_out():
    (grid,) = ak.report.white_box_tables([white_box(others=None, alone=None)])
    assert grid.header == (
        *("variant", "clean", "white box", "distortion", "lift agrees"),
    )
    assert grid.rows[0][3] == "0.1000"
    # One that has it gives the others a dash.
    mixed = [white_box("a", others=None), white_box("b")]
    (grid,) = ak.report.white_box_tables(mixed)
    assert [row[2] for row in grid.rows] == ["-", "50.0 (25-75)"]


def test_no_rows_no_tables():
    assert ak.report.white_box_tables([]) == []
    assert ak.report.white_box_in_words([]) == []


def test_tables_fit_a_terminal():
    rows = [white_box(variant, reached=1) for variant in ("int8-float-io", "b")]
    console = rich.console.Console(
        file=io.StringIO(), width=120, force_terminal=True, color_system=None
    )
    tables.show(ak.report.white_box_tables(rows), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 120
    assert "…" not in text and "int8-float-io" in text


def test_sentences():
    said = ak.report.white_box_in_words(
        [
            white_box("int8", own=3, others=6),
            white_box("int8", "pgd", own=3, others=6),
            white_box("int8", "evasive", others=None, alone=9),
            white_box("int8", "lbfgs", own=6, others=None, alone=None),
            white_box("theirs", own=11, others=1),
            white_box("theirs", "evasive", others=None, alone=3),
        ]
    )
    assert said == [
        "fgsm: accuracy left in %, under transfer / in the white box: int8 "
        "50.0 / 25.0, theirs 8.3 / 91.7. Gradients of theirs are masked.",
        "pgd: accuracy left in %, under transfer / in the white box: int8 50.0 "
        "/ 25.0. The float model's gradients do no more.",
        "evasive: images that fool the copy and not the float model, in %: "
        "int8 75.0, theirs 25.0.",
        "lbfgs: accuracy left in the white box, in %: int8 50.0.",
    ]


def test_markdown_has_tables_sentences_and_what_was_left_out():
    rows = [white_box(), white_box("b|c", "pgd")]
    text = ak.report.white_box_markdown(results(*rows, skipped=[SKIPPED]))
    assert text.startswith("## m1\n\n")
    for grid in ak.report.white_box_tables(rows):
        assert grid.markdown().rstrip() in text
    for sentence in ak.report.white_box_in_words(rows):
        assert f"- {sentence}\n" in text
    assert "- theirs was not lifted: operator 3, CUSTOM\n" in text
    assert text.endswith("Made by `python -m apps.edge_eval --model=m1`.\n")
    assert "\n\n\n" not in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        bars = [
            len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()
        ]
        assert len(set(bars)) == 1


@pytest.fixture(scope="module")
def variants(tmp_path_factory, classifiers, digits):
    folder = tmp_path_factory.mktemp("variants")
    names = ("float32", "int8")
    return ak.edge.export(
        classifiers["linear"], folder, names, digits.images[:50]
    )


@pytest.fixture
def report(classifiers, test_digits, variants):
    """Writes a report of 12 and 6 digits."""

    def report(folder, **options):
        linear = classifiers["linear"]
        options = {
            "source": linear,
            "attacks": {
                "fgsm": ak.attacks.FGSM(epsilon=0.1),
                "evasive": ak.attacks.Evasive(
                    epsilon=0.1, steps=5, reference=linear
                ),
            },
            "variants": {"int8": variants["int8"]},
            "bounds": (0.0, 1.0),
            "share": 0.1,
            "examples": (12, 6),
            **options,
        }
        return ak.report.white_box_report(
            ak.report.Run(folder, {}),
            "net",
            images=test_digits.images[:12],
            labels=test_digits.labels[:12],
            **options,
        )

    return report


def test_what_it_finds(tmp_path, report, variants, classifiers, test_digits):
    found = report(tmp_path, seed=3, variants=variants)
    assert found["skipped"] == []
    # Each copy is checked, with the float model's examples beside its own.
    assert list(found["checks"]) == ["net-float32", "net-int8"]
    name = classifiers["linear"].model.name
    for made in found["checks"].values():
        assert any(name in one["name"] for one in made["checks"])
    rows = [ak.edge.WhiteBox.from_json(row) for row in found["rows"]]
    assert [(row.variant, row.attack, row.clean.n) for row in rows] == [
        ("float32", "fgsm", 12),
        ("float32", "evasive", 6),
        ("int8", "fgsm", 12),
        ("int8", "evasive", 6),
    ]
    # The evasive attack aims at one copy: there is nothing to transfer.
    assert [row.transfer is None for row in rows] == [False, True] * 2
    images, labels = test_digits.images[:12], test_digits.labels[:12]
    copy = ak.edge.TfliteClassifier(variants["int8"], bounds=(0.0, 1.0))
    attack, linear = ak.attacks.FGSM(0.1), classifiers["linear"]
    assert rows[2] == ak.edge.white_box(
        "int8",
        copy,
        "fgsm",
        attack(copy, images, labels, seed=3),
        attack(linear, images, labels, seed=3),
        linear,
    )
    stored = sorted(path.name for path in (tmp_path / "examples").iterdir())
    assert stored == [
        "evasive-on-float32",
        "evasive-on-int8",
        "fgsm-net",
        "fgsm-on-float32",
        "fgsm-on-int8",
    ]
    held = AttackResult.load(tmp_path / "examples" / "evasive-on-int8")
    assert len(held) == 6
    assert held.success.sum() == rows[3].white_box.alone.count


def test_a_second_one_is_the_same_and_attacks_nothing(
    tmp_path, report, monkeypatch
):
    first = report(tmp_path)
    monkeypatch.setattr(ak.attacks.FGSM, "generate", None)
    monkeypatch.setattr(ak.attacks.Evasive, "generate", None)
    assert report(tmp_path) == first


def test_what_survival_attacked_is_not_attacked_again(
    tmp_path, report, classifiers, test_digits, monkeypatch
):
    """The float model's examples are of one name in both reports."""
    attacks = {"fgsm": ak.attacks.FGSM(epsilon=0.1)}
    linear = classifiers["linear"]
    attacked = []
    real = ak.attacks.FGSM.generate

    def generate(self, classifier, *arguments):
        attacked.append(classifier)
        return real(self, classifier, *arguments)

    monkeypatch.setattr(ak.attacks.FGSM, "generate", generate)
    ak.report.survival_report(
        ak.report.Run(tmp_path, {}),
        "net",
        linear,
        attacks,
        test_digits.images[:12],
        test_digits.labels[:12],
        {},
        runtimes=("litert",),
        overshoots=(1.0,),
    )
    report(tmp_path, attacks=attacks, examples=())
    assert [one for one in attacked if one is linear] == [linear]
    assert {type(one) for one in attacked[1:]} == {ak.edge.TfliteClassifier}


def test_without_a_float_model(tmp_path, report, variants):
    attacks = {"fgsm": ak.attacks.FGSM(epsilon=0.1)}
    found = report(
        tmp_path,
        source=None,
        attacks=attacks,
        variants={"it": variants["int8"]},
        bounds=None,
        examples=(),
        runtime="tflm",
    )
    (row,) = found["rows"]
    assert row["transfer"] is None and row["white_box"]["alone"] is None
    assert found["checks"] == {}  # they are the float model's
    assert (row["runtime"], row["clean"]["n"]) == ("tflm", 12)


def test_what_cannot_be_lifted_is_left_out(tmp_path, report, variants):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(variants["int8"].read_bytes()[:1000])
    files = {"broken": broken, "int8": variants["int8"]}
    found = report(tmp_path / "run", variants=files)
    assert {row["variant"] for row in found["rows"]} == {"int8"}
    (skipped,) = found["skipped"]
    assert skipped["variant"] == "broken"
    assert "\n" not in skipped["reason"]
    # Where the files are all there is, one of them may not be missing.
    attacks = {"fgsm": ak.attacks.FGSM(epsilon=0.1)}
    with pytest.raises(ValueError, match=r"`path` must .*broken\.tflite"):
        report(
            tmp_path / "other",
            source=None,
            variants=files,
            attacks=attacks,
            examples=(),
        )
