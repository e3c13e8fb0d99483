"""Prints a table: what becomes of each net in .tflite, and of its lift.

python -m tests.edge.zoo
"""

import tempfile
from pathlib import Path

from tests.edge.zoo import RUNTIMES
from tests.edge.zoo import VARIANTS
from tests.edge.zoo import nets
from tests.edge.zoo import tried


def main():
    print(f"| net | variant | {' | '.join(RUNTIMES)} |")
    print(f"| --- | --- | {' | '.join(['---'] * len(RUNTIMES))} |")
    for name in nets.NETS:
        with tempfile.TemporaryDirectory() as folder:
            found = tried(name, Path(folder))
        for variant in VARIANTS:
            cells = [str(found[variant, runtime]) for runtime in RUNTIMES]
            if len(set(cells)) == 1 and "/" not in cells[0]:
                cells = [cells[0], "", ""]
            print(f"| {name} | {variant} | {' | '.join(cells)} |", flush=True)
            name = ""


if __name__ == "__main__":
    main()
