"""Runs the commands that README.md and docs/*.md show, as CI does.

    python tests/run_docs.py

A fenced block with the info string `sh` runs under bash, one with `python`
under Python, each in the root of the repository; `sh data` runs where
TFDS_DATA_DIR is set. All other blocks, such as `console`, are only read. The
bin folder of the Python that runs this is first on the PATH.
"""

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHELLS = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
}
if "TFDS_DATA_DIR" in os.environ:
    SHELLS["sh data"] = SHELLS["sh"]
AT_A_TIME = 2  # files
# Set-up and the checks themselves: CI has run these by the time it is here.
SKIPPED = re.compile(
    r"make\b|(python[\d.]* -m )?pip install\b|python[\d.]* -m venv\b"
    r"|(\.|source) \S*/activate|cd\b|git clone\b|#|$"
)
FENCE = re.compile(r" *(?P<fence>`{3,}|~{3,}) *(?P<info>[^`]*)$")


def fenced_blocks(file: Path) -> Iterator[tuple[int, str, str]]:
    """Yields (line of the opening fence, info string, code) of each block."""
    opening, start, lines = None, 0, []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        match = FENCE.match(line)
        if opening is None:
            if match:
                opening, start, lines = match, number, []
        elif (
            match
            and not match["info"]
            and match["fence"].startswith(opening["fence"])
        ):
            code = textwrap.dedent("\n".join(lines))
            yield start, opening["info"].strip(), code
            opening = None
        else:
            lines.append(line)
    if opening is not None:
        raise ValueError(f"{file}:{start}: this block has no end")


def is_skipped(code: str) -> bool:
    """Returns whether there is nothing in a block that CI did not run."""
    lines = code.replace("\\\n", " ").splitlines()
    return all(SKIPPED.match(line.strip()) for line in lines)


def run(file: Path) -> list[tuple[str, int]]:
    """Runs the blocks of a file, one after the other.

    Prints each, and what it said, when it has ended.

    Args:
        file: README.md, or a page of docs/.

    Returns:
        Of each block its place and the exit code.
    """
    beside_python = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside_python, os.environ["PATH"]])
    ended = []
    for line, info, code in fenced_blocks(file):
        if info not in SHELLS or (info == "sh" and is_skipped(code)):
            continue
        place = f"{file.relative_to(ROOT)}:{line}"
        began = time.monotonic()
        done = subprocess.run(
            [*SHELLS[info], code],
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        seconds = time.monotonic() - began
        status = done.returncode
        word = f"failed with exit code {status}" if status else "worked"
        print(
            f"--- {place}\n{textwrap.indent(code, '    ')}\n{done.stdout}\n"
            f"--- {place} {word}, {seconds:.1f} s",
            flush=True,
        )
        ended.append((place, status))
    return ended


def main() -> int:
    """Runs every block; returns 1 when one has failed, naming all that did.

    A block may need what those above it in its file left, and nothing of other
    files: two of these run at a time, those of most blocks first.
    """
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    files.sort(key=lambda file: -len(list(fenced_blocks(file))))
    with futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        ended = [block for file in pool.map(run, files) for block in file]
    failed = [place for place, status in ended if status]
    for place in failed:
        print(f"FAILED {place}")
    print(f"{len(ended) - len(failed)} blocks worked, {len(failed)} failed")
    # A check that found nothing to run has not checked anything.
    return 0 if ended and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
