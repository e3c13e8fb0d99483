"""What Arm's compiler makes of a .tflite file for an Ethos-U NPU.

Vela replaces what the NPU can do by one operator of its own, and leaves the
rest to the processor beside it. Its cycles are an estimate, of its own model of
the NPU.
"""

import csv
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from advkeras import checks
from advkeras.edge import flatbuffer

NPUS = (
    *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
    *(f"ethos-u65-{macs}" for macs in (256, 512)),
    *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
)
_PACKAGE = "ethos-u-vela"
_OPERATOR = "ethos-u"  # what the NPU's part of a graph has become
_KIB = 1024
_MEMORIES = {
    "sram": ("sram",),
    "dram": ("dram",),
    "flash": ("on_chip_flash", "off_chip_flash"),
}


class NotCompiledError(ValueError):
    """A file cannot be compiled; `reason` is why, on one line."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            "`path` must be a .tflite file that Vela can compile. "
            f"Received: path={os.fspath(path)!r} ({reason})"
        )
        self.reason = reason


def check(npu: str) -> None:
    """Raises ValueError unless `npu_report` takes it.

    Args:
        npu: One of NPUS: its generation, and multiplications a cycle.
    """
    checks.check_choice("npu", npu, NPUS)
    if importlib.util.find_spec("ethosu") is None:
        raise ValueError(
            "`npu` needs Arm's compiler: pip install 'advkeras[npu]'. "
            f"Received: npu={npu!r}"
        )


def npu_report(
    path: str | os.PathLike, npu: str, timeout: float = 600.0
) -> dict[str, Any]:
    """Compiles a .tflite file for an NPU, and says what became of it.

    Of a file for batches of any size it compiles one for a single image.

    Args:
        path: The file.
        npu: One of NPUS: its generation, and multiplications a cycle.
        timeout: Seconds that it may take.

    Returns:
        "npu", "compiler", "system" (the clock and memories that are assumed),
        "npu_operators", a number; "cpu_operators", name -> number; and, where
        there is something for the NPU to do, "bytes" of "sram", "dram" and
        "flash", "cycles" of a call and "milliseconds" at the clock that is
        assumed.

    Raises:
        ValueError: There is no such NPU or file, or the compiler is not
            installed.
        NotCompiledError: It cannot compile the file; a ValueError too.

    Example:
        >>> ak.edge.npu_report("int8.tflite", "ethos-u55-128")["cpu_operators"]
        {}
    """
    check(npu)
    checks.check_positive("timeout", timeout)
    path = Path(path)
    flatbuffer.describe(path)
    with tempfile.TemporaryDirectory() as folder:
        said = _compiled(path, npu, Path(folder), timeout)
        (compiled,) = Path(folder).glob("*.tflite")
        (table,) = Path(folder).glob("*_summary_*.csv")
        operators = dict(flatbuffer.describe(compiled).operators)
        with table.open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
    operators.pop(_OPERATOR, None)
    found = re.search(r"NPU operators = (\d+)", said)
    report: dict[str, Any] = {
        "npu": npu,
        "compiler": f"{_PACKAGE} {metadata.version(_PACKAGE)}",
        "system": f"{row['system_config']}, {row['memory_mode']}",
        "npu_operators": int(found[1]) if found else 0,
        "cpu_operators": operators,
    }
    if not report["npu_operators"]:
        return report
    report["bytes"] = {
        name: round(sum(float(row[f"{k}_memory_used"]) for k in kinds) * _KIB)
        for name, kinds in _MEMORIES.items()
    }
    report["cycles"] = round(float(row["cycles_total"]))
    report["milliseconds"] = 1000 * float(row["inference_time"])
    return report


def report_or_reason(path: Path, npu: str) -> dict[str, Any]:
    """Returns `npu_report`'s answer, or a line that says why there is none."""
    try:
        return npu_report(path, npu)
    except NotCompiledError as error:
        return {"npu": npu, "reason": error.reason}


def _compiled(path: Path, npu: str, folder: Path, timeout: float) -> str:
    """Compiles into a folder; returns what the compiler says."""
    command = [sys.executable, "-m", "ethosu.vela", str(path.absolute())]
    command += [f"--accelerator-config={npu}", f"--output-dir={folder}"]
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            cwd=folder,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"no answer within {timeout:g} s"
        raise NotCompiledError(path, reason) from error
    if ended.returncode or not list(folder.glob("*.tflite")):
        lines = f"{ended.stdout}\n{ended.stderr}".strip().split("\n")
        reason = lines[-1] or f"exit code {ended.returncode}"
        raise NotCompiledError(path, reason)
    return ended.stdout
