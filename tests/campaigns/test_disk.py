"""A twentieth of the campaign `disk`: the other half is killed."""

import pytest

from tests.campaigns import disk

APPS = ("train", "evaluate", "export")


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_no_half(tmp_path):
    (row,) = disk.run(0.1, 0, tmp_path, APPS)
    assert row.failures == ()
    assert row.tried == len(APPS)
