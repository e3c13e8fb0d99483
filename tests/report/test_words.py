"""The sentences say what the figures of the matrix say, and no more."""

import re

import pytest

import advkeras as ak


def numbers(sentence):
    return re.findall(r"\d+\.\d+", sentence)


def test_every_number_is_the_matrix_s(matrix):
    own, carried = ak.report.in_words(matrix)
    # Of those that A read rightly, with Wilson's interval, and how far.
    assert numbers(own) == ["91.7", "64.6", "98.5", "0.051"]
    assert re.search(r"\b12\b", own)
    assert numbers(carried) == [
        *("33.3", "8.3"),  # 4 of 12 made for A fool B; 1 of 12 clean does
        *("0.099", "75.0"),  # scaled, 9 of 12 fool B
        *("0.070", "16.7"),  # noise: 2 of 12, B's, is the worst of both
    ]


def test_names_stand_beside_their_numbers(matrix):
    own, carried = ak.report.in_words(matrix)
    assert re.search(r"\bA\b", own)
    assert not re.search(r"\bB\b", own)
    assert re.search(r"\bB\b[^.]*33\.3 %", carried)
    assert re.search(r"scaled[^;]*\bB\b[^;]*75\.0 %", carried)
    assert re.search(r"noise of 0\.070 .*16\.7 %", carried)


def test_each_other_net_is_named(matrix):
    matrix["targets"].append("C")
    for errors in (
        matrix["clean_error"],
        *(row["error"] for row in matrix["rows"]),
    ):
        errors["C"] = ak.evaluation.Rate(6, 12).to_json()
    _, carried = ak.report.in_words(matrix)
    assert re.search(r"\bB\b[^;]*33\.3 %[^;]*\bC\b[^;]*50\.0 %", carried)
    assert numbers(carried)[-1] == "50.0"  # now the worst under noise


def test_without_noise_and_without_amplified_rows(matrix):
    matrix["rows"] = matrix["rows"][:2]
    own, carried = ak.report.in_words(matrix)
    assert numbers(own)[0] == "91.7"
    assert numbers(carried) == ["33.3", "8.3"]


def test_an_attack_that_never_succeeds(matrix):
    rates = matrix["success"]["A"]
    rates["of_correct"] = ak.evaluation.Rate(0, 12).to_json()
    rates["mean_distortion"] = None
    own, _ = ak.report.in_words(matrix)
    assert numbers(own)[0] == "0.0"
    assert "None" not in own


@pytest.mark.parametrize("keep", [1, 2])
def test_they_are_sentences(matrix, keep):
    matrix["targets"] = matrix["targets"][:keep]
    for sentence in ak.report.in_words(matrix):
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert not re.search(r"\s[.,;]|[,;]\s*[.,;]|  ", sentence)


def test_where_nothing_can_carry(matrix):
    """Of one model alone, what is said is of itself."""
    matrix["targets"] = ["A"]
    matrix["rows"] = [row for row in matrix["rows"] if row["source"] != "B"]
    for row in matrix["rows"]:
        row["transfer"] = {}
    del matrix["success"]["B"]
    said = ak.report.transfer_in_words({"matrices": {"fgsm": matrix}})
    assert said == [
        "fgsm fools A on 91.7 (64.6-98.5) % of the 12 that it reads rightly "
        "(95 % interval)."
    ]
