"""Runs campaigns; with --write their lines of docs/reliability.md are renewed.

A campaign is a module of this package with a function
`run(share, seed, folder)`: it does `share` of its whole, all of whose dice
are thrown from `seed`, in an empty folder, and returns its `Row`s.
"""

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path

from tests.campaigns import CAMPAIGNS

DOCUMENT = Path("docs/reliability.md")
# The table lies between these lines; what it is drawn from, beside it.
BEGIN, END = "<!-- measured -->", "<!-- end -->"
MEASURED = Path("docs/parts/reliability.json")


def campaign(name, share, seed):
    """Runs one campaign; returns its rows and how long it took, as JSON."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rows = CAMPAIGNS[name](share, seed, Path(folder))
    minutes = (time.monotonic() - start) / 60
    return {
        "rows": [dataclasses.asdict(row) for row in rows],
        "minutes": round(minutes, 1),
    }


def table(measured):
    """Returns the lines of a table of campaigns by name."""
    lines = [
        "| what was tried | how often | failed | found | minutes |",
        "| --- | ---: | ---: | --- | ---: |",
    ]
    for name in CAMPAIGNS:
        one = measured.get(name, {"rows": [], "minutes": ""})
        minutes = one["minutes"]  # of all rows of a campaign
        for row in one["rows"]:
            lines.append(
                f"| {row['what']} | {row['tried']:,} | {len(row['failures'])} "
                f"| {row['found']} | {minutes} |"
            )
            minutes = ""
    return lines


def write(measured):
    """Renews the lines of these campaigns; those of others stay."""
    known = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    known |= measured
    MEASURED.write_text(json.dumps(known, indent=2) + "\n")
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    lines = [BEGIN, "", *table(known), "", END]
    DOCUMENT.write_text(before + "\n".join(lines) + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    parser.add_argument(
        "names", nargs="*", default=[*CAMPAIGNS], choices=[*CAMPAIGNS]
    )
    flags = parser.parse_args()
    failures = []
    for name in flags.names:
        one = campaign(name, flags.share, flags.seed)
        print(*table({name: one})[2:], sep="\n", flush=True)
        failures += [x for row in one["rows"] for x in row["failures"]]
        if flags.write:
            write({name: one})
    print(*failures, sep="\n")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
