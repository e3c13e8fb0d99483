import pytest

from tests.campaigns import threads


@pytest.mark.slow
def test_a_tenth_of_the_calls(tmp_path):
    rows = threads.run(0.1, 0, tmp_path)
    assert sum(row.tried for row in rows) == 160
    assert not [failure for row in rows for failure in row.failures]


def test_another_answer_and_an_error_are_found(monkeypatch):
    given = iter(range(10**6))
    calls = {
        "never the same": lambda model, images, seed: next(given),
        "never an answer": lambda model, images, seed: 1 / model,
    }
    monkeypatch.setattr(threads, "CALLS", calls)
    with pytest.raises(ZeroDivisionError):
        threads.failures(lambda: 0, threads.random.Random(0))
    del calls["never an answer"]
    found = threads.failures(lambda: 0, threads.random.Random(0))
    assert len(found) == threads._ROUND
    assert all("another answer" in one for one in found)
