"""Standing: a loop that works only on images that are not done yet."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# While images wait, this part of the places is free when others enter.
_EXCHANGE = 4


def work(
    enter: Callable[[tf.Tensor], Any],
    step: Callable[[Any], Any],
    answer: Callable[[Any], tuple[tf.Tensor, ...]],
    n: tf.Tensor,
    places: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """Steps until all images are done; to be called in a tf.function.

    An image that is done leaves, and one that waits takes its place. When
    none waits, the batch shrinks whenever half of it is done. The functions
    are traced once, of any number of images: nothing is compiled for one.

    Args:
        enter: Rows -> the state in which these images begin: a NamedTuple of
            tensors, one row an image, of which `done` is bool.
        step: State -> state after one more step. What `answer` returns of
            images that are done must stay as it is.
        answer: State -> what is to be returned of each image, (rows, ...).
        n: Number of images.
        places: How many are worked on together, at most.

    Returns:
        `answer` of all images, (n, ...).
    """

    def running(state: Any) -> tf.Tensor:
        return tf.math.count_nonzero(~state.done, dtype=tf.int32)

    def exchanged(
        following: tf.Tensor, rows: tf.Tensor, state: Any, found: Any
    ) -> tuple[tf.Tensor, tf.Tensor, Any, Any]:
        many, waiting = tf.shape(rows)[0], n - following
        leave = tf.where(
            waiting > 0, many - tf.maximum(1, many // _EXCHANGE), many // 2
        )
        (state,) = tf.while_loop(
            lambda state: running(state) > leave,
            lambda state: (step(state),),
            (state,),
        )
        gone, staying = tf.where(state.done)[:, 0], tf.where(~state.done)[:, 0]
        found = tuple(
            tf.tensor_scatter_nd_update(
                of_all,
                tf.gather(rows, gone)[:, None],
                tf.gather(of_these, gone),
            )
            for of_all, of_these in zip(found, answer(state), strict=True)
        )
        free = places - tf.shape(staying)[0]
        new = tf.range(following, following + tf.minimum(waiting, free))
        state = tf.nest.map_structure(
            lambda old, new: tf.concat([tf.gather(old, staying), new], 0),
            state,
            enter(new),
        )
        rows = tf.concat([tf.gather(rows, staying), new], 0)
        return following + tf.shape(new)[0], rows, state, found

    rows = tf.range(tf.minimum(n, places))
    state = enter(rows)
    found = answer(enter(tf.range(n)))
    scalar = tf.TensorShape(())
    *_, found = tf.while_loop(
        lambda following, rows, state, found: tf.shape(rows)[0] > 0,
        exchanged,
        (tf.shape(rows)[0], rows, state, found),
        (
            scalar,
            tf.TensorShape((None,)),
            tf.nest.map_structure(_of_any_number, state),
            tuple(_of_any_number(of_all) for of_all in found),
        ),
    )
    return found


def _of_any_number(tensor: tf.Tensor) -> tf.TensorShape:
    return tf.TensorShape((None, *tensor.shape[1:]))
