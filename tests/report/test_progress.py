"""Progress bars are off by one argument."""

import pytest

import advkeras as ak
from tests.attacks.linear import grey
from tests.attacks.linear import linear


@pytest.mark.parametrize("progress", [True, False])
def test_a_run_shows_bars_or_none(tmp_path, capfd, progress):
    model = linear(classes=3)[0]
    run = ak.report.Run(tmp_path / "run", {}, progress=progress)
    run.attack("some", ak.attacks.FGSM(0.1), model, grey(3), None)
    assert ("some" in capfd.readouterr().err) is progress
