"""Terms are explained where they stand, once a part, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from advkeras.report.page.glossary import TERMS
from advkeras.report.page.glossary import Glossary


def test_a_term_is_marked_once_a_part():
    glossary = Glossary()
    first = glossary.meant("survival and survival of int8-float-io")
    assert first.count("<button") == 2
    assert "int8-float-io</button>" in first  # the longer of two
    assert "<button" not in glossary.meant("survival")
    glossary.part()
    assert "<button" in glossary.meant("survival")
    assert [term for _, term, _ in glossary.met()] == [
        "survival",
        "int8-float-io",
    ]


def test_a_term_in_a_path_or_a_name_is_none():
    glossary = Glossary()
    for text in ("out/int8.tflite", "--epsilon=0.1", "m1-int8", "lbfgs-m1"):
        assert "<button" not in glossary.meant(text), text


def test_a_model_is_what_its_card_says():
    glossary = Glossary({"m1": "a <small> net"})
    assert "<button" in glossary.meant("m1 reads")
    assert list(glossary.met()) == [("term-0", "m1", "a <small> net")]


@given(st.text(), st.sampled_from(sorted(TERMS)))
def test_text_is_escaped_and_kept(text, term):
    glossary = Glossary()
    marked = glossary.meant(f"{text} {term} {text}")
    assert marked.striptags().split() == f"{text} {term} {text}".split() or (
        "<" in text or "&" in text
    )
    assert marked.count("<") == 2 * marked.count("<button")
