"""Runs every campaign and writes its table into docs/reliability.md.

A campaign is a module of this package with a function
`run(share, seed, folder)`: it does `share` of its whole, all of whose dice
are thrown from `seed`, in an empty folder, and returns its `Row`s.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.campaigns import CAMPAIGNS

DOCUMENT = Path("docs/reliability.md")
# The table lies between these lines.
BEGIN, END = "<!-- measured -->", "<!-- end -->"


def table(share, seed, names):
    """Runs campaigns; returns their table, and what failed."""
    lines = [
        "| campaign | tried | failed | found | minutes |",
        "| --- | --- | --- | --- | --- |",
    ]
    failures = []
    for name in names:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            rows = CAMPAIGNS[name](share, seed, Path(folder))
        # Rows of one campaign are made together.
        minutes = f"{(time.monotonic() - start) / 60:.1f}"
        for row in rows:
            failures += [f"{row.what}: {x}" for x in row.failures]
            lines.append(
                f"| {row.what} | {row.tried:,} | {len(row.failures):,} | "
                f"{row.found} | {minutes} |"
            )
            print(lines[-1], flush=True)
            minutes = ""
    return lines, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=str(DOCUMENT))
    parser.add_argument("names", nargs="*", default=list(CAMPAIGNS))
    flags = parser.parse_args()
    lines, failures = table(flags.share, flags.seed, flags.names)
    print(*failures, sep="\n")
    if flags.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        said = [BEGIN, "", *lines, "", END]
        DOCUMENT.write_text(before + "\n".join(said) + after)
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
