"""Each study at small scale: trained nets, real attacks, what must hold."""

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def study(small):
    """Measures a study of the paper."""
    return lambda name: small(f"goodfellow.{name}")


def test_the_maxout_pair(study, column):
    """All studies that share it, so that it is trained once."""
    findings = study("adversarial_training")
    errors, alone, transfer, spread = findings.tables
    plain, trained = column(errors, "FGSM: error")
    assert plain > 0.8
    assert trained < 0.5
    # What one alone misreads makes the difference of the errors.
    by_plain, by_trained, _ = (c.measured for c in alone.rows[0].cells)
    clean = [row.cells[0].measured.count for row in errors.rows]
    assert by_plain - by_trained == clean[0] - clean[1]
    # Each net is fooled most by what was made for it, or as much.
    shown_to_trained = column(transfer, "shown to adversarial")
    assert column(transfer, "shown to plain")[0] == plain
    assert shown_to_trained[1] == trained
    assert all(0 < pixels < 784 for pixels in column(spread, "pixels"))

    (table,) = study("noise_controls").tables
    assert [row.name for row in table.rows] == [
        "plain",
        "sign",
        "uniform",
        "FGSM",
    ]
    assert min(column(table, "FGSM: error")[:3]) > 0.8
    assert max(column(table, "sign noise")) < 0.4

    (table,) = study("rbf").tables
    *others, radial = column(table, "confidence on mistakes")
    assert min(others) > 70
    assert radial < 10

    (table,) = study("agreement").tables
    of_both = column(table, "the same, where both are wrong")
    assert of_both[0] > column(table, "by chance")[0] / 100

    (table,) = study("epsilon_trace").tables
    assert all(low <= 0 for low in column(table, "read rightly from"))
    softmax, maxout, *_ = column(table, "fit of two lines, R^2")
    assert softmax == pytest.approx(1, abs=1e-3)
    assert maxout > 0.9

    table, towards = study("rubbish").tables
    recognised = dict(
        zip(
            (row.name for row in table.rows),
            column(table, "recognised"),
            strict=True,
        )
    )
    assert recognised["shallow RBF"] < 0.01 < recognised["maxout"]
    *_, mean = towards.rows
    none, short, long = (cell.measured.value for cell in mean.cells)
    assert none < short < long
    # Of the classes, one at most is recognised without a step.
    assert 10 * none == pytest.approx(
        100 * recognised["convolutional maxout, CIFAR-10"]
    )


def test_the_wide_pair(study, column):
    errors, _, transfer, _ = study("wide_adversarial_training").tables
    plain, trained = column(errors, "FGSM: error")
    assert plain > 0.8
    assert trained < 0.5
    assert column(transfer, "shown to plain")[0] == plain
    # What was made for the plain net does not fool the trained one as often.
    assert column(transfer, "shown to adversarial")[0] < plain


def test_logistic(study, column):
    (table,) = study("logistic").tables
    *plain, trained = column(table, "FGSM")
    assert min(plain) > 0.9
    assert trained < 0.6
    *long, short = column(table, "|w|_1")
    assert short < min(long) / 4


def test_ensemble(study, column):
    (table,) = study("ensemble").tables
    clean, whole, one = column(table, "ensemble")
    assert clean < 0.15
    assert min(whole, one) > 0.7
    # What is made for a member fools that one before the others.
    assert column(table, "that member")[2] >= one


def test_regularisers(study, column):
    table, decay = study("regularisers").tables
    *usual, trained = column(table, "FGSM 0.1")
    assert min(usual) > trained
    *usual, trained = column(table, "least distortion")
    assert trained > usual[0]
    # So large an L1 norm in the loss keeps a net from learning.
    large, *smaller = column(decay, "train")
    assert large > 0.05
    assert large > max(smaller[1:])


@pytest.mark.tfds
def test_fgsm(study, column, tfds_dir):
    """Of digits and, where they are at hand, of photographs."""
    (table,) = study("fgsm").tables
    assert min(column(table, "error")) > 0.8
    # Clipping takes from an attack; decay takes from confidence.
    clipped = column(table, "clipped: error")
    for free, within in zip(column(table, "error"), clipped, strict=True):
        assert within <= free + 0.02
    sure = column(table, "confidence")[:3]
    assert sure == sorted(sure, reverse=True)
