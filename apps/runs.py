r"""Says how far a run is, whether its files are whole, or clears what is left.

python -m apps.runs status output/transfer
python -m apps.runs verify output/transfer
python -m apps.runs sweep output/transfer
"""

from . import _running


def main(what: str, output: str) -> int:
    """Prints a table of the run's units.

    Args:
        what: status, verify or sweep.
        output: The folder of the run.

    Returns:
        The exit code: 1 where some are missing or damaged.
    """
    from advkeras import checks
    from advkeras import files
    from advkeras import tables
    from advkeras import work

    checks.check_choice("what", what, ("status", "verify", "sweep"))
    plan = work.Plan.read(output)
    if what == "sweep":
        left = files.left_aside(output)
        files.clear(output)
        print(f"Removed {len(left)} left by processes that were killed.")
        return 0
    state = plan.state(verify=what == "verify")
    tables.show([state.table()])
    for path in state.damaged:
        print(f"damaged: {path}")
    for path in state.left_over:
        print(f"left over: {path}")
    return int(not state.whole)


if __name__ == "__main__":
    _running.run(main, "WHAT", "OUTPUT")
