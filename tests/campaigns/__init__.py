"""What is tried by the thousand, with dice: name -> a campaign's `run`."""

from tests.campaigns import budgets
from tests.campaigns import mutants
from tests.campaigns import threads

CAMPAIGNS = {
    "budgets": budgets.run,
    "mutants": mutants.run_all,
    "threads": threads.run,
}
