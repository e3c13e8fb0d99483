"""Images by the million: is one ever out of its budget, or of its box?"""

import functools

import hypothesis
import keras
import numpy as np
from hypothesis import strategies as st

import advkeras as ak
from advkeras.attacks import norms
from tests.campaigns.row import Row

WHOLE = 1_000_000  # images
SHAPE = (4, 4, 2)
CLASSES = 5
DTYPES = ("float32", "float16", "bfloat16", "float64")
BOUNDS = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-128.0, 127.0))
LEVELS = (None, 256)
# Name -> (how it is made of an epsilon and a norm, its norms, images a call).
# Who looks for the smallest change has no budget: a norm of None.
ATTACKS = {
    "FGSM": (ak.attacks.FGSM, norms.NORMS, 4000),
    "PGD": (
        functools.partial(ak.attacks.PGD, steps=5, random_start=True),
        ("linf", "l2"),
        4000,
    ),
    "PGD, early": (
        functools.partial(
            ak.attacks.PGD,
            steps=5,
            stop_early=True,
            restarts=2,
            momentum=0.75,
        ),
        ("linf", "l2"),
        2000,
    ),
    "APGD": (
        functools.partial(ak.attacks.APGD, steps=5, loss="dlr", targets="all"),
        ("linf", "l2"),
        1000,
    ),
    "Ensemble": (
        functools.partial(ak.attacks.Ensemble, steps=4, queries=5),
        ("linf", "l2"),
        1000,
    ),
    "Square": (
        lambda epsilon, norm: ak.attacks.Square(epsilon, queries=20),
        ("linf",),
        1000,
    ),
    "L-BFGS": (lambda epsilon, norm: ak.attacks.LBFGS(), (None,), 100),
    "HopSkipJump": (
        lambda epsilon, norm: ak.attacks.HopSkipJump(queries=60),
        (None,),
        100,
    ),
    "DDN": (lambda epsilon, norm: ak.attacks.DDN(20), (None,), 1000),
    **{
        f"FMN {norm}": (
            lambda epsilon, _, norm=norm: ak.attacks.FMN(norm, 20),
            (None,),
            1000,
        )
        for norm in ("linf", "l2", "l1", "l0")
    },
    **{
        f"DeepFool {norm}": (
            lambda epsilon, _, norm=norm: ak.attacks.DeepFool(norm, 20),
            (None,),
            1000,
        )
        for norm in ("linf", "l2")
    },
    "SuperDeepFool": (
        lambda epsilon, norm: ak.attacks.DeepFool(project=True),
        (None,),
        1000,
    ),
    "Carlini and Wagner": (
        lambda epsilon, norm: ak.attacks.CarliniWagner(20, 3),
        (None,),
        1000,
    ),
}
_SHARE = 1e-6  # of epsilon: norms are taken in float32


@functools.cache
def classifier(dtype, bounds, levels):
    """Returns a net of one hidden layer that computes in `dtype`."""
    keras.utils.set_random_seed(0)
    half = (bounds[1] - bounds[0]) / 2
    middle = bounds[0] + half
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Rescaling(1 / half, -middle / half, dtype=dtype),
            keras.layers.Flatten(dtype=dtype),
            keras.layers.Dense(16, "relu", dtype=dtype),
            keras.layers.Dense(CLASSES, dtype=dtype),
        ]
    )
    return ak.Classifier(model, bounds, outputs="logits", levels=levels)


def tolerance(epsilon, norm, bounds):
    """Returns by how much a norm may be above epsilon, in float64.

    A pixel that was moved is rounded to float32, half a unit in the last place
    of the larger bound at most.
    """
    ulp = np.spacing(np.float32(np.abs(bounds).max())).astype(np.float64)
    n = np.prod(SHAPE)
    rounded = {"linf": 1, "l2": np.sqrt(n), "l1": n}[norm] * ulp / 2
    return rounded + _SHARE * epsilon


def above(result, epsilon, norm):
    """Returns by how much the norm of each image is above epsilon, (n,)."""
    moved = result.images.astype(np.float64) - result.originals
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    size = np.linalg.norm(moved.reshape(len(moved), -1), order, axis=1)
    return size - epsilon


def wrong(result, epsilon, norm, classifier):
    """Returns what an image of a result is that it should not be, or None."""
    lower, upper = classifier.bounds
    images = result.images.astype(np.float64)
    if not ((images >= lower) & (images <= upper)).all():
        return f"a pixel out of {lower}, {upper}"
    if norm is not None:
        most = above(result, epsilon, norm).max()
        if not most <= tolerance(epsilon, norm, classifier.bounds):
            return f"{norm} {most!r} above {epsilon!r}"
    predictions = classifier.predict(result.images)
    if not np.array_equal(predictions, result.predictions):
        n = (predictions != result.predictions).sum()
        return f"{n} predictions are other ones when asked again"
    if (result.success & (predictions == result.labels)).any():
        return "a success that is none"
    return None


def run(share, seed, folder):
    """Attacks random images; see `tests.campaigns`."""
    count = round(share * WHOLE)
    tried = dict.fromkeys(ATTACKS, 0)
    failures = {name: [] for name in ATTACKS}
    most = dict.fromkeys(ATTACKS, 0.0)  # above epsilon, as a share of it

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count // 500,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(
        st.sampled_from(
            [(name, norm) for name, one in ATTACKS.items() for norm in one[1]]
        ),
        st.sampled_from(DTYPES),
        st.sampled_from(BOUNDS),
        st.sampled_from(LEVELS),
        st.floats(1 / 255, 1),
        st.integers(0, 2**32 - 1),
    )
    def one(named, dtype, bounds, levels, part, dice):
        if sum(tried.values()) >= count:
            return
        name, norm = named
        make, _, n = ATTACKS[name]
        source = classifier(dtype, bounds, levels)
        epsilon = source.epsilon(part)
        images = drawn(n, bounds, levels, dice)
        result = make(epsilon, norm)(source, images, seed=dice)
        tried[name] += n
        if norm:
            share = above(result, epsilon, norm).max() / epsilon
            most[name] = max(most[name], share)
        if found := wrong(result, epsilon, norm, source):
            failures[name].append(f"{named} {dtype} {bounds} {levels}: {found}")

    one()
    return [
        Row(
            f"budget and box, images: {name}",
            tried[name],
            tuple(failures[name]),
            f"{most[name]:.1e} of epsilon above it at most" * (of != (None,)),
        )
        for name, (_, of, _) in ATTACKS.items()
    ]


def drawn(n, bounds, levels, seed):
    """Returns random images, of which some pixels are at the bounds."""
    lower, upper = bounds
    random = np.random.default_rng(seed)
    share = np.clip(random.uniform(-0.2, 1.2, (n, *SHAPE)), 0, 1)
    if levels:
        share = np.round(share * (levels - 1)) / (levels - 1)
    images = lower + share * (upper - lower)
    return np.clip(images.astype(np.float32), lower, upper)
