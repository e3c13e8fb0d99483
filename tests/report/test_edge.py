"""All of an evaluation at the edge: whichever parts there are, in order."""

import advkeras as ak
from tests.report import survivals
from tests.report.white_boxes import results
from tests.report.white_boxes import white_box

NOT_LIFTED = {"variant": "theirs", "reason": "no CUSTOM"}
NOT_RUN = {"variant": "int8", "runtime": "tflm", "reason": "it crashed"}


def both():
    """Results with all parts, and something left out of each."""
    survival = survivals.survival(skipped=[NOT_RUN])
    return results(
        white_box(),
        skipped=[NOT_LIFTED],
        survival=survival.to_json(),
        not_exported={"int16x8": "no ELU"},
    )


def without(part):
    return {k: v for k, v in both().items() if k != part}


def test_grids_of_all_parts_and_of_each():
    rows = [white_box()]
    survival = ak.report.survival_tables(survivals.survival())
    assert ak.report.edge_tables(both()) == [
        *survival,
        *ak.report.white_box_tables(rows),
    ]
    assert ak.report.edge_tables(without("white_box")) == survival
    assert ak.report.edge_tables(without("survival")) == (
        ak.report.white_box_tables(rows)
    )


def test_words_say_what_was_left_out_and_then_what_was_found():
    survived = ak.report.survival_in_words("m1", survivals.survival())
    attacked = ak.report.white_box_in_words([white_box()])
    assert ak.report.edge_in_words(both()) == [
        "int16x8 was not exported: no ELU",
        "int8 on tflm: skipped: it crashed",
        *survived,
        "theirs was not lifted: no CUSTOM",
        *attacked,
    ]
    assert ak.report.edge_in_words(without("survival")) == [
        "int16x8 was not exported: no ELU",
        "theirs was not lifted: no CUSTOM",
        *attacked,
    ]
    assert ak.report.edge_in_words(without("white_box"))[2:] == survived


def test_nothing_left_out_nothing_said():
    found = results(white_box())
    del found["not_exported"]
    assert ak.report.edge_in_words(found) == (
        ak.report.white_box_in_words([white_box()])
    )
