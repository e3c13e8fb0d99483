"""Checks of attacks: more of an attack must not find less."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.stats

from advkeras import channels
from advkeras.attacks import FGSM
from advkeras.attacks import PGD
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import Noise
from advkeras.attacks import Square
from advkeras.attacks import fooled
from advkeras.classifier import Classifier
from advkeras.evaluation.rates import Rate
from advkeras.evaluation.sanity.check import Check
from advkeras.levels import Levels

_STEPS = 10
_QUERIES = 100
# That of images on which two attacks differ, so many more are the weaker's.
_UNLIKELY = 0.01
_FEW = 10  # examples, below which a share of them says nothing
# Of the examples, that rounding to pictures may take; and of a grey level.
_HALF = 0.5
_CARLINI = "Carlini et al. 2019"


def unit(classifier: Classifier, epsilon: channels.Amount) -> Check:
    """Whether the budget is large enough to be seen in a picture."""
    grey = np.max(
        channels.apply(
            lambda e, whole: e / whole * 255,
            epsilon,
            channels.range_of(classifier.bounds),
        )
    )
    return Check(
        "epsilon is a change that pictures can have",
        bool(grey >= _HALF),
        f"{channels.in_words(epsilon, '.4g')} on pixels "
        f"{channels.bounds_in_words(classifier.bounds)} is {grey:.3g} grey "
        "levels of 255.",
        "Less than half a level is lost in any picture: was a share of the "
        "pixel range meant? classifier.epsilon(8 / 255) converts it.",
        _CARLINI,
    )


def compare(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: channels.Amount,
    others: Sequence[Classifier] = (),
    seed: int = 0,
) -> list[Check]:
    """Attacks in several strengths, and compares image by image.

    Args:
        classifier: The model, with a gradient.
        images: float32, (n, height, width, channels), read rightly.
        labels: int64, (n,).
        epsilon: Budget, "linf", in the units of the images.
        others: Models whose examples are shown to it.
        seed: Seed of every random choice.
    """
    whole = channels.range_of(classifier.bounds)

    def wrong(attack: Attack) -> np.ndarray:
        return _wrong(attack(classifier, images, labels, seed=seed))

    many = PGD(epsilon, steps=_STEPS)
    result = many(classifier, images, labels, seed=seed)
    found = _wrong(result)
    twice = dataclasses.replace(many, steps=2 * _STEPS)
    wider = dataclasses.replace(
        many,
        epsilon=channels.apply(lambda e, w: min(2 * e, w), epsilon, whole),
    )
    made = [
        _moved(result),
        _no_less(
            "many steps find no less than one",
            found,
            wrong(FGSM(epsilon)),
            "PGD",
            "FGSM",
            "Athalye et al. 2018, section 3.1",
        ),
        _no_less(
            "twice the steps find no less",
            wrong(twice),
            found,
            f"PGD of {2 * _STEPS} steps",
            f"of {_STEPS}",
            _CARLINI,
        ),
        _no_less(
            "twice the epsilon finds no less",
            wrong(wider),
            found,
            "PGD of 2 epsilon",
            "of epsilon",
            _CARLINI,
        ),
        _unbounded(classifier, images, labels, whole, seed),
        _no_less(
            "noise of the same size finds no more",
            found,
            wrong(Noise(epsilon, kind="sign")),
            "PGD",
            "noise",
            "Goodfellow et al. 2014, section 6",
        ),
        _no_less(
            "queries alone find no more than gradients",
            found,
            wrong(Square(epsilon, queries=_QUERIES)),
            "PGD",
            f"Square Attack of {_QUERIES} queries",
            "Athalye et al. 2018, section 3.1; Croce and Hein 2020",
        ),
        _rounded(classifier, result, found),
    ]
    for other in others:
        theirs = many(other, images, labels, seed=seed).images
        shown = classifier.predict(theirs, within_bounds=False)
        made.append(
            _no_less(
                f"examples of {other.model.name} find no more than its own",
                found,
                fooled(shown, labels),
                "PGD on it",
                f"PGD on {other.model.name}",
                "Bernhard et al. 2019; Athalye et al. 2018, section 3.1",
            )
        )
    return made


def _wrong(result: AttackResult) -> np.ndarray:
    return fooled(result.predictions, result.labels)


def _no_less(
    name: str,
    strong: np.ndarray,
    weak: np.ndarray,
    stronger: str,
    weaker: str,
    source: str,
) -> Check:
    """Compares two attacks on the images that they do not agree on."""
    more = int(np.count_nonzero(weak & ~strong))
    less = int(np.count_nonzero(strong & ~weak))
    unlikely = 1.0
    if more + less:
        test = scipy.stats.binomtest(more, more + less, alternative="greater")
        unlikely = float(test.pvalue)
    return Check(
        name,
        unlikely >= _UNLIKELY,
        f"{stronger} fools it on {strong.sum()} of {len(strong)} images, "
        f"{weaker} on {weak.sum()}; {more} fall to the latter alone.",
        "The stronger attack is stopped by something else than robustness: "
        "its gradients are masked, or its steps are wrong.",
        source,
    )


def _moved(result: AttackResult) -> Check:
    still = Rate.of(result.linf == 0)
    return Check(
        "the attack moves every image",
        still.count == 0,
        f"PGD left {still.count} of {still.n} images as they were.",
        "It had no direction to go, or a budget below one step of the pixels: "
        "these images count as robust without having been tried.",
        _CARLINI,
    )


def _unbounded(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    whole: channels.Amount,
    seed: int,
) -> Check:
    step_size = channels.apply(lambda w: w / _STEPS, whole)
    attack = PGD(whole, steps=5 * _STEPS, step_size=step_size)
    found = Rate.of(_wrong(attack(classifier, images, labels, seed=seed)))
    return Check(
        "without a limit every image falls",
        found.count == found.n,
        f"With the whole pixel range allowed PGD fools it on {found.count} of "
        f"{found.n} images.",
        "Any image can be reached then, so that the attack fails for reasons "
        "of its own.",
        "Athalye et al. 2018, section 3.1; Carlini et al. 2019",
    )


def _rounded(
    classifier: Classifier, result: AttackResult, found: np.ndarray
) -> Check:
    name = "examples outlive rounding to 8 bits"
    advice = (
        "What fools the model here is lost when it becomes a picture: repeat "
        "the attack with ak.Classifier(..., levels=256)."
    )
    source = "Carlini et al. 2019"
    if classifier.levels is not None:
        return Check(name, True, "They lie on levels already.", advice, source)
    if found.sum() < _FEW:
        said = f"Only {found.sum()} examples were found."
        return Check(name, True, said, advice, source)
    levels = Levels.between(classifier.bounds, 256)
    pictures = levels.nearest(result.images[found]).numpy()
    left = Rate.of(fooled(classifier.predict(pictures), result.labels[found]))
    return Check(
        name,
        left.count >= _HALF * left.n,
        f"Of {left.n} examples {left.count} still fool it as pictures.",
        advice,
        source,
    )
