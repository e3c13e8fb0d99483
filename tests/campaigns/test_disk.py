"""A tenth of the campaign `disk`."""

import pytest

from tests.campaigns import disk


@pytest.mark.slow
def test_a_full_disk_is_said_and_leaves_no_half(tmp_path):
    (row,) = disk.run(0.1, 0, tmp_path)
    assert row.failures == ()
    assert row.tried == len(disk.DISKS)
