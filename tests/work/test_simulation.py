"""The simulation's closed forms: what can be reckoned by hand."""

import pytest

from tests.work.simulation import Cost
from tests.work.simulation import Fleet
from tests.work.simulation import simulate

FREE = Cost(image=1.0, unit=0.0, start=0.0, send=0.0)


@pytest.mark.parametrize(
    ("images", "size", "workers", "expected"),
    [(8, 1, 1, 8), (8, 1, 2, 4), (8, 1, 4, 2), (9, 1, 4, 3), (8, 4, 4, 4)],
)
def test_nothing_but_images(images, size, workers, expected):
    found = simulate(images, size, 1, FREE, Fleet(workers))
    assert found.makespan == pytest.approx(expected)
    assert found.useful == pytest.approx(images)
    assert (found.lost, found.wasted) == (0, 0)


def test_every_cost_counts_once():
    cost = Cost(image=1.0, unit=2.0, start=10.0, send=0.5)
    found = simulate(6, 3, 2, cost, Fleet(1))  # 4 units of 3 images
    assert found.makespan == pytest.approx(10 + 4 * (0.5 + 2 + 3))
    assert found.driver == pytest.approx(4 * 0.5 / found.makespan)


def test_the_driver_serves_one_at_a_time():
    cost = Cost(image=0.0, unit=0.0, start=0.0, send=1.0)
    found = simulate(50, 1, 1, cost, Fleet(10))
    assert found.makespan == pytest.approx(50)


def test_what_dies_is_done_again():
    fleet = Fleet(20, 4, deaths=60.0, replaced=5.0)  # one a minute
    found = simulate(2000, 10, 1, FREE, fleet)
    assert found.lost > 0
    assert found.useful == pytest.approx(2000)
    assert found.wasted > 0
    assert found.makespan > 2000 / 20


def test_stragglers_are_the_end_of_it():
    fleet = Fleet(10, stragglers=0.05, slower=20.0)
    even = simulate(1000, 10, 1, FREE, Fleet(10))
    slow = simulate(1000, 10, 1, FREE, fleet)
    assert slow.makespan >= even.makespan + 100
