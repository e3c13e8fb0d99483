"""What is tried by the thousand, with dice: name -> a campaign's `run`."""

CAMPAIGNS = {}
