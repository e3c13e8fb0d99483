"""One absl app a job: `python -m apps.NAME --help`."""
