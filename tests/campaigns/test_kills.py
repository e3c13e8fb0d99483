"""A tenth of the campaign `kills`."""

import pytest

from tests.campaigns import kills


@pytest.mark.slow
def test_a_killed_app_goes_on(tmp_path):
    (row,) = kills.run(0.1, 0, tmp_path)
    assert row.failures == ()
    assert row.tried == len(kills.KILLS)
