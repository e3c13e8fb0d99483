"""Tables 2 and 4: does an example made for one net fool another?"""

from advkeras import attacks
from advkeras.classifier import Classifier
from advkeras.evaluation import TransferMatrix
from advkeras.evaluation import transfer_matrix
from advkeras.report import figures
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.szegedy import nets

# Of each row: the distortion, the error in percent of each net, and for each
# figure whether it was read in a text about the paper ("s") or is known from
# memory only ("r"). In the order of `TransferMatrix.rows`.
_Printed = tuple[tuple[str, float, tuple[float, ...], str], ...]

_TABLE_2: _Printed = (
    ("FC10(1e-4)", 0.062, (100, 11.7, 22.7, 2, 3.9, 2.7), "srrsrs"),
    ("FC10(1e-2)", 0.1, (87.1, 100, 35.2, 35.9, 27.3, 9.8), "srrsrs"),
    ("FC10(1)", 0.14, (71.9, 76.2, 100, 48.1, 47, 34.4), "srrsrs"),
    ("FC100-100-10", 0.058, (28.9, 13.7, 21.1, 100, 6.6, 2), "srrsrs"),
    ("FC200-200-10", 0.065, (38.2, 14, 23.8, 20.3, 100, 2.7), "srrsrs"),
    ("AE400-10", 0.086, (23.4, 16, 24.8, 9.4, 6.6, 100), "rrrrrr"),
    ("Gaussian noise 0.1", 0.1, (5, 10.1, 18.3, 0, 0, 0.8), "srrsrs"),
    ("Gaussian noise 0.3", 0.3, (15.6, 11.3, 22.7, 5, 4.3, 3.1), "srrsrs"),
)
_TABLE_4: _Printed = (
    ("FC100-100-10", 0.062, (100, 26.2, 5.9), "sss"),
    ("FC123-456-10", 0.059, (6.25, 100, 5.1), "rrr"),
    ("FC100-100-10'", 0.058, (8.2, 8.2, 100), "rrr"),
    ("FC100-100-10, amplified to 0.1", 0.1, (100, 98, 43), "rss"),
    ("FC123-456-10, amplified to 0.1", 0.1, (96, 100, 22), "rrr"),
    ("FC100-100-10', amplified to 0.1", 0.1, (27, 50, 100), "rrr"),
    ("Gaussian noise 0.06", 0.06, (2.2, 2.6, 2.4), "rrr"),
    ("Gaussian noise 0.1", 0.1, (2.6, 2.8, 2.7), "rrr"),
)


def table2(context: Context) -> Findings:
    """Measures transfer between six nets, on distorted training images."""
    return _transfer(
        context,
        nets.SIX,
        _TABLE_2,
        split="train",
        amplified=None,
        noise=(0.1, 0.3),
        title="Table 2: error of each net on distorted training images",
        notes=(
            "A column is to be read against its clean row: FC10(1) errs on a "
            "fifth of all images before anything is done to them. The "
            "diagonal is 100 % by construction.",
            "The images drawn are harder than most: FC10(1) errs on 23 % of "
            "all training images, and on 31 % of these. Most cells that lie "
            "outside are in the columns of the softmax regressions, whose "
            "clean row alone is above the printed one of noise.",
            "What is made for FC10(1) carries far because it is large: these "
            "are the largest changes of all. The paper's are larger than ours "
            "by a fifth, and carry further.",
        ),
    )


def table4(context: Context) -> Findings:
    """Measures transfer across architectures and halves of the training set.

    Two architectures trained on one half, the first also on the other; what is
    found on test images is shown as it is and amplified to a distortion of 0.1.
    """
    return _transfer(
        context,
        nets.HALVES,
        _TABLE_4,
        split="test",
        amplified=0.1,
        noise=(0.06, 0.1),
        title="Table 4: error of each net on distorted test images, nets "
        "trained on two halves",
        notes=(
            "The paper's formula for amplification gives a distortion of "
            "0.0036; here each perturbation is scaled to 0.1 and clipped. "
            "Examples whose smallest change is larger than 0.1 are shrunk by "
            "that, and no longer fool their own net: the paper amplifies 'on "
            "average by 40 %', perhaps by one factor for all.",
            "FC123-456-10 on FC100-100-10 lies far from a figure known from "
            "memory only. In our measurement transfer between the two "
            "architectures is about as frequent both ways.",
        ),
    )


def _transfer(
    context: Context,
    names: dict[str, str],
    printed: _Printed,
    split: str,
    amplified: float | None,
    noise: tuple[float, ...],
    title: str,
    notes: tuple[str, ...],
) -> Findings:
    classifiers = {net: context.digit_net(net) for net in names.values()}
    images, labels = nets.sample(context, split)
    found = nets.smallest_changes(context, classifiers, images, labels)
    matrix = transfer_matrix(
        classifiers,
        attacks.LBFGS(),
        images,
        labels,
        amplified=amplified,
        noise=noise,
        seed=context.seed,
        results=found,
    )
    figures.heat_map(matrix.to_json(), context.run.output / "transfer.png")
    return Findings(
        title,
        (_table(matrix, classifiers, tuple(names), printed, split),),
        notes=(
            "The paper does not say how many images it took, but its shares "
            "are multiples of 1/256.",
            nets.TARGETS,
            *notes,
        ),
        pictures={"transfer.png": "Error of each net, measured."},
        details={
            "matrix": matrix.to_json(),
            "models": {net: context.card(net) for net in classifiers},
        },
    )


def _table(
    matrix: TransferMatrix,
    classifiers: dict[str, Classifier],
    columns: tuple[str, ...],
    printed: _Printed,
    split: str,
) -> Table:
    clean = [Cell(0.0), *map(Cell, matrix.clean_error.values())]
    rows = [Row("clean", tuple(clean))]
    for (name, distortion, shares, marks), measured in zip(
        printed, matrix.rows, strict=True
    ):
        cells = [Cell(measured.distortion, distortion)]
        cells += [
            Cell(measured.error[net], share, recalled=mark == "r")
            for net, share, mark in zip(classifiers, shares, marks, strict=True)
        ]
        made = "" if measured.source is None else "made for "
        rows.append(Row(made + name, tuple(cells)))
    kind = {"train": "training", "test": "test"}[split]
    return Table(
        f"Error in % on {matrix.n} {kind} images",
        "images",
        ("distortion", *columns),
        tuple(rows),
    )
