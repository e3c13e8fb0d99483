"""Studies at small scale."""

import json

import pytest

import advkeras as ak


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Measures a study by its name; those of a module share their nets."""
    context = ak.studies.Context(
        ak.report.Run(tmp_path_factory.mktemp("small"), {}), "small"
    )

    def measure(name):
        (found,) = ak.studies.find([name])
        findings = found.measure(context)
        for picture in findings.pictures:
            assert (context.run.output / picture).stat().st_size > 5000
        json.dumps(findings.to_json(), allow_nan=False)
        return findings

    return measure


@pytest.fixture(scope="session")
def column():
    """Reads the measured values of a table's column, row by row."""

    def read(table, heading):
        at = table.columns.index(heading)
        values = [row.cells[at].measured for row in table.rows]
        return [getattr(value, "value", value) for value in values]

    return read
