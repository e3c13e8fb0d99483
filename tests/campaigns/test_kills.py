"""A twentieth of the campaign `kills`: the other half meets full disks."""

import pytest

from tests.campaigns import kills

APPS = ("train by AdamW", "transfer_eval", "edge_eval")


@pytest.mark.slow
def test_a_killed_app_goes_on(tmp_path):
    (row,) = kills.run(0.1, 0, tmp_path, APPS)
    assert row.failures == ()
    assert row.tried == len(APPS)
