"""The search for c, of all images at once.

The larger c, the smaller the r that minimises c |r|^2 + loss. (Szegedy et al.
2013, section 4.1, print "minimum c"; with c on |r| the smallest r is at the
maximum.) So: bracket the largest c that succeeds, then close the bracket. The
margin at its two ends tells where to look between them; if that does not close
it in a few guesses, it is halved. At last the solution at the lower end is
found with full accuracy, because those before were left as soon as their
outcome was clear.
"""

from typing import NamedTuple

import tensorflow as tf

from advkeras.attacks.solvers.batched.slots import Search
from advkeras.attacks.solvers.solution import SMALLEST_C

_GROWTH = 4.0  # of c while one end of the bracket is missing
_GUESSES = 3  # interpolated values of c between two that are halfway
_ASIDE = 0.4  # of the tolerance: how far a guess goes past the crossing
_APART = 0.45  # of the tolerance: how close it may come to an end
_MISSES = 5  # final solves that may fail before the best example is taken
_TINY = 1e-6  # a margin must have a sign


class Verdict(NamedTuple):
    """What follows from solves that ended.

    Attributes:
        search: The search, with the next c.
        over: Whether it is at its end, (n,).
    """

    search: Search
    over: tf.Tensor


def advance(
    search: Search,
    ended: tf.Tensor,
    margin: tf.Tensor,
    rtol: tf.Tensor,
) -> Verdict:
    """Chooses the next c of each image whose solve ended.

    Args:
        search: The search so far.
        ended: Whether the solve at `search.c` ended, (n,).
        margin: Margin of its solution, float64, (n,): positive is success.
        rtol: Scalar: the bracket is closed when its ends differ by this
            factor less one.
    """
    reached = margin > 0
    found, lost = ended & reached, ended & ~reached
    low = tf.where(found, search.c, search.low)
    high = tf.where(lost, search.c, search.high)
    low_margin = tf.where(found, tf.maximum(margin, _TINY), search.low_margin)
    high_margin = tf.where(lost, tf.minimum(margin, -_TINY), search.high_margin)
    closed = high <= low * (1 + rtol)
    beyond = (search.c < SMALLEST_C) | (search.c > 1 / SMALLEST_C)
    # What was left early as a success was none: below it, with care.
    missed = lost & search.final
    over = (found & search.final) | (ended & beyond)
    over |= missed & (search.misses >= _MISSES)

    between, guessed = _between(
        low, high, low_margin, high_margin, reached, search.guesses, rtol
    )
    bracketed = ended & ~missed & ~closed & (low > 0) & (high < float("inf"))
    c = tf.where(bracketed, between, search.c)
    c = tf.where(ended & (high == float("inf")), low * _GROWTH, c)
    c = tf.where(ended & (low == 0), high / _GROWTH, c)
    c = tf.where(ended & closed, low, c)
    c = tf.where(missed, high / (1 + 2 * rtol), c)
    return Verdict(
        Search(
            c=tf.where(over, search.c, c),
            low=tf.where(~missed, low, 0),
            high=high,
            low_margin=low_margin,
            high_margin=high_margin,
            guesses=tf.where(
                bracketed,
                tf.where(guessed, search.guesses + 1, 0),
                search.guesses,
            ),
            final=tf.where(ended, closed & ~missed, search.final),
            misses=search.misses + tf.cast(missed, tf.int32),
        ),
        over,
    )


def _between(
    low: tf.Tensor,
    high: tf.Tensor,
    low_margin: tf.Tensor,
    high_margin: tf.Tensor,
    reached: tf.Tensor,
    guesses: tf.Tensor,
    rtol: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a c inside each bracket, and whether it is a guess."""
    left, right = tf.math.log(low), tf.math.log(high)
    width = tf.math.log(1 + rtol)
    share = low_margin / (low_margin - high_margin)
    crossing = left + share * (right - left)
    # Past the crossing as seen from the end that is known best, so that the
    # next solve closes the bracket if the guess is good.
    aim = crossing + tf.where(reached, width, -width) * _ASIDE
    apart = tf.minimum(_APART * width, (right - left) / 2)
    guess = tf.clip_by_value(aim, left + apart, right - apart)
    guessed = guesses < _GUESSES
    middle = (left + right) / 2
    return tf.exp(tf.where(guessed, guess, middle)), guessed
