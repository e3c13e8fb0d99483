"""A folder is one process's for as long as it works in it, and no longer."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from advkeras import files
from advkeras import locks

HOLD = textwrap.dedent("""
    import sys, time
    from advkeras import locks
    lock = locks.lock(sys.argv[1])
    print("held", flush=True)
    time.sleep(60)
""")


@pytest.fixture
def other(tmp_path):
    """Another process that has the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def gets(folder):
    """Whether another process gets it."""
    script = "import sys; from advkeras import locks; locks.lock(sys.argv[1])"
    ended = subprocess.run(
        [sys.executable, "-c", script, folder], capture_output=True
    )
    return ended.returncode == 0


def test_a_folder_that_another_process_has(other, tmp_path):
    with pytest.raises(BlockingIOError):
        locks.lock(tmp_path)
    with pytest.raises(ValueError, match="no other run is at work") as caught:
        files.claim(tmp_path, {"seed": 0})
    assert f"Received: output={str(tmp_path)!r}" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_dies_with_its_process(other, tmp_path, how):
    other.send_signal(how)
    other.wait()
    files.claim(tmp_path, {"seed": 0})


def test_whether_a_folder_is_free(other, tmp_path):
    assert not locks.is_free(tmp_path)
    other.kill()
    other.wait()
    assert locks.is_free(tmp_path)
    lock = locks.lock(tmp_path)
    assert not locks.is_free(tmp_path)
    lock.release()
    assert locks.is_free(tmp_path)
    assert not locks.is_free(tmp_path / "none")


def test_a_process_takes_a_folder_as_often_as_it_likes(tmp_path):
    first, second = locks.lock(tmp_path), locks.lock(tmp_path / ".")
    assert first is second
    assert not gets(tmp_path)
    first.release()
    first.release()
    assert gets(tmp_path)
    third = locks.lock(tmp_path)
    assert third.held
    assert not gets(tmp_path)


def test_what_is_no_longer_used_gets(tmp_path):
    lock = locks.lock(tmp_path)
    assert not gets(tmp_path)
    del lock
    gc.collect()
    assert gets(tmp_path)


def test_nothing_is_left_in_the_folder(tmp_path):
    locks.lock(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_child_does_not_keep_the_folder(tmp_path):
    script = textwrap.dedent("""
        import os, sys, time
        from advkeras import locks
        lock = locks.lock(sys.argv[1])
        child = os.fork()
        if child == 0:
            time.sleep(60)
        print(child, flush=True)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    child = int(process.stdout.readline())
    process.wait()
    try:
        for _ in range(50):  # it may not yet have begun
            if gets(tmp_path):
                break
            time.sleep(0.1)
        assert gets(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    files.claim(tmp_path, {"seed": 0})
    assert not locks.is_free(tmp_path)  # nobody can tell
