import logging
import sys

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
