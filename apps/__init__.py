"""One absl app a job: `python -m apps.NAME --help`, or `advkeras NAME --help`.

Installed, this folder is `advkeras.apps`; what is here imports the rest of it
by relative imports, so that either name will do.
"""
