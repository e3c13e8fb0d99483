"""The sets of images that are shown, and how answers are judged, by hand."""

import dataclasses
import json

import numpy as np
import pytest

from advkeras.attacks import AttackResult
from advkeras.edge import pixels
from advkeras.edge.outcomes import Outcome
from advkeras.edge.shown import Shown
from advkeras.edge.shown import to_show
from advkeras.edge.standalone import run_on_device
from advkeras.evaluation import Rate
from tests.attacks.linear import grey
from tests.attacks.linear import linear


def result_of(n=6, bounds=(0.0, 1.0)):
    """Returns a result of which images 0, 1 and 2 fool the source.

    Image 3 was wrong before, 4 is still right, 5 was wrong and became right.
    """
    originals = bounds[0] + grey(n) * (bounds[1] - bounds[0])
    rows = np.arange(n) % 6
    labels = np.zeros(n, np.int64)
    return AttackResult(
        originals=originals.astype(np.float32),
        images=(originals + 0.1).astype(np.float32),
        labels=labels,
        targets=None,
        clean_predictions=np.array([0, 0, 0, 1, 0, 1])[rows],
        predictions=np.array([1, 1, 2, 1, 0, 0])[rows],
        success=np.array([1, 1, 1, 1, 0, 0], bool)[rows],
        bounds=bounds,
    )


def test_an_attack_s_outcome_by_hand():
    result = result_of()
    shown = Shown("fgsm", "float", 1.0, result, (), result.predictions)
    assert shown.fooled.tolist() == [True] * 3 + [False] * 3
    # Right: 0 and 5. As the source: 1, 2, 3, 5. Still wrong of 0, 1, 2: two.
    # Wrong where the source is right, which it is on 4 and 5: 4.
    outcome = shown.outcome(np.array([0, 1, 2, 1, 2, 0]))
    assert outcome == Outcome(
        attack="fgsm",
        pixels="float",
        overshoot=1.0,
        accuracy=Rate(2, 6),
        agreement=Rate(4, 6),
        survival=Rate(2, 3),
        only_target_wrong=Rate(1, 6),
    )


def test_no_answer_is_neither_right_nor_wrong():
    result = result_of()
    predictions = np.array([-1, 1, 2, 1, -1, 0])
    result = dataclasses.replace(result, predictions=predictions)
    shown = Shown("fgsm", "float", 1.0, result, (), predictions)
    assert shown.fooled.tolist() == [False, True, True, False, False, False]
    # Right: 5. As the source: 3 and 5. Of 1 and 2, 1 has no answer. Wrong
    # where the source is right, which it is on 5: none.
    outcome = shown.outcome(np.array([-1, -1, 1, 1, -1, 0]))
    assert outcome == Outcome(
        attack="fgsm",
        pixels="float",
        overshoot=1.0,
        accuracy=Rate(1, 6),
        agreement=Rate(2, 6),
        survival=Rate(1, 2),
        only_target_wrong=Rate(0, 6),
    )


def test_a_clean_outcome_by_hand():
    result = result_of()
    shown = Shown(None, "float", None, result, (), result.clean_predictions)
    outcome = shown.outcome(np.array([0, 0, 1, 1, 1, 0]))
    assert outcome.accuracy == Rate(3, 6)
    assert outcome.agreement == Rate(3, 6)
    assert outcome.survival is None and shown.fooled is None
    assert outcome.only_target_wrong == Rate(2, 6)


def test_without_the_source_nothing_is_said_of_it():
    outcome = Shown("a", "uint8", 1.2, result_of()).outcome(np.zeros(6, int))
    assert outcome.agreement is None and outcome.only_target_wrong is None
    assert outcome.survival == Rate(0, 3) and outcome.accuracy == Rate(6, 6)


def test_nothing_survives_where_nothing_fooled():
    result = result_of()
    same = dataclasses.replace(result, predictions=result.labels)
    outcome = Shown("a", "float", 1.0, same).outcome(np.ones(6, int))
    assert outcome.survival == Rate(0, 0) and outcome.survival.value is None


def test_outcomes_go_through_json():
    result = result_of()
    for shown in (
        Shown("a", "float", 1.0, result, (), result.predictions),
        Shown(None, "uint8", None, result),
    ):
        outcome = shown.outcome(np.arange(6) % 3)
        stored = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
        assert Outcome.from_json(stored) == outcome


def test_images_are_made_in_order_overshoot_rounding_camera():
    result = result_of()
    steps = ("brightness:0.5", "jpeg:60")
    moved = pixels.overshoot(result.originals, result.images, 1.2, (0, 1))
    rounded = pixels.to_uint8(moved, (0, 1))
    taken = pixels.camera(rounded, steps)
    floats = Shown("a", "float", 1.2, result)
    np.testing.assert_array_equal(floats.images(), moved)
    bytes_ = Shown("a", "uint8", 1.2, result)
    np.testing.assert_array_equal(bytes_.uint8(), rounded)
    found = Shown("a", "camera", 1.2, result, steps)
    np.testing.assert_array_equal(found.uint8(), taken)
    np.testing.assert_array_equal(
        found.images(), run_on_device.from_uint8(taken, (0, 1))
    )
    clean = Shown(None, "float", None, result)
    np.testing.assert_array_equal(clean.images(), result.originals)


@pytest.mark.parametrize("bounds", [(0.0, 255.0), (-1.0, 1.0)])
def test_rounded_images_keep_the_bounds(bounds):
    result = result_of(bounds=bounds)
    images = Shown("a", "uint8", 1.0, result).images()
    assert images.min() >= bounds[0] and images.max() <= bounds[1]
    step = (bounds[1] - bounds[0]) / 255
    assert np.abs(images - result.images).max() <= step / 2 + 1e-4


def test_sets_in_order():
    small, large = result_of(4), result_of(6)
    shown = to_show({"a": small, "b": large}, (1.0, 1.2), ("jpeg:75",))
    assert [one.name for one in shown] == [
        *("clean float", "clean uint8", "clean camera"),
        *("a x1.00 float", "a x1.20 float"),
        *("a x1.00 uint8", "a x1.20 uint8"),
        *("a x1.00 camera", "a x1.20 camera"),
        *("b x1.00 float", "b x1.20 float"),
        *("b x1.00 uint8", "b x1.20 uint8"),
        *("b x1.00 camera", "b x1.20 camera"),
    ]
    # Clean ones are those of the largest result.
    assert [len(one.labels) for one in shown] == [6] * 3 + [4] * 6 + [6] * 6
    for one in shown:
        assert one.camera == (("jpeg:75",) if one.pixels == "camera" else ())


def test_kinds_can_be_chosen():
    shown = to_show({"a": result_of()}, (1.0,), kinds=("uint8",))
    assert [one.name for one in shown] == ["clean uint8", "a x1.00 uint8"]


def test_labels_that_a_result_holds_are_known_without_the_source():
    result = result_of()
    shown = to_show({"a": result}, (1.0, 1.1))
    known = {
        one.name: one.source_labels
        for one in shown
        if one.source_labels is not None
    }
    assert list(known) == ["clean float", "a x1.00 float"]
    assert known["clean float"] is result.clean_predictions
    assert known["a x1.00 float"] is result.predictions


def test_the_source_is_asked_for_all_others():
    source = linear(classes=3)[0]
    shown = to_show({"a": result_of()}, (1.0, 1.1), ("jpeg:50",), source)
    for one in shown:
        if one.pixels == "float" and one.overshoot in (None, 1):
            continue
        np.testing.assert_array_equal(
            one.source_labels, source.predict(one.images())
        )


def test_wrong_inputs():
    results = {"a": result_of()}
    with pytest.raises(ValueError, match="`results` must not be empty"):
        to_show({})
    for factor in (0, -1, float("nan"), float("inf"), "1"):
        with pytest.raises(ValueError, match="`overshoots` must be"):
            to_show(results, (1.0, factor))
    with pytest.raises(ValueError, match="`camera` must hold"):
        to_show(results, camera=("jpeg:0",))
    with pytest.raises(ValueError, match="`kinds` must be one of"):
        to_show(results, kinds=("float", "uint16"))
