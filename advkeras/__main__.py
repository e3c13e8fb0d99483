"""`python -m advkeras NAME`: what the command `advkeras` does."""

import runpy

runpy.run_module("advkeras.apps", run_name="__main__", alter_sys=True)
