"""Every figure of results.json is in the frame and in tables/."""

import copy
import math

import pytest

import advkeras as ak


@pytest.fixture
def results(matrix):
    return {"matrices": {"fake": matrix, "other": matrix}}


def test_the_tables_are_those_that_are_printed(results, matrix):
    assert ak.report.results_tables(results) == [
        *ak.report.transfer_tables(matrix, "fake"),
        *ak.report.transfer_tables(matrix, "other"),
    ]
    assert ak.report.results_tables({"command": "c"}) == []


def test_a_frame_has_a_row_a_figure(results, matrix):
    frame = ak.report.frame(results)
    assert list(frame.columns) == [
        *("table", "row", "figure", "value", "low", "high", "text"),
    ]
    laid_out = ak.report.results_tables(results)
    assert len(frame) == sum(
        len(table.rows) * (len(table.header) - 1) for table in laid_out
    )
    assert set(frame["table"]) == {table.name for table in laid_out}
    errors = frame[frame["table"] == "transfer-fake"]
    (found,) = errors[
        (errors["row"] == "A") & (errors["figure"] == "on B")
    ].itertuples()
    rate = matrix["rows"][0]["error"]["B"]
    assert found.value == 100 * rate["value"]
    assert (found.low, found.high) == tuple(100 * x for x in rate["interval"])
    assert found.text.startswith("33.3 (")


def test_a_frame_of_what_is_not_there(results, matrix):
    matrix["success"]["A"]["mean_l2"] = None
    frame = ak.report.frame(results)
    missing = frame[(frame["figure"] == "L2") & (frame["row"] == "A")]
    assert all(math.isnan(value) for value in missing["value"])
    assert set(missing["text"]) == {"-"}
    empty = ak.report.frame({"command": "c"})
    assert list(empty.columns) == list(frame.columns)
    assert empty.empty


def test_a_run_writes_its_tables(tmp_path, results):
    ak.report.Run(tmp_path, {}).finish(results, "c")
    written = sorted(path.name for path in (tmp_path / "tables").iterdir())
    assert len(written) == 3 * len(ak.report.results_tables(results))
    for ending in (".csv", ".md", ".tex"):
        assert len([name for name in written if name.endswith(ending)]) == 4


@pytest.fixture
def by_seed(matrix):
    other = copy.deepcopy(matrix)
    other["rows"][0]["distortion"] = 0.0598  # was 0.0498
    other["success"]["B"]["mean_l2"] = None
    return {"0": {"matrices": {"a": matrix}}, "3": {"matrices": {"a": other}}}


def test_mean_least_and_most(by_seed):
    table = ak.report.seeds_table(by_seed)
    assert ak.report.results_tables({"seeds": by_seed}) == [table]
    assert table.title.startswith("Over the seeds 0, 3, which choose")
    found = {row[:3]: row[3:] for row in table.rows}
    least, most = 0.0498, 0.0598
    cells = found["transfer-a", "A", "distortion"]
    assert cells == ("0.0548", "0.0498", "0.0598")
    assert [cell.value for cell in cells] == [
        pytest.approx((least + most) / 2, rel=1e-12),
        least,
        most,
    ]
    same = found["transfer-a", "A", "on B"]
    assert same == ("33.33", "33.33", "33.33")


def test_what_a_seed_lacks_has_no_mean(by_seed):
    keys = {row[:3] for row in ak.report.seeds_table(by_seed).rows}
    assert ("success-a", "A", "L2") in keys
    assert ("success-a", "B", "L2") not in keys
