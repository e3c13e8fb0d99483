"""A cluster of Ray on loopback, a node of one core each, to be killed."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

# Ray starts no second head at an address, though it be of another network.
PORT = 20_000 + os.getpid() % 10_000
ADDRESS = f"127.0.0.1:{PORT}"
_RAY = str(Path(sys.executable).with_name("ray"))


def alone(command, folder):
    """Returns a command that sees no network but a loopback of its own.

    Ray listens on every address that a machine has.
    """
    home = Path(folder) / "home"
    (home / ".ray").mkdir(parents=True, exist_ok=True)
    token = home / ".ray" / "auth_token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    own = f'ip link set lo up; export HOME="{home}" RAY_AUTH_MODE=token; '
    return ["unshare", "--net", "bash", "-c", own + 'exec "$0" "$@"', *command]


def can_be_alone():
    """Returns whether this process may have such a network."""
    if not all(map(shutil.which, ("unshare", "ip"))):
        return False
    trial = ["unshare", "--net", "ip", "link", "set", "lo", "up"]
    return not subprocess.run(
        trial, capture_output=True, check=False
    ).returncode


class Cluster:
    """A head without cores, and nodes."""

    def __init__(self, folder, nodes):
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._nodes, self._count, self._head = [], 0, None
        try:
            self._head = self._start(
                "head", "--head", "--num-cpus=0", f"--port={PORT}",
                "--node-ip-address=127.0.0.1", "--include-dashboard=false",
            )  # fmt: skip
            # At once, one of them often waits half a minute for nothing.
            for _ in range(nodes):
                self.add()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in filter(None, [*self._nodes, self._head]):
            end(node.pid)

    def add(self, cores=1, without=None):
        """Starts a node, and waits till it is there.

        Args:
            cores: How many it says it has.
            without: A folder that is empty there.
        """
        self._count += 1
        node = self._start(
            f"node-{self._count}",
            f"--address={ADDRESS}",
            f"--num-cpus={cores}",
            without=without,
        )
        self._nodes.append(node)

    def kill_a_node(self):
        """Ends one with a worker on it, all of it at once; adds another."""
        for node in self._nodes:
            if workers(node.pid):
                end(node.pid)
                self._nodes.remove(node)
                self.add()
                return
        raise AssertionError("no node works")

    def kill_a_worker(self):
        """Ends a process that does units."""
        for node in self._nodes:
            if found := workers(node.pid):
                found[0].kill()
                return
        raise AssertionError("no node works")

    def _start(self, name, *options, tries=3, without=None):
        log = self._folder / f"{name}.log"
        command = [_RAY, "start", "--block", *options]
        if without is not None:
            hide = f'mount -t tmpfs none "{without}" && exec "$0" "$@"'
            command = ["unshare", "--mount", "bash", "-c", hide, *command]
        with log.open("w") as file:
            process = subprocess.Popen(
                command,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while process.poll() is None:
            if "This command will now block" in log.read_text():
                return process
            time.sleep(0.1)
        # It gives up after 30 s, however busy the machine is.
        if tries > 1:
            return self._start(name, *options, tries=tries - 1, without=without)
        raise AssertionError(log.read_text())


def workers(pid):
    """Returns the processes below one that do units."""
    return [
        process
        for process in psutil.Process(pid).children(recursive=True)
        if "_Does" in " ".join(process.cmdline())
    ]


def end(pid):
    """Ends a process and all below it, at once."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=1)  # others may have to bury them
