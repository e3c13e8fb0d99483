"""Where two runtimes part: nets where it is known, and what LiteRT shows."""

import json

import keras
import numpy as np
import pytest

import advkeras as ak
from advkeras.edge.cuts import Cuts
from advkeras.edge.export import export
from advkeras.edge.parting import part_at
from advkeras.edge.parting import partings
from advkeras.edge.parting import telling
from advkeras.edge.runtimes import Inspector
from tests.edge.lift.files import File

SHAPE = (2, 2, 1)
TWO = ("litert", "litert-reference")


class Steps(File):
    """A file of four integers an image, where every layer is known."""

    def layer(self, given, scale):
        """Adds one that passes the numbers on, in steps of `scale`."""
        of_given = self._graph.tensors[given].quantization.scale[0]
        weights = self.tensor((4, 4), "INT8", (1.0, 0), np.eye(4))
        bias = self.tensor((4,), "INT32", (of_given, 0), np.zeros(4))
        return self.operator_of(
            "FULLY_CONNECTED", [given, weights, bias], scale
        )

    def operator_of(self, name, inputs, scale):
        made = self.numbers(scale)
        kind = {"FULLY_CONNECTED": "FullyConnected", "ADD": "Add"}[name]
        self.operator(name, inputs, [made], f"{kind}Options")
        return made

    def numbers(self, scale, shape=(4,)):
        signature = [-1, *shape]
        return self.tensor((1, *shape), "INT8", (scale, 0), None, signature)


def written(folder, made, given, output):
    path = folder / "steps.tflite"
    path.write_bytes(made.packed([given], [output]))
    return path


# 1 / 2 is a tie: XNNPACK rounds it to even, 0; the fixed point of LiteRT's
# reference kernels and of TensorFlow Lite Micro rounds it up, to 1. 2 / 2 and
# 3 / 2, which is 2 by both, are none.
TIE, NO_TIE = [1, 0, 2, 3], [2, 0, 2, 3]


@pytest.fixture
def chain(tmp_path):
    """Four layers, the third of which halves."""
    made = Steps()
    given = last = made.numbers(1.0, SHAPE)
    for scale in (1.0, 1.0, 2.0, 2.0):
        last = made.layer(last, scale)
    return written(tmp_path, made, given, last)


@pytest.fixture
def branches(tmp_path):
    """The first layer halves; the four after it leave that aside."""
    made = Steps()
    given = made.numbers(1.0, SHAPE)
    half = made.layer(given, 2.0)
    last = given
    for _ in range(3):
        last = made.layer(last, 1.0)
    last = made.operator_of("ADD", [half, last], 1.0)
    return written(tmp_path, made, given, last)


def rows(*values):
    return np.array(values, np.float32).reshape(-1, *SHAPE)


@pytest.mark.parametrize("other", ["litert-reference", "tflm"])
@pytest.mark.parametrize(("net", "place"), [("chain", 2), ("branches", 0)])
def test_a_tie_is_found_where_it_is(request, net, place, other):
    cuts = Cuts(request.getfixturevalue(net), rows(NO_TIE, TIE))
    assert part_at(cuts, "litert", other) == place
    assert cuts.places[place].operator == place
    assert cuts.differ(place, "litert", other).tolist() == [False, True]
    assert cuts.steps(place, "litert", other) == 1
    for runtime, one in (("litert", 0), (other, 1)):
        assert cuts.written(runtime, place)[1].tolist() == [one, 0, 1, 2]
    none = Cuts(request.getfixturevalue(net), rows(NO_TIE))
    assert part_at(none, "litert", other) is None


def test_partings_name_the_images(chain):
    images = rows(NO_TIE, TIE, NO_TIE, TIE, TIE)
    digests = {
        "litert": ["a", "b", "a", "b", "b"],
        "litert-reference": ["a", "c", "a", "c", "c"],
        "tflm": ["a", "c", "a", "c", "c"],
    }
    answers = {k: {"labels": [0] * 5, "outputs": v} for k, v in digests.items()}
    shown = {("fgsm", "float"): answers, ("pgd", "float"): answers}
    found = partings("int8", chain, shown, lambda *of: images)
    assert [one.runtimes for one in found] == [TWO, ("litert", "tflm")]
    for one in found:
        assert (one.variant, one.attack, one.pixels) == (
            "int8",
            "fgsm",
            "float",
        )
        assert (one.images, one.operator, one.steps) == ((1, 3), 2, 1)
        assert one.kind == "FULLY_CONNECTED" and one.tensor and not one.reason
        again = json.loads(json.dumps(one.to_json()))
        assert ak.edge.Parting.from_json(again) == one


def test_images_that_tell_two_apart():
    answers = {
        "a": {"labels": [0, 0, 0, 0], "outputs": ["p", "q", "r", "s"]},
        "b": {"labels": [0, 0, 0, 1], "outputs": ["x", "q", "x", "x"]},
        "c": {"labels": [0, 0, 0, 0], "outputs": ["p", "q", "r", "s"]},
    }
    # Another label goes before other outputs alone.
    assert telling(answers) == {("a", "b"): (3, 0), ("b", "c"): (3, 0)}
    assert telling(answers, most=9)["a", "b"] == (3, 0, 2)


def test_what_cannot_be_looked_into_is_said(chain):
    answers = {
        "litert": {"labels": [0, 0], "outputs": ["a", "b"]},
        "tflm": {"labels": [0, 0], "outputs": ["a", "c"]},
    }
    shown = {("fgsm", "uint8"): answers}
    images = rows(NO_TIE, TIE)
    (one,) = partings("int8", chain, shown, lambda *of: images, timeout=1e-3)
    assert one.operator is None and one.steps is None
    assert one.reason == "no answer within 0.001 s"
    assert (one.runtimes, one.images) == (("litert", "tflm"), (1,))
    smaller = np.zeros((2, 1, 1, 1), np.float32)
    (one,) = partings("int8", chain, shown, lambda *of: smaller)
    assert one.operator is None and "shape" in one.reason


def test_survival_names_images_and_operator(chain):
    net = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    classifier = ak.Classifier(net, bounds=(0.0, 3.0), outputs="logits")
    random = np.random.default_rng(0)
    clean = random.integers(0, 4, (20, 2, 2, 1)).astype(np.float32)
    labels = clean.reshape(20, 4).argmax(axis=1)
    result = ak.attacks.FGSM(1.0)(classifier, clean, labels)
    found = ak.edge.survival(result, {"int8": chain}, (*TWO, "tflm"))
    assert [one.runtimes for one in found.partings] == [TWO, ("litert", "tflm")]
    ties = (result.images == 1).any(axis=(1, 2, 3))
    assert 0 < ties.sum() < 20
    (same,) = [one for one in found.alike if one.pixels == "float"]
    assert same.outputs == (
        (20, 20 - ties.sum(), 20 - ties.sum()),
        (20 - ties.sum(), 20, 20),
        (20 - ties.sum(), 20, 20),
    )
    for one in found.partings:
        assert (one.attack, one.pixels, one.operator) == ("attack", "float", 2)
        assert 0 < len(one.images) <= 2 and ties[list(one.images)].all()
    again = json.loads(json.dumps(found.to_json()))
    assert ak.edge.Survival.from_json(again) == found


def test_sums_of_floats_are_not_looked_into(fooled, variants):
    found = ak.edge.survival(fooled, {"float32": variants["float32"]}, TWO)
    assert found.alike and found.partings == ()


@pytest.fixture(scope="module")
def images(digits):
    noise = np.random.default_rng(0).normal(0, 0.3, digits.images[:64].shape)
    return np.clip(digits.images[:64] + noise, 0, 1).astype(np.float32)


@pytest.mark.parametrize("ends", ["int8", "int8-float-io"])
def test_cuts_hold_what_litert_shows(
    tmp_path, classifiers, digits, images, ends
):
    made = export(classifiers["deep"], tmp_path, (ends,), digits.images[:100])
    cuts = Cuts(made[ends], images)
    indices = [place.tensor for place in cuts.places]
    for runtime in TWO:
        with Inspector(made[ends], runtime) as inspector:
            shown = inspector.tensors(images, indices)
        for i, index in enumerate(indices):
            np.testing.assert_array_equal(
                cuts.written(runtime, i), shown[index].reshape(len(images), -1)
            )


def test_what_is_no_file_or_no_image(variants, tmp_path, images):
    with pytest.raises(ValueError, match="`path`"):
        Cuts(tmp_path / "no.tflite", images)
    with pytest.raises(ValueError, match="`images`"):
        Cuts(variants["int8"], images[:, :3])
