"""What section 4.3 leaves open: how far is each image proved safe?"""

import functools
import time
from typing import Any

import numpy as np

from advkeras.analysis import certificates
from advkeras.analysis.certificates import Brackets
from advkeras.classifier import Classifier
from advkeras.loading import load
from advkeras.report import fingerprint_of
from advkeras.report import study_figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table

# How many images of each: 'crown' takes ten seconds an image of the last.
_NETS = {
    "fc10-1e-4": 200,
    "fc10-1e-2": 200,
    "fc100-100-10": 200,
    "ae400-10": 200,
    "conv-mnist": 32,
}
_METHODS = certificates.METHODS


def radius(context: Context) -> Findings:
    """Brackets the distance of the nearest adversarial example.

    From below by proofs, from above by L-BFGS, which aims at every wrong
    class in turn. At small scale of 20 embedded digits and the first three
    nets.
    """
    nets = context.pick(_NETS, dict.fromkeys([*_NETS][:3], 20))
    data = context.digits("test")
    rows, brackets, seconds = [], {}, {}
    for name, count in nets.items():
        images, labels = data.sample(count, context.seed)
        net = load(name)
        measured = context.run.once(
            f"radius-{name}",
            functools.partial(_bracket, net, images, labels, context.seed),
            {
                "model": net.fingerprint(),
                "images": fingerprint_of(images, labels),
            },
        )
        seconds[name] = measured["seconds"]
        reached = np.array(measured["found"])
        cells = [Cell(float(count))]
        cells += [
            Cell(float(np.median(measured["proved"][method])))
            for method in _METHODS
        ]
        best = np.max([measured["proved"][m] for m in _METHODS], axis=0)
        brackets[name] = bracket = Brackets("the best", best, reached)
        right = best > 0
        cells += [
            Cell(float(np.median(reached))),
            Cell(float(np.median(bracket.slack[right]))),
            Cell(f"{int(bracket.broken[right].sum())} of {int(right.sum())}"),
        ]
        rows.append(Row(name, tuple(cells)))
    study_figures.bracket_histograms(
        brackets, context.run.output / "radius.png"
    )
    return Findings(
        "Section 4.3: the radius that is proved, and the example that is found",
        (
            Table(
                "Median L2 radius of test images in [0, 1]; of misread ones "
                "none is proved",
                "net",
                (
                    "images",
                    *(f"proved, {method}" for method in _METHODS),
                    "found",
                    "found / best proved",
                    "found inside",
                ),
                tuple(rows),
            ),
        ),
        notes=(
            "The paper bounds each layer and says that small bounds exclude "
            "adversarial examples; it proves no radius. 'lipschitz' is what "
            "its bounds prove: margin / (sqrt 2 L). 'pairwise' takes the last "
            "layer's differences of two classes; it is exact for a linear "
            "net, where proved and found meet but for the box: what is found "
            "stays within [0, 1], the proof ignores that. 'interval' and "
            "'crown' bound every activation around the image at hand.",
            "Found is the nearest of what L-BFGS finds for every wrong class: "
            "no larger than the distance of a random target. 'Found inside' "
            "must be none: an example inside a proved radius would refute the "
            "proof.",
        ),
        pictures={
            "radius.png": "For each net, how many images are proved safe up "
            "to a radius, by the best of the four, and were broken at one."
        },
        details={"seconds": seconds},
    )


def _bracket(
    net: Classifier, images: np.ndarray, labels: np.ndarray, seed: int
) -> dict[str, Any]:
    proved, seconds = {}, {}
    for method in _METHODS:
        began = time.monotonic()
        radii = certificates.radii(
            net, images, method, labels=labels, progress=True
        )
        seconds[method] = time.monotonic() - began
        proved[method] = radii.tolist()
    result = certificates.nearest(net, images, seed=seed)
    # A misread image is an example as it is. Where no class was reached,
    # nothing is known from above: the diagonal of the box.
    changed = result.predictions != result.clean_predictions
    farthest = np.sqrt(np.prod(images.shape[1:]))
    distance = np.where(changed, result.l2, farthest)
    distance[result.clean_predictions != labels] = 0
    return {
        "proved": proved,
        "found": distance.tolist(),
        "seconds": seconds,
    }
