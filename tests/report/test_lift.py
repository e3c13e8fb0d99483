"""How a lift's agreement is shown."""

import advkeras as ak

AGREES = {
    "values": 10,
    "largest": 1.0,
    "mean": 0.1,
    "relative": None,
    "within_1": 1.0,
    "within_2": 1.0,
    "beyond": 0.0,
    "parted": False,
}
PARTS = {**AGREES, "largest": 3.0, "beyond": 0.5, "parted": True}
FLOATS = {**AGREES, "relative": 2e-7, "within_2": None, "beyond": None}
WILD = {**FLOATS, "largest": None, "relative": None, "parted": True}


def operator(index, name, difference, alone, dtype="int8"):
    scale = 0.5 if dtype == "int8" else None
    return {
        "index": index,
        "name": name,
        "tensor": f"t{index}",
        "shape": [-1, 4, 4, 3],
        "dtype": dtype,
        "scale": scale,
        "zero_point": scale and -7,
        "difference": difference,
        "alone": alone,
    }


def agreement(*operators, parted=None, parted_alone=None, output=AGREES):
    return {
        "runtime": "litert",
        "n": 20,
        "inspected": 5,
        "constant": 2,
        "operators": list(operators),
        "outputs": [
            {
                "tensor": "scores",
                "difference": output,
                "top_1": {"count": 19, "n": 20},
            }
        ],
        "parted": parted,
        "parted_alone": parted_alone,
    }


def test_the_table_has_a_row_an_operator():
    grid = ak.report.agreement_table(
        "it",
        agreement(
            operator(0, "CONV_2D", AGREES, AGREES),
            operator(1, "EXP", FLOATS, None, "float32"),
            operator(2, "ADD", {**AGREES, "largest": 2.0}, WILD),
        ),
    )
    assert grid.rows == (
        ("0", "CONV_2D", "n x 4 x 4 x 3", "int8", "0.5 -7", "1 step", "1 step"),
        (
            *("1", "EXP", "n x 4 x 4 x 3", "float32", "-"),
            *("2.0e-07 of the range", "-"),
        ),
        (
            *("2", "ADD", "n x 4 x 4 x 3", "int8", "0.5 -7"),
            *("2 steps", "unlimited"),
        ),
    )


def test_words_say_where_they_part():
    found = agreement(
        operator(0, "CONV_2D", AGREES, AGREES),
        operator(3, "ADD", PARTS, AGREES),
        parted=3,
    )
    output, inside, constant = ak.report.agreement_in_words(found)
    assert output == (
        "Output scores, beside litert on 20 images: the same class for 19 of "
        "20 images; largest difference 1 step; 100.00 % of values within 2 "
        "steps."
    )
    assert inside == (
        "Operator by operator, on 5 images: from the image on the first to "
        "part is 3, ADD (3 steps); given what the real one was, none parts."
    )
    assert constant == "Of its operators 2 do not depend on the image."


def test_words_without_parts():
    found = agreement(operator(0, "EXP", FLOATS, None), output=FLOATS)
    output, inside, _ = ak.report.agreement_in_words(found)
    assert output.endswith("largest difference 2.0e-07 of the range.")
    assert "from the image on none parts; given" in inside
    assert inside.endswith("none could be run.")
