"""An emulated ARM Cortex-A72, the processor of a Raspberry Pi 4.

QEMU executes the programs of an arm64 Debian, unpacked into a cache folder,
instruction by instruction: what runs is what runs on the device, only slower.
No rights of root are needed, and nothing of this system is changed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs

from advkeras import checks
from advkeras import files

Say = Callable[[str], None]

PYTHON = "3.11"
# From 2.2.0 on, the interpreter crashes under QEMU 7.2, that of Debian 12.
LITERT = "2.1.6"
_NUMPY = "2.4.6"
_DEBS = ("python{python}-minimal", "libpython{python}-stdlib", "libstdc++6")
_QEMU = ("qemu-aarch64-static", "qemu-aarch64")
_GLIBC = range(36, 16, -1)  # 2.36, Debian 12's, runs wheels of all before


def arm_root(
    cache: str | os.PathLike | None = None,
    python: str = PYTHON,
    litert: str = LITERT,
    say: Say = lambda line: None,
) -> Path:
    """Returns the folder of an emulated device, which is made once.

    The first call takes the network: what apt-get and pip use on this system.

    Args:
        cache: Folder for devices of all versions. Default: `arm64` in the
            user's cache folder.
        python: Python of the device, one that this system's Debian has.
        litert: Version of ai-edge-litert.
        say: Called with a line now and then while the device is made.

    Returns:
        A folder for `run`.

    Raises:
        ValueError: A tool, the network or a package is missing, or the folder
            cannot be written.
    """
    for name, value in {"python": python, "litert": litert}.items():
        # Each becomes part of a path and of a command line.
        if not re.fullmatch(r"\d+(\.\d+)+", str(value)):
            raise ValueError(
                f"`{name}` must be a version, numbers and dots. "
                f"Received: {name}={value!r}"
            )
    if cache is None:
        cache = Path(platformdirs.user_cache_dir("advkeras")) / "arm64"
    name = f"python{python}-numpy{_NUMPY}-litert{litert}"
    device = Path(cache).absolute() / name
    if device.is_dir():
        return device
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise ValueError(
                "the emulated ARM needs apt-get and dpkg, as Debian has them, "
                f"on PATH. Received: no {tool}"
            )
    try:
        with files.replacing(device) as temporary:
            _prepare(temporary, python, litert, say)
    except OSError as error:
        # Another process may have been quicker: what it made is the same.
        if not device.is_dir():
            raise ValueError(
                "`cache` must be a folder that can be written. "
                f"Received: cache={os.fspath(cache)!r} ({error})"
            ) from error
    return device


def run(
    device: str | os.PathLike,
    script: str | os.PathLike,
    args: Sequence[str | os.PathLike] = (),
    cwd: str | os.PathLike | None = None,
    timeout: float = 3600.0,
    stream: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a Python script on an emulated Cortex-A72.

    It sees the files of this system, but has a clean environment.

    Args:
        device: What `arm_root` returned.
        script: A Python file.
        args: Its command line.
        cwd: Folder to run it in. Default: the present one.
        timeout: Seconds after which it is ended.
        stream: Whether its stdout appears at once on this process's, and not
            in the result.

    Returns:
        The process that ended well, with its stdout and stderr as text.

    Raises:
        ValueError: There is no such device, script or folder, or the script
            failed, crashed, or took too long.
    """
    checks.check_positive("timeout", timeout)
    home = Path(device).absolute()
    program = home / "root/usr/bin/python3"
    if not program.exists():
        raise ValueError(
            "`device` must be a folder that `arm_root` returned. "
            f"Received: device={os.fspath(device)!r}"
        )
    qemu = _qemu_on_path() or str(home / "qemu")
    emulator = [qemu, "-cpu", "cortex-a72", "-L", str(home / "root")]
    environment = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(home / "site"),
        # What Python compiles is kept, and not in the folder of the script.
        "PYTHONPYCACHEPREFIX": str(home / "pycache"),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    try:
        return _call(
            [*emulator, str(program), str(Path(script).absolute()), *args],
            cwd=cwd,
            env=environment,
            stdout=None if stream else subprocess.PIPE,
            timeout=timeout,
        )
    except OSError as error:
        raise ValueError(
            "`script` must be a Python file that runs on the emulated ARM. "
            f"Received: script={os.fspath(script)!r} ({error})"
        ) from error


def _prepare(device: Path, python: str, litert: str, say: Say) -> None:
    """Makes the folder of a device: root, site, and qemu if need be."""
    say(f"Fetching an arm64 Debian with Python {python}")
    root = device / "root"
    # Newer packages put there what programs look for in /lib; older ones have
    # a folder of that name and replace the link.
    (root / "usr/lib").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    _unpack([name.format(python=python) for name in _DEBS], "arm64", root)
    (root / "usr/bin/python3").symlink_to(f"python{python}")
    if _qemu_on_path() is None:
        say("Fetching QEMU")
        here = _need("dpkg", ["dpkg", "--print-architecture"]).strip()
        _unpack(["qemu-user-static"], here, device / "debs")
        # Of 370 MB, for machines of all kinds, one file.
        for path in (device / "debs/usr/bin" / name for name in _QEMU):
            if path.exists():
                shutil.copy(path, device / "qemu")
        shutil.rmtree(device / "debs")
    say(f"Fetching ai-edge-litert {litert} and NumPy {_NUMPY}")
    wheels = [f"ai-edge-litert=={litert}", f"numpy=={_NUMPY}"]
    # The interpreter imports NumPy alone; other dependencies serve its tools.
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--no-compile"]
    command += ["--only-binary=:all:", "--implementation=cp"]
    command += [f"--platform=manylinux_2_{n}_aarch64" for n in _GLIBC]
    command += ["--platform=manylinux2014_aarch64"]
    command += [f"--python-version={python}", f"--target={device / 'site'}"]
    _need(f"aarch64 wheels of {' and '.join(wheels)}", [*command, *wheels])


def _unpack(packages: list[str], architecture: str, folder: Path) -> None:
    """Unpacks Debian packages, and all that they depend on, into a folder."""
    apt = folder.with_name("apt")
    for part in ("lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True)
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "Dir::State::lists": apt / "lists",
        # As if nothing were installed: so dependencies are fetched as well.
        "Dir::State::status": "/dev/null",
        "Dir::Cache": apt / "cache",
        "Dir::Cache::archives": "archives",
        "Debug::NoLocking": "1",
        # Else root's apt-get fetches as a user who may not enter the folder.
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", "--quiet", "--yes", "--no-install-recommends"]
    command += [f"-o{key}={value}" for key, value in options.items()]
    # Whether it went well is not asked: one foreign source that is away, or
    # a hook of the system's that root alone may run, changes nothing.
    subprocess.run([*command, "update"], capture_output=True)
    _need(
        f"Debian's {' '.join(packages)} for {architecture}",
        [*command, "--download-only", "install", *packages],
    )
    for package in sorted((apt / "cache/archives").glob("*.deb")):
        _need("dpkg", ["dpkg", "-x", str(package), str(folder)])
    shutil.rmtree(apt)


def _qemu_on_path() -> str | None:
    return shutil.which(_QEMU[0]) or shutil.which(_QEMU[1])


def _need(what: str, command: list[str]) -> str:
    """Returns the stdout of a command without which there is no device."""
    try:
        return _call(command, env={**os.environ, "LC_ALL": "C"}).stdout
    except ChildProcessError as error:
        raise ValueError(
            f"the emulated ARM needs the network and {what}. "
            f"Received: {Path(command[0]).name}: {error}"
        ) from error


def _call(
    command: list[Any], timeout: float | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Runs a command; raises OSError, with its last words, if it fails."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    options |= {"stdin": subprocess.DEVNULL, "text": True, "errors": "replace"}
    # A group of its own: what it started in turn ends with it.
    with subprocess.Popen(command, process_group=0, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise ChildProcessError(f"not done in {timeout:g} s") from error
            raise
    if (code := process.returncode) == 0:
        return subprocess.CompletedProcess(command, code, out, err)
    how = [f"exit code {code}" if code > 0 else signal.Signals(-code).name]
    how += [line.strip() for line in err.splitlines() if line.strip()][-1:]
    raise ChildProcessError("; ".join(how))
