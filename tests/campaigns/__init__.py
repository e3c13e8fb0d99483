"""What is tried by the thousand, with dice: name -> a campaign's `run`."""

from tests.campaigns import disk
from tests.campaigns import kills

CAMPAIGNS = {"kills": kills.run, "disk": disk.run}
