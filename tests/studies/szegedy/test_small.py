"""Each study at small scale: trained nets, real attacks, what must hold."""

import numpy as np
import pytest

import advkeras as ak

pytestmark = pytest.mark.slow


@pytest.fixture
def study(small):
    """Measures a study of the paper."""
    return lambda name: small(f"szegedy.{name}")


def test_six_nets(study, column):
    """Tables 1 and 2 and figure 7, which train the same six."""
    (table,) = study("table1").tables
    assert column(table, "success") == [1] * 6
    # More weight decay, larger changes: the order of the softmax rows.
    distortion = column(table, "av. min. distortion")
    assert distortion[:3] == sorted(distortion[:3])
    assert 0.02 < min(distortion) < max(distortion) < 0.2
    assert all(0 < error < 0.5 for error in column(table, "test error"))

    (table,) = study("table2").tables
    for i, net in enumerate(ak.studies.szegedy.nets.SIX):
        assert column(table, net)[1 + i] == 1  # made for itself

    (table,) = study("noise").tables
    assert column(table, "adversarial") == [0] * 6
    clean, noisy = column(table, "clean"), column(table, "noise 1")
    # Noise many times as large does less than what was made for the net.
    assert np.greater(clean, noisy).all()
    assert min(noisy) > 0.15


def test_table3(study, column):
    (table,) = study("table3").tables
    first, second = column(table, "first half"), column(table, "second half")
    own = [first[0], first[1], second[2]]
    other = [second[0], second[1], first[2]]
    assert max(own) < 0.01 < min(other)


def test_layerwise(study, column):
    findings = study("layerwise")
    (table,) = findings.tables
    assert [row.cells[0].published for row in table.rows] == [1.6, 1.3, 1.2]
    errors = [100 * run["test_error"] for run in findings.details["runs"]]
    assert len(errors) == 6  # three arms, two seeds
    for i, mean in enumerate(column(table, "test error")):
        assert mean == pytest.approx(np.mean(errors[i::3]))
        assert mean < 20


def test_table5(study, column):
    for table in study("table5").tables:
        uppers, lowers = column(table, "upper"), column(table, "lower")
        for upper, lower in zip(uppers, lowers, strict=True):
            assert lower is None or 0 < lower <= upper
        assert table.rows[-1].name == "whole net"


def test_radius(study, column):
    findings = study("radius")
    (table,) = findings.tables
    found = column(table, "found")
    for method in ak.analysis.certificates.METHODS:
        proved = column(table, f"proved, {method}")
        assert all(0 < p < f for p, f in zip(proved, found, strict=True))
    for inside in column(table, "found inside"):
        assert inside.startswith("0 of ")
