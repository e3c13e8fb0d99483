"""A reason is one short line that has lost neither its begin nor its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advkeras import reasons


@given(st.text(), st.integers(20, 200))
def test_one_line_that_is_not_too_long(text, longest):
    found = reasons.shortened(text, longest)
    assert len(found) <= longest
    assert len(found.splitlines()) <= 1
    whole = " ".join(text.split())
    if len(whole) <= longest:
        assert found == whole
    else:
        begin, _, end = found.partition(" ... ")
        assert whole.startswith(begin)
        assert whole.endswith(end)


def test_the_reason_at_the_end_is_kept():
    text = "Layer config:\n" + "{'units': 3}, " * 99 + "x. It has no weights."
    found = reasons.shortened(text)
    assert found.startswith("Layer config: {'units': 3},")
    assert found.endswith(" ... It has no weights.")


def test_a_sentence_too_long_is_cut_at_a_word():
    found = reasons.shortened("word " * 99 + "end", 30)
    assert found == "word word ... word end"


def test_a_word_too_long_is_cut():
    assert reasons.shortened("a" * 50 + "b" * 50, 15) == "aaaaa ... bbbbb"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("labels"), "KeyError: 'labels'"),
        (EOFError(), "EOFError"),
        (FileNotFoundError(2, "No such file", "a.npz"), "No such file"),
        (OSError("odd"), "OSError: odd"),
        (
            RuntimeError(
                "{{function_node f}} ValueError: no\n"
                "Traceback (most recent call last):\n\n  File"
            ),
            "RuntimeError: ValueError: no",
        ),
        (
            ValueError(
                "Exception encountered when calling Dense.call().\n\n"
                "\x1b[1mno\x1b[0m\n\nArguments received by Dense.call():\n"
                "  a=1"
            ),
            "ValueError: no",
        ),
    ],
)
def test_an_error(error, text):
    assert reasons.of(error) == text
