"""The loop of what still stands, where each row is done after its own time."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from advkeras.attacks import standing


class Clock(NamedTuple):
    row: tf.Tensor
    left: tf.Tensor
    steps: tf.Tensor
    done: tf.Tensor


def worked(times, places):
    """Returns (row, steps) as the loop gives them, and sizes of its batches."""
    sizes, traces = [], []

    @tf.function(
        input_signature=[
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((), tf.int32),
        ],
        autograph=False,
    )
    def run(times, places):
        def enter(rows):
            left = tf.gather(times, rows)
            return Clock(rows, left, tf.zeros_like(rows), left == 0)

        def step(now):
            traces.append(1)
            tf.numpy_function(
                lambda rows: sizes.append(len(rows)), [now.row], []
            )
            left = now.left - 1
            return now._replace(
                left=left,
                steps=tf.where(now.done, now.steps, now.steps + 1),
                done=now.done | (left <= 0),
            )

        return standing.work(
            enter,
            step,
            lambda now: (now.row, now.steps),
            tf.shape(times)[0],
            places,
        )

    row, steps = run(np.array(times, np.int32), places)
    assert len(traces) == 1
    return row.numpy(), steps.numpy(), sizes


@pytest.mark.parametrize("places", [1, 3, 8, 50])
def test_each_row_works_until_it_is_done(places):
    times = np.random.default_rng(0).integers(0, 20, 30)
    row, steps, sizes = worked(times, places)
    assert row.tolist() == list(range(30))
    assert steps.tolist() == times.tolist()
    assert max(sizes) == min(places, 30)


def test_who_waits_takes_the_place_of_who_is_done():
    """One row of 40 steps beside forty of one step: two places are enough."""
    *_, sizes = worked([40] + 40 * [1], 2)
    assert sizes == 40 * [2]


def test_without_any_that_wait_the_batch_shrinks_by_half():
    *_, sizes = worked([1, 1, 2, 3, 4, 5, 6, 7], 8)
    assert sizes == [8, 8, 8, 4, 4, 2, 1]


def test_no_rows():
    row, steps, sizes = worked([], 4)
    assert row.shape == steps.shape == (0,)
    assert sizes == []
