import warnings

import numpy as np
import pytest

import advkeras as ak

NAMES = ("cat", "dog", "fish")


def pictures(names):
    pixels = np.zeros((len(names), 4, 4, 1), np.uint8)
    return ak.datasets.from_arrays(pixels, np.arange(len(names)), names)


def card(names, **values):
    return {"network": "fc10", "class_names": list(names), **values}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (NAMES, NAMES),
        (NAMES, NAMES[:2]),  # without the last
        (NAMES, ("0", "1", "2")),  # names are not known
        (("0", "1", "2"), NAMES),
        (("0", "1", "2"), ("0", "1", "2")),
    ],
)
def test_the_classes_of_the_card(names, found):
    ak.evaluation.check_card(card(names), pictures(found))


@pytest.mark.parametrize(
    ("names", "found", "said"),
    [
        (
            NAMES,
            ("cat", "fish", "dog"),
            "card, in their order: class 1 is 'dog' there. Received: "
            "dataset='arrays', where it is 'fish'",
        ),
        (
            NAMES,
            ("dog", "fish"),
            "card: class 0 is 'cat' there. Received: dataset='arrays', where "
            "it is 'dog'",
        ),
        (
            ("cat",),
            ("cat", "dog"),
            "card: class 1 is none there. Received: dataset='arrays', where "
            "it is 'dog'",
        ),
        (  # folders are sorted as text
            tuple(map(str, range(12))),
            tuple(sorted(map(str, range(12)))),
            "card, in their order: class 2 is '2' there. Received: "
            "dataset='arrays', where it is '10'",
        ),
    ],
)
def test_other_classes_are_refused(names, found, said):
    for one in (
        card(names),
        {"variant": "int8", "provenance": {"class_names": list(names)}},
    ):
        with pytest.raises(ValueError, match="Received") as raised:
            ak.evaluation.check_card(one, pictures(found))
        message = "`dataset` must have the classes of the model's "
        assert str(raised.value) == message + said


def test_a_card_without_names_says_nothing():
    for one in ({}, {"network": "fc10"}, {"provenance": {}}):
        ak.evaluation.check_card(one, pictures(NAMES))


@pytest.mark.parametrize("split", ["train", "train[:30000]", "train+test"])
@pytest.mark.parametrize("name", ["mnist", "mnist=7"])
def test_mnist5k_is_of_the_training_digits(test_digits, name, split):
    trained_on = {"dataset": name, "split": split}
    for one in (
        {"network": "fc10", **trained_on},
        {"provenance": {"dataset": "mnist5k", "trained_on": trained_on}},
    ):
        with pytest.warns(UserWarning, match="may have seen them") as warned:
            ak.evaluation.check_card(one, test_digits)
        (warning,) = warned
        assert f"trained on {name}, {split}" in str(warning.message)
        assert warning.filename == __file__


def test_other_training_images_are_not_warned_of(test_digits):
    mnist = {"network": "fc10", "dataset": "mnist"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ak.evaluation.check_card({**mnist, "split": "test"}, test_digits)
        ak.evaluation.check_card(
            {**mnist, "dataset": "mnist5k", "split": "train"}, test_digits
        )
        ak.evaluation.check_card({**mnist, "split": "train"}, pictures(NAMES))
        ak.evaluation.check_card(
            {"provenance": {"dataset": "mnist", "split": "train"}}, test_digits
        )
