"""The table of a spectrum, by hand and of a real net."""

import advkeras as ak

LAYER = {
    "name": "conv",
    "kind": "Conv2D",
    "activation": "relu",
    "shape": [3, 3, 1, 8],
    "stride": [2, 2],
    "upper": 1.23456,
    "lower": 1.2,
    "residual": None,
    "upper_to": 1.23456,
}


def test_by_hand():
    dense = {**LAYER, "name": "own", "stride": None, "lower": None}
    oblong = {**LAYER, "stride": [1, 2], "upper_to": 123456.0}
    grid = ak.report.spectrum_table(
        {
            "name": "net",
            "layers": [LAYER, dense, oblong],
            "upper": 2e8,
            "lower": 0.5,
        }
    )
    conv, own, wide, whole = (row[3:] for row in grid.rows)
    assert conv == ("2", "1.23", "1.2", "1.23")
    assert own == ("-", "1.23", "-", "1.23")
    assert wide == ("1 x 2", "1.23", "1.2", "123,456")
    assert whole == ("-", "2e+08", "0.5", "2e+08")
    assert "| conv | Conv2D | 3 x 3 x 1 x 8 | 2 |" in grid.markdown()


def test_of_a_net_every_layer_has_a_row():
    found = ak.analysis.spectrum.bounds(ak.models.load("m1"))
    grid = ak.report.spectrum_table(found.to_json())
    names = [row[0] for row in grid.rows]
    assert names == [*(x.name for x in found.layers), "whole net"]
