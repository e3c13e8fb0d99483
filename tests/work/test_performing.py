"""Units are done once, whoever does them and whoever is lost."""

import collections
from concurrent.futures import Future

import pytest

from advkeras import work
from advkeras.work import Unit
from advkeras.work.engines.local import Here
from tests.work import jobs

MODELS = {"a": "model a", "b": "model b"}


class Counted:
    """Workers that remember the models of their units; the first may be lost.

    Each does a unit when it is asked for the answer of another's, so that
    they take turns.
    """

    elsewhere = False

    def __init__(self, count, lose_at=None, lost_starts=0):
        self.models = [[] for _ in range(count)]
        self.lose_at, self.lost_starts = lose_at, lost_starts
        self._workers = [_Worker(self, i) for i in range(count)]

    def workers(self):
        return self._workers

    def close(self):
        pass


class LostError(Exception):
    pass


def lost():
    future = Future()
    future.set_exception(LostError())
    return future


class _Worker(Here):
    def __init__(self, engine, number):
        super().__init__()
        self._engine, self._number = engine, number
        self.replaced = 0

    def submit(self, function, *given):
        if function is int:
            if self._number == 0 and self._engine.lost_starts:
                self._engine.lost_starts -= 1
                return lost()
            return super().submit(int)
        done = self._engine.models[self._number]
        done.append(given[0].model)
        if self._number == 0 and len(done) == self._engine.lose_at:
            return lost()
        return super().submit(function, *given)

    def is_lost(self, error):
        return isinstance(error, LostError)

    def replace(self):
        self.replaced += 1


@pytest.fixture
def here():
    return work.engine()


def test_each_unit_has_its_file(tmp_path, here):
    said = []
    units = jobs.units(tmp_path, MODELS, 5)
    performed = work.perform(iter(units), MODELS, here, said.append)
    assert performed == work.Performed(done=10)
    assert collections.Counter(said) == dict.fromkeys(units, 1)
    assert list(jobs.contents(tmp_path)) == [
        f"{model}/{i:09d}.npz" for model in "ab" for i in range(5)
    ]


def test_what_is_there_is_not_done_again(tmp_path, here):
    units = jobs.units(tmp_path, MODELS, 3)
    work.perform(units[:4], MODELS, here)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npz")}
    said = []
    performed = work.perform(units, MODELS, here, said.append)
    assert performed.done == 2
    assert len(said) == 6
    assert (
        before.items()
        <= {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.npz")}.items()
    )


def test_few_units_are_held_at_a_time(tmp_path, here):
    open_, most = 0, 0

    def made():
        nonlocal open_, most
        for unit in jobs.units(tmp_path, MODELS, 100):
            open_ += 1
            most = max(most, open_)
            yield unit

    def say(_):
        nonlocal open_
        open_ -= 1

    work.perform(made(), MODELS, here, say)
    assert most <= 6


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_worker_keeps_to_its_models(tmp_path, count):
    models = {name: name for name in "abcd"}
    engine = Counted(count)
    units = jobs.units(tmp_path, models, 12)
    assert work.perform(units, models, engine).done == 48
    own = [set(done) for done in engine.models]
    assert set().union(*own) == set(models)
    if count == 2:
        assert all(len(one) <= 3 for one in own)


def test_from_one_call_to_the_next_it_keeps_them(tmp_path):
    models = {name: name for name in "abcd"}
    engine = Counted(2)
    for i in range(3):
        # Whichever model comes first.
        names = sorted(models, reverse=i % 2)
        work.perform(jobs.units(tmp_path / str(i), names, 12), models, engine)
    assert all(len(set(done)) <= 3 for done in engine.models)


def test_a_lost_worker_is_replaced_and_its_unit_done(tmp_path):
    engine = Counted(2, lose_at=2)
    performed = work.perform(jobs.units(tmp_path, MODELS, 6), MODELS, engine)
    assert performed == work.Performed(done=12, lost=1)
    assert engine.workers()[0].replaced == 1
    assert len(jobs.contents(tmp_path)) == 12


def test_a_worker_lost_at_its_start_is_replaced_twice(tmp_path):
    engine = Counted(2, lost_starts=2)
    assert work.perform(jobs.units(tmp_path, MODELS, 6), MODELS, engine).done
    assert engine.workers()[0].replaced == 2
    with pytest.raises(LostError):
        work.perform(
            jobs.units(tmp_path / "more", MODELS, 6),
            MODELS,
            Counted(2, lost_starts=3),
        )


def test_a_unit_that_fails_is_tried_three_times_and_the_rest_is_done(
    tmp_path, here
):
    log = tmp_path / "log"
    bad = Unit(tmp_path / "a" / "bad.npz", "a", jobs.fail, (log,))
    good = jobs.units(tmp_path, MODELS, 3)
    with pytest.raises(work.FailedUnitsError) as raised:
        work.perform([good[0], bad, *good[1:]], MODELS, here)
    assert (
        str(raised.value)
        == "a/bad.npz failed 3 times: RuntimeError: no such luck"
    )
    assert raised.value.exit_code == 3
    assert list(raised.value.failed) == [bad]
    assert log.read_text() == "tried\n" * 3
    assert all(unit.path.is_file() for unit in good)
    assert not bad.path.exists()


def test_what_is_wrong_is_said_at_once(tmp_path, here):
    wrong = Unit(tmp_path / "wrong.npz", "a", jobs.refuse)
    with pytest.raises(ValueError, match="`labels` must be other"):
        work.perform([wrong], MODELS, here)
    assert jobs.contents(tmp_path) == {}


def test_a_folder_that_is_not_shared(tmp_path):
    class Far(Counted):
        elsewhere = True

    class Nowhere(_Worker):
        def submit(self, function, *given):
            return super().submit(int)

    engine = Far(1)
    engine._workers = [Nowhere(engine, 0)]
    with pytest.raises(ValueError, match="that all workers write to"):
        work.perform(jobs.units(tmp_path, MODELS, 1), MODELS, engine)
