"""Tables and sentences of survival show its figures, each in its place."""

import dataclasses
import io
import re

import pytest
import rich.console

import advkeras as ak
from advkeras import tables
from advkeras.edge.variants import VARIANTS
from tests.report import survivals

CAMERA = ("jpeg:75",)


def drawn(grids, width=80):
    console = rich.console.Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system=None
    )
    tables.show(grids, console)
    return console.file.getvalue()


def results(survival):
    return {
        "source": "m1",
        "survival": survival.to_json(),
        "figure": "survival-m1.png",
        "command": "python -m apps.edge_eval --model=m1",
    }


def test_a_table_of_targets_and_two_of_each_attack():
    survival = survivals.survival(attacks=("fgsm", "lbfgs"))
    grids = ak.report.survival_tables(survival)
    titles = [grid.title for grid in grids]
    assert len(titles) == 5
    assert ", on 1 thread; accuracy on 12 clean images" in titles[0]
    for attack, own in (("fgsm", titles[1:3]), ("lbfgs", titles[3:])):
        assert all(title.startswith(attack) for title in own)
        assert "its 12 images, survival of the 9 that fool" in own[0]
        assert own[1].endswith("survival after rounding to uint8, by overshoot")


def test_targets():
    first, *_ = ak.report.survival_tables(survivals.survival())
    assert first.header == (
        *("variant", "runtime", "KiB", "median", "p90"),
        *("accuracy", "agreement"),
    )
    rates = ("91.7 (65-99)", "100.0 (76-100)")  # 11 and 12 of 12
    assert first.rows == (
        ("source", "keras", "-", "-", "-", *rates),
        ("float32", "litert", "4", "0.250", "0.500", *rates),
        ("int8", "litert", "4", "0.125", "0.250", *rates),
        ("int8", "tflm", "4", "1.500", "3.000", *rates),
    )


def test_what_survives():
    _, grid, overshoots = ak.report.survival_tables(survivals.survival())
    assert grid.header[2:] == (
        *("accuracy", "survival (float)", "survival (uint8)", "alone"),
    )
    # Of 9, Wilson: 9 is 70 to 100, 6 is 35 to 88, 3 is 12 to 65.
    expected = {
        "source": ("25.0 (9-53)", "100.0 (70-100)"),  # 3 of 12 read rightly
        "float32": ("50.0 (25-75)", "66.7 (35-88)"),
        "int8": ("75.0 (47-91)", "33.3 (12-65)"),
    }
    assert [row[0] for row in grid.rows] == list(expected)
    for variant, _, accuracy, as_float, rounded, alone in grid.rows:
        assert (accuracy, as_float) == expected[variant]
        assert rounded == as_float
        assert alone == "8.3 (1-35)"  # 1 of 12
    assert overshoots.header[2:] == ("x 1.00", "x 1.05", "x 1.20")
    shares = [[cell.split()[0] for cell in row[2:]] for row in overshoots.rows]
    assert shares == [
        ["100.0", "100.0", "100.0"],
        ["66.7", "77.8", "88.9"],
        ["33.3", "44.4", "55.6"],
    ]


def test_runtimes_that_agree_to_the_last_digit_share_a_line():
    survival = survivals.survival()
    for grid in ak.report.survival_tables(survival)[1:]:
        assert grid.rows[-1][:2] == ("int8", "litert, tflm")
        assert len(grid.rows) == 3
    # One image more, and they do not.
    other = survivals.row("int8", "tflm", 4, 1.5)
    apart = dataclasses.replace(survival, rows=(*survival.rows[:3], other))
    for grid in ak.report.survival_tables(apart)[1:]:
        assert [row[:2] for row in grid.rows[2:]] == [
            ("int8", "litert"),
            ("int8", "tflm"),
        ]
    # Two variants never do.
    same = [survivals.row(name, "litert", 3) for name in ("a", "b")]
    for grid in ak.report.survival_tables(survivals.survival(same))[1:]:
        assert [row[0] for row in grid.rows] == ["a", "b"]


def test_a_camera_has_columns_of_its_own():
    survival = survivals.survival(camera=CAMERA)
    first, second, _ = ak.report.survival_tables(survival)
    assert first.header[-1] == "accuracy (camera)"
    assert first.rows[0][-1] == "91.7 (65-99)"
    assert second.header[-2:] == ("survival (camera)", "alone")
    assert second.rows[-1][-2] == "33.3 (12-65)"


def test_what_a_device_was_not_shown_is_a_dash():
    row = survivals.row("int8", "device:pi.json", 3)
    rounded = [one for one in row.outcomes if one.pixels != "float"]
    row = dataclasses.replace(row, outcomes=tuple(rounded))
    grids = ak.report.survival_tables(survivals.survival([row]))
    assert grids[0].rows[0][-2:] == ("-", "-")
    assert grids[1].rows[0][2:5] == ("-", "-", "33.3 (12-65)")


def without_one(survival):
    """The same, where overshoot 1 was not shown."""
    rows = [
        dataclasses.replace(
            row, outcomes=tuple(o for o in row.outcomes if o.overshoot != 1)
        )
        for row in survival.rows
    ]
    return dataclasses.replace(
        survival, overshoots=survival.overshoots[1:], rows=tuple(rows)
    )


def test_without_an_overshoot_of_one_the_first_stands_for_it():
    survival = without_one(survivals.survival())
    grid = ak.report.survival_tables(survival)[1]
    assert grid.title.startswith("fgsm scaled by 1.05, in %")
    assert grid.rows[-1][3].startswith("44.4 ")
    said = " ".join(ak.report.survival_in_words("m1", survival))
    assert "scaled by 1.05 and rounded to uint8" in said
    assert "int8 44.4 %" in said
    assert " - " not in said


def test_overshoots_keep_the_digits_that_tell_them_apart():
    survival = dataclasses.replace(
        survivals.survival(), overshoots=(1.0, 1.001, 1.002)
    )
    *_, grid = ak.report.survival_tables(survival)
    assert grid.header[2:] == ("x 1.00", "x 1.001", "x 1.002")


def test_every_line_of_a_table_has_as_many_cells():
    survival = survivals.survival(
        [survivals.row("their|net", "litert", 3, 0.5)],
        skipped=[{"variant": "a", "runtime": "tflm", "reason": "why"}],
    )
    text = ak.report.survival_markdown(results(survival))
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) == 3
    for table in tables:
        bars = {
            len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()
        }
        assert len(bars) == 1
        assert r"their\|net" in table


def test_six_variants_on_three_runtimes_fit_a_terminal():
    rows = [survivals.row("source", "keras", 9, camera=True)]
    rows += [
        survivals.row(variant, runtime, i, 10 / 3, camera=True)
        for variant in VARIANTS
        for i, runtime in enumerate(ak.edge.RUNTIMES)
    ]
    for camera in ((), CAMERA):
        survival = survivals.survival(rows, camera=camera)
        text = drawn(ak.report.survival_tables(survival))
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text
        for name in (*VARIANTS, *ak.edge.RUNTIMES):
            assert text.count(name) >= 3
        assert "3.333" in text


def test_sentences():
    said = ak.report.survival_in_words("m1", survivals.survival())
    assert said == [
        "m1 reads 91.7 % of the clean images rightly; its copies read 91.7 %.",
        "fgsm fools it on 9 of 12 images. Of these, rounded to uint8, 100.0 % "
        "still fool the float model, and its copies: float32 66.7 %, int8 33.3 "
        "%.",
        "Scaled by 1.2 and rounded, they fool the copies in 55.6 to 88.9 % of "
        "cases.",
    ]


def test_sentences_of_two_attacks():
    survival = survivals.survival(attacks=("fgsm", "lbfgs"))
    said = ak.report.survival_in_words("m1", survival)
    assert [line.split()[0] for line in said] == [
        *("m1", "fgsm", "Scaled", "lbfgs", "Scaled"),
    ]


def test_nothing_is_said_twice():
    survival = dataclasses.replace(survivals.survival(), overshoots=(1.0,))
    assert len(ak.report.survival_in_words("m1", survival)) == 2


def test_the_first_runtime_speaks_for_a_variant():
    rows = [
        survivals.row("int8", "litert", 3),
        survivals.row("int8", "tflm", 5),
    ]
    said = ak.report.survival_in_words("m1", survivals.survival(rows))
    assert said[1].endswith("its copies: int8 33.3 %.")


@pytest.mark.parametrize("camera", [(), CAMERA])
def test_no_image_was_fooled(camera):
    survival = survivals.survival(fooled=0, camera=camera)
    _, second, third = ak.report.survival_tables(survival)
    for cells in second.rows:
        assert set(cells[3:-1]) == {"-"}
    for cells in third.rows:
        assert set(cells[2:]) == {"-"}
    assert drawn(ak.report.survival_tables(survival))
    said = ak.report.survival_in_words("m1", survival)
    assert "fools it on 0 of 12 images" in said[1]
    assert ak.report.survival_markdown(results(survival))


def test_no_target_ran():
    skipped = [{"variant": "int8", "runtime": "tflm", "reason": "it crashed"}]
    for rows in ((), (survivals.row("source", "keras", 9),)):
        survival = survivals.survival(rows, skipped=skipped)
        assert drawn(ak.report.survival_tables(survival))
        assert ak.report.survival_in_words("m1", survival)
        text = ak.report.survival_markdown(results(survival))
        assert "- int8 does not run on tflm: it crashed.\n" in text


def test_markdown_has_sentences_picture_tables_and_versions():
    survival = survivals.survival()
    text = ak.report.survival_markdown(results(survival))
    assert text.startswith("## m1\n\n- m1 reads ")
    for line in ak.report.survival_in_words("m1", survival):
        assert f"- {line}\n" in text
    for grid in ak.report.survival_tables(survival):
        assert grid.markdown() in text
    assert "](survival-m1.png)\n" in text
    assert (
        "- keras: keras 1.2\n- litert: litert 1.2\n- tflm: tflm 1.2\n" in text
    )
    assert text.endswith("Made by `python -m apps.edge_eval --model=m1`.\n")
    assert "\n\n\n" not in text
