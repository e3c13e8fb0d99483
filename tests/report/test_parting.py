"""The table of partings names images and operators, or why it cannot."""

import dataclasses
import json

import jsonschema

import advkeras as ak
from advkeras.edge import Parting
from advkeras.report.parting import parting_tables
from tests.report import survivals

KNOWN = Parting(
    variant="int8",
    attack="fgsm",
    pixels="float",
    runtimes=("litert", "tflm"),
    images=(3, 7),
    operator=4,
    kind="CONV_2D",
    tensor="net/c1/Relu;net/c1/convolution",
    steps=1.0,
)
SAME = dataclasses.replace(KNOWN, runtimes=("litert", "litert-reference"))
UNKNOWN = dataclasses.replace(
    KNOWN,
    runtimes=("litert", "litertjs"),
    images=(0, 1, 2, 3, 4),
    operator=None,
    kind="",
    tensor="",
    steps=None,
    reason="no INT8 input",
)


def of(*partings):
    return dataclasses.replace(survivals.survival(), partings=partings)


def test_images_and_operator_are_named():
    survival = of(KNOWN, SAME, UNKNOWN)
    (table,) = parting_tables(survival, "fgsm")
    assert table.rows == (
        (
            *("int8", "litert and tflm, litert and litert-reference", "3, 7"),
            *("4", "CONV_2D", "net/c1/convolution", "1"),
        ),
        (
            *("int8", "litert and litertjs", "0, 1, 2, 3, ..."),
            *("-", "not known: no INT8 input", "-", "-"),
        ),
    )
    assert table in ak.report.survival_tables(survival)
    assert parting_tables(survival, "pgd") == parting_tables(of(), "fgsm") == []


def test_it_is_on_the_page_and_in_the_schema():
    survival = of(KNOWN, UNKNOWN).to_json()
    results = {"survival": json.loads(json.dumps(survival))}
    (section,) = ak.report.edge_sections(results, "Copies")
    assert "parting-fgsm" in [table.name for table in section.tables]
    schema = ak.report.schema()
    checked = jsonschema.Draft202012Validator(
        {"$ref": "#/$defs/survival", "$defs": schema["$defs"]}
    )
    assert checked.is_valid(results["survival"])
    results["survival"]["partings"][0]["operator"] = "4"
    assert not checked.is_valid(results["survival"])
