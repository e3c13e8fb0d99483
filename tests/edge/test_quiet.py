import logging
import os
import sys
import threading

from advkeras.edge.quiet import quiet


def test_what_is_said_is_kept(capfd):
    with quiet() as heard:
        print("a word", flush=True)
        print("another", file=sys.stderr, flush=True)
        assert heard().split() == ["a", "word", "another"]
    assert capfd.readouterr() == ("", "")


def test_a_logger_that_was_first_used_meanwhile_is_heard_later(capfd):
    logger = logging.getLogger("first used meanwhile")
    with quiet() as heard:
        logger.addHandler(logging.StreamHandler())
        logger.warning("early")
        assert heard() == "early\n"
    logger.warning("late")
    assert capfd.readouterr().err == "late\n"


def test_a_logger_that_was_used_before_is_kept_too(capfd):
    logger = logging.getLogger("used before")
    logger.addHandler(logging.StreamHandler())
    with quiet() as heard:
        logger.warning("a word")
        assert heard() == "a word\n"
    logger.warning("another")
    assert capfd.readouterr() == ("", "another\n")


def test_threads_leave_the_console_as_it_was():
    before = [os.fstat(descriptor).st_ino for descriptor in (1, 2)]
    entered, left = threading.Event(), threading.Event()

    def first():
        with quiet():
            entered.set()
            left.wait(1)

    def second():
        entered.wait()
        with quiet():
            left.set()

    threads = [threading.Thread(target=one) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.fstat(descriptor).st_ino for descriptor in (1, 2)] == before
