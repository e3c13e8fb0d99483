"""Szegedy et al. 2013, "Intriguing properties of neural networks"."""

from advkeras import attacks
from advkeras import datasets
from advkeras import models
from advkeras.classifier import Classifier
from advkeras.evaluation import transfer_matrix
from advkeras.studies.comparison import Cell
from advkeras.studies.comparison import Comparison
from advkeras.studies.comparison import Row

_NETS = {
    "m1": "FC100-100-10",
    "m1-prime": "FC123-456-10",
    "m2": "FC100-100-10'",
}
_EXAMPLES = 256  # the printed shares of tables 2 and 4 are multiples of 1/256

# Name, distortion, error in percent of each net, and whether the figures were
# read in a text about the paper (else they are known from memory). In the
# order of `TransferMatrix.rows`.
_TABLE_4: tuple[tuple[str, float, tuple[float, ...], bool], ...] = (
    ("made for FC100-100-10", 0.062, (100, 26.2, 5.9), True),
    ("made for FC123-456-10", 0.059, (6.25, 100, 5.1), False),
    ("made for FC100-100-10'", 0.058, (8.2, 8.2, 100), False),
    ("FC100-100-10, amplified to 0.1", 0.1, (100, 98, 43), True),
    ("FC123-456-10, amplified to 0.1", 0.1, (96, 100, 22), False),
    ("FC100-100-10', amplified to 0.1", 0.1, (27, 50, 100), False),
    ("Gaussian noise 0.06", 0.06, (2.2, 2.6, 2.4), False),
    ("Gaussian noise 0.1", 0.1, (2.6, 2.8, 2.7), False),
)


def table_4(data_dir: str | None = None, seed: int = 0) -> Comparison:
    """Measures table 4: transfer across architectures and training sets.

    Examples are made by L-BFGS, with random targets, from 256 images of the
    MNIST test set for each of three nets: two architectures trained on the
    first 30,000 training images, and the first architecture trained on the
    other 30,000. All nets are shown all examples, as they are and amplified to
    a distortion of 0.1, and Gaussian noise.

    Args:
        data_dir: Where TFDS keeps MNIST; None for the environment's.
        seed: Seed of the choice of images, the targets and the noise.

    Returns:
        The measured table beside the published one.

    Raises:
        ValueError: MNIST or the saved models are not there.
    """
    classifiers = {name: Classifier.load(name) for name in _NETS}
    test_set = datasets.load("mnist", "test", data_dir=data_dir)
    images, labels = test_set.sample(_EXAMPLES, seed)
    matrix = transfer_matrix(
        classifiers,
        attacks.LBFGS(),
        images,
        labels,
        amplified=0.1,
        noise=(0.06, 0.1),
        seed=seed,
    )
    rows = [
        Row("clean", None, 0.0, tuple(map(Cell, matrix.clean_error.values())))
    ]
    for (name, distortion, printed, read), measured in zip(
        _TABLE_4, matrix.rows, strict=True
    ):
        cells = (
            Cell(measured.error[net], value, recalled=not read)
            for net, value in zip(classifiers, printed, strict=True)
        )
        rows.append(Row(name, distortion, measured.distortion, tuple(cells)))
    return Comparison(
        title="Szegedy et al. 2013, table 4: error of each net on distorted "
        "test images",
        columns=tuple(_NETS.values()),
        rows=tuple(rows),
        notes=(
            f"{_EXAMPLES} random test images, seed {seed}; the paper does not "
            "say how many it took, but its shares are multiples of 1/256. "
            "Targets are random wrong classes: the paper does not say.",
            "The paper's formula for amplification gives a distortion of "
            "0.0036; here each perturbation is scaled to 0.1 and clipped.",
            "Weight decay is lambda / 2 * sum(w^2), which reproduces the "
            "paper's softmax rows; the printed lambda / k * sum(w^2) does not.",
        ),
        details={
            "matrix": matrix.to_json(),
            "models": {
                m: models.read_card(models.saved_models()[m])
                for m in classifiers
            },
            "data_fingerprint": test_set.fingerprint,
        },
    )
