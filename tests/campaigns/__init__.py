"""What is tried by the thousand, with dice: name -> a campaign's `run`."""

from tests.campaigns import budgets
from tests.campaigns import disk
from tests.campaigns import kills
from tests.campaigns import mutants
from tests.campaigns import threads

CAMPAIGNS = {
    "mutants": mutants.run_all,
    "kills": kills.run,
    "disk": disk.run,
    "threads": threads.run,
    "budgets": budgets.run,
}
