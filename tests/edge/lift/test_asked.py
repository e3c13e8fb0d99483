"""A .tflite file without a lift: scores and labels of the interpreter."""

import types
import warnings

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.edge.lift import CannotBeLiftedError
from advkeras.edge.lift import TfliteClassifier
from advkeras.edge.lift.asked import asked as asked_of
from tests.edge import dense
from tests.edge.lift import handmade
from tests.edge.lift.unlifted import UNKNOWN
from tests.edge.lift.unlifted import behind_unknown

SQUARE = ak.attacks.Square(0.1, queries=60)


@pytest.fixture(scope="module")
def files(tmp_path_factory, classifiers, digits):
    """That net in forms that cannot be lifted: name -> path."""
    found = {}
    for name, softmax in (("scores", False), ("shares", True)):
        net = ak.Classifier(behind_unknown(classifiers["deep"].model, softmax))
        folder = tmp_path_factory.mktemp(name)
        made = ak.edge.export(
            net, folder, ("float32", "int8"), digits.images[:100]
        )
        found |= {f"{kind} {name}": path for kind, path in made.items()}
    return found


@pytest.fixture(scope="module")
def asked(files):
    """A classifier of each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {k: TfliteClassifier(v, lifted=None) for k, v in files.items()}


@pytest.fixture(scope="module")
def plain(variants):
    """Files of the net itself, not lifted though they could be."""
    return {k: ak.load(variants[k], lifted=False) for k in ("float32", "int8")}


def outputs_of(path, images):
    with ak.edge.start(path) as interpreter:
        return interpreter.predict(images).outputs, interpreter.output


def test_what_is_unknown_is_named_in_a_warning(files):
    path = files["int8 scores"]
    with pytest.warns(UserWarning, match=rf"int8\.tflite: .*{UNKNOWN}") as said:
        copy = ak.load(path)
    (line,) = said
    text = str(line.message)
    assert "need a gradient" in text and "\n" not in text
    assert line.filename == __file__
    assert not copy.lifted and copy.runtime == "litert"
    assert copy.bounds_from == "input" and copy.levels.count == 256


def test_who_wants_a_lift_is_refused(files):
    for load in (
        ak.edge.lift,
        TfliteClassifier,
        lambda path: ak.load(path, lifted=True),
    ):
        with pytest.raises(CannotBeLiftedError, match=UNKNOWN) as caught:
            load(files["float32 scores"])
        assert UNKNOWN in caught.value.reason


def test_it_is_of_tflite_files():
    with pytest.raises(ValueError, match="`lifted` must be left out"):
        ak.load("m1", lifted=False)


def test_what_no_runtime_runs_either(tmp_path):
    path = tmp_path / "strange.tflite"
    path.write_bytes(handmade.with_a_state("ethos-u"))
    with pytest.raises(CannotBeLiftedError, match="ethos-u, is compiled"):
        ak.load(path)


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_scores_and_labels_are_those_of_the_interpreter(
    asked, files, test_digits, kind
):
    images = test_digits.images[:50]
    outputs, output = outputs_of(files[f"{kind} scores"], images)
    copy = asked[f"{kind} scores"]
    expected = outputs.astype(np.float64) - (output["zero_point"] or 0)
    expected *= output["scale"] or 1
    np.testing.assert_allclose(copy.logits(images), expected, atol=1e-5)
    assert copy.predict(images).tolist() == outputs.argmax(axis=1).tolist()
    assert copy.outputs == "logits" and copy.logits_found


@pytest.mark.parametrize("kind", ["float32", "int8"])
def test_of_shares_the_logarithms(asked, files, test_digits, kind):
    """Integers of a softmax do not sum to 1; what is made of them does."""
    images = test_digits.images[:50]
    outputs, output = outputs_of(files[f"{kind} shares"], images)
    copy = asked[f"{kind} shares"]
    assert copy.outputs == "probabilities" and not copy.logits_found
    shares = outputs.astype(np.float64) - (output["zero_point"] or 0)
    shares /= shares.sum(axis=1, keepdims=True)
    logits = copy.logits(images)
    np.testing.assert_allclose(tf.nn.softmax(logits), shares, atol=1e-6)
    assert copy.lifted_predict(images).tolist() == (
        outputs.argmax(axis=1).tolist()
    )


def test_shares_that_are_all_too_small(files):
    """Of 1000 classes no integer of a softmax need be above 0."""
    of_none = np.full((2, 1000), -128, np.int8)
    answers = types.SimpleNamespace(
        output={"scale": 1 / 256, "zero_point": -128, "shape": [1, 1000]},
        path=files["int8 shares"],
        image_shape=(28, 28, 1),
        predict=lambda images: types.SimpleNamespace(outputs=of_none),
    )
    model = asked_of(answers)
    shares = model(np.zeros((2, 28, 28, 1), np.float32))
    np.testing.assert_allclose(shares, np.full((2, 1000), 1 / 1000))


def test_an_attack_that_climbs_says_what_does_not(asked, test_digits):
    images, labels = test_digits.sample(3)
    copy = asked["int8 scores"]
    for attack in (ak.attacks.PGD(0.1), ak.attacks.LBFGS("nearest")):
        with pytest.raises(ValueError, match="must have a gradient") as caught:
            attack(copy, images, labels)
        said = str(caught.value)
        assert UNKNOWN in said and type(attack).__name__ in said
        assert "Square" in said and "HopSkipJump" in said
    trust = ak.evaluation.trust(copy, images, labels)
    holds = {check.name: check.holds for check in trust.checks}
    assert holds["every image has a gradient"] is False


def test_square_finds_what_it_finds_without_the_unknown(
    asked, plain, test_digits
):
    """On the same numbers, by scores of the same interpreter."""
    images, labels = test_digits.sample(12)
    copy = asked["float32 scores"]
    found = SQUARE(copy, images, labels, batch_size=12)
    apart = SQUARE(copy, images, labels, batch_size=5)
    known = SQUARE(plain["float32"], images, labels)
    assert 0 < found.success.mean() < 1
    for other in (apart, known):
        assert np.array_equal(found.images, other.images)
        assert found.queries.tolist() == other.queries.tolist()


@pytest.mark.parametrize("kind", ["float32 shares", "int8 shares"])
def test_square_by_shares(asked, files, test_digits, kind):
    images, labels = test_digits.sample(12)
    found = ak.attacks.Square(0.2, queries=60)(asked[kind], images, labels)
    outputs, _ = outputs_of(files[kind], found.images)
    assert np.abs(found.perturbation).max() <= 0.2 + 1e-6
    assert found.success.any()
    assert found.predictions.tolist() == outputs.argmax(axis=1).tolist()


@pytest.mark.parametrize("kind", ["float32 scores", "int8 shares"])
def test_hopskipjump_by_labels(asked, test_digits, kind):
    images, labels = test_digits.sample(3)
    right = asked[kind].predict(images) == labels
    found = ak.attacks.HopSkipJump(queries=150)(
        asked[kind], images[right], labels[right]
    )
    assert found.success.all()
    assert (found.queries <= 150).all() and (found.l2 > 0).all()


def test_a_file_that_could_be_lifted(plain, variants, test_digits):
    copy, plain = ak.load(variants["int8"]), plain["int8"]
    assert copy.lifted and not plain.lifted
    assert copy.fingerprint() != plain.fingerprint()
    images, labels = test_digits.sample(20)
    assert plain.predict(images).tolist() == copy.predict(images).tolist()
    copy.check_differentiable()
    with pytest.raises(ValueError, match="lifted=False"):
        ak.attacks.FGSM(0.1)(plain, images, labels)
    with pytest.raises(AttributeError, match="`lifted`"):
        plain.lifted = True


@pytest.mark.parametrize("name", ["one", "three", "uint8"])
def test_any_number_of_images(dense_files, name):
    """Also of a file for one or three at a time, and of another shape."""
    copy = TfliteClassifier(dense_files[name], lifted=False)
    images = dense.images(7).clip(*np.float32(copy.bounds))
    expected = copy.predict(images)
    assert copy.lifted_predict(images, batch_size=5).tolist() == (
        expected.tolist()
    )
    flat = copy.taking((16, 1, 1))
    other = images.reshape(7, 16, 1, 1)
    assert flat.lifted_predict(other).tolist() == expected.tolist()


def test_tflm(dense_files):
    copy = TfliteClassifier(dense_files["int8"], runtime="tflm", lifted=False)
    images = dense.images(4).clip(*np.float32(copy.bounds))
    assert copy.runtime == "tflm"
    assert copy.lifted_predict(images).tolist() == copy.predict(images).tolist()
