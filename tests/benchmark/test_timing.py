import pytest

from advkeras.benchmark import interleaved


class Clock:
    """Time that passes when a call says so."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def lasting(clock, name, seconds, calls):
    """Returns a call that takes these seconds, one after the other."""
    left = iter(seconds)

    def call():
        clock.now += next(left)
        calls.append(name)
        return len(calls)

    return call


def test_calls_take_turns(clock):
    calls = []
    times = interleaved(
        {
            "floor": lasting(clock, "floor", [9, 2, 2, 4], calls),
            "ours": lasting(clock, "ours", [9, 3, 5, 100], calls),
        },
        repeats=3,
        clock=clock,
    )
    assert calls == ["floor", "ours"] * 4
    # The first round warms up.
    assert times.seconds == {"floor": (2, 2, 4), "ours": (3, 5, 100)}
    assert times.returned == {"floor": 7, "ours": 8}


def test_ratios_are_of_medians(clock):
    times = interleaved(
        {
            "floor": lasting(clock, "", [1, 2, 4], []),
            "ours": lasting(clock, "", [5, 3, 100], []),
        },
        repeats=3,
        warmup=0,
        clock=clock,
    )
    assert times.median("ours") == 5
    # The median of ratios would be 5, the ratio of means 15.
    assert times.ratios("floor") == {"floor": 1, "ours": 2.5}
    assert times.ratios("ours") == {"floor": 0.4, "ours": 1}


def test_a_drift_leaves_ratios_as_they_are(clock):
    drift = [1, 2, 4, 8, 16]
    times = interleaved(
        {
            "floor": lasting(clock, "", drift, []),
            "ours": lasting(clock, "", [3 * d for d in drift], []),
        },
        repeats=5,
        warmup=0,
        clock=clock,
    )
    assert times.ratios("floor")["ours"] == 3


def test_real_clock():
    times = interleaved({"nothing": lambda: None}, repeats=2)
    assert all(0 <= seconds < 1 for seconds in times.seconds["nothing"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, 1), "`calls` must not be empty"),
        (({"a": print}, 0), "repeats=0"),
        (({"a": print}, 1, -1), "warmup=-1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        interleaved(*arguments)


def test_no_such_floor():
    with pytest.raises(ValueError, match="floor='b'"):
        interleaved({"a": lambda: None}, 1).ratios("b")
