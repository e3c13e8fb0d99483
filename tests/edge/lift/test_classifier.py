"""A .tflite file as a classifier: the lift's gradients, the real verdict."""

import gc
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import advkeras as ak
from advkeras.edge.lift import TfliteClassifier
from advkeras.edge.runtimes import CannotRunError
from advkeras.edge.standalone import run_on_device
from tests.edge import dense
from tests.edge.lift import handmade
from tests.edge.runtimes.battery import runtimes

ATTACKS = {
    "fgsm": ak.attacks.FGSM(0.1),
    "lbfgs": ak.attacks.LBFGS(c_rtol=0.5),
    "pgd": ak.attacks.PGD(0.1, steps=5),
}
VARIANTS = ("float32", "dynamic", "int8", "int8-float-io")


@pytest.fixture(scope="module")
def files(tmp_path_factory, variants, classifiers, digits):
    """The deep net of digits as files: name -> path."""
    more = ak.edge.export(
        classifiers["deep"],
        tmp_path_factory.mktemp("more"),
        "int8-float-io",
        digits.images[:100],
    )
    return {**variants, **more}


@pytest.fixture(scope="module")
def copies(files):
    """A classifier of each."""
    return {name: TfliteClassifier(files[name]) for name in VARIANTS}


@pytest.fixture(scope="module")
def with_softmax(tmp_path_factory, classifiers, digits):
    """The deep net with a softmax at its end, as files."""
    given = keras.Input((28, 28, 1))
    scores = layers.Softmax()(classifiers["deep"].model(given))
    return ak.edge.export(
        ak.Classifier(keras.Model(given, scores)),
        tmp_path_factory.mktemp("softmax"),
        ("float32", "int8"),
        digits.images[:100],
    )


def says(path, images, runtime="litert"):
    with ak.edge.start(path, runtime) as interpreter:
        return interpreter.predict(images)


def as_received(path, images):
    """Images through the integers of a file's input and back."""
    with ak.edge.start(path) as interpreter:
        about = interpreter.input
    integers = run_on_device.quantize(images, about)
    back = integers.astype(np.float32) - about["zero_point"]
    return back * np.float32(about["scale"])


@pytest.mark.parametrize(
    ("attack", "variant"),
    [
        # All of them on an int8 file, and one on floats: the rest is slow.
        pytest.param(
            attack,
            variant,
            marks=()
            if variant == "int8" or (attack, variant) == ("fgsm", "float32")
            else pytest.mark.slow,
        )
        for attack in ATTACKS
        for variant in VARIANTS
    ],
)
def test_success_is_what_the_interpreter_says(
    attack, variant, copies, files, test_digits
):
    copy = copies[variant]
    images, labels = test_digits.sample(12, seed=1)
    result = ATTACKS[attack](copy, images, labels)
    predicted = says(files[variant], result.images).labels
    assert result.predictions.tolist() == predicted.tolist()
    goal = (
        predicted != labels
        if result.targets is None
        else predicted == result.targets
    )
    assert result.success.tolist() == goal.tolist()
    assert result.success.mean() > 0.4
    clean = says(files[variant], result.originals).labels
    assert result.clean_predictions.tolist() == clean.tolist()
    if variant == "int8":
        for pixels in (result.originals, result.images):
            received = as_received(files[variant], pixels)
            np.testing.assert_allclose(pixels, received, atol=1e-6)
    if attack != "lbfgs":
        assert (result.linf <= 0.1 + 1e-6).all()


# LiteRT.js takes no int8 input.
@runtimes(*(name for name in ak.edge.RUNTIMES if name != "litertjs"))
def test_the_runtime_is_the_judge(runtime, files, test_digits):
    copy = TfliteClassifier(files["int8"], runtime=runtime)
    assert copy.runtime == runtime
    images, labels = test_digits.sample(30, seed=2)
    result = ATTACKS["fgsm"](copy, images, labels)
    predicted = says(files["int8"], result.images, runtime).labels
    assert result.predictions.tolist() == predicted.tolist()
    assert result.success.any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_lift_agrees_with_the_interpreter(variant, copies, test_digits):
    copy = copies[variant]
    images = test_digits.images
    assert copy.predict(images, batch_size=7).dtype == np.int64
    same = copy.predict(images) == copy.lifted_predict(images, batch_size=50)
    assert same.mean() >= 0.99
    assert copy.image_shape == (28, 28, 1) and copy.num_classes == 10
    assert copy.outputs == "logits" and not copy.exact


def test_load_knows_a_tflite_file_by_its_name(files, test_digits):
    copy = ak.load(files["int8"], bounds=(0, 1), outputs="logits")
    assert isinstance(copy, TfliteClassifier)
    assert copy.path == str(files["int8"])
    assert copy.runtime == "litert"
    copy.check_fits(test_digits)
    assert repr(copy).startswith("TfliteClassifier('int8', ")


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_a_softmax_is_taken_off(variant, with_softmax, files, test_digits):
    path = with_softmax[variant]
    for outputs in (None, "probabilities"):
        copy = TfliteClassifier(path, outputs=outputs)
        assert copy.outputs == "probabilities"
    images = test_digits.images[:50]
    logits = copy.logits(tf.constant(images)).numpy()
    assert logits.min() < -1
    returned = says(path, images).outputs.astype(np.float64)
    if variant == "int8":
        returned = (returned + 128) / 256  # as every int8 softmax
    # Off by a rounding of logits, each of which is some 0.1.
    atol = 1e-5 if variant == "float32" else 0.08
    np.testing.assert_allclose(tf.nn.softmax(logits), returned, atol=atol)
    result = ATTACKS["fgsm"](copy, images, test_digits.labels[:50])
    assert result.success.mean() > 0.5
    assert result.predictions.tolist() == (
        says(path, result.images).labels.tolist()
    )


def test_a_softmax_declared_as_logits(with_softmax):
    for path in with_softmax.values():
        with pytest.raises(ValueError, match=r"`outputs` .* outputs='logits'"):
            TfliteClassifier(path, outputs="logits")


def test_logits_declared_as_probabilities(files):
    with pytest.raises(ValueError, match="outputs='probabilities'"):
        TfliteClassifier(files["int8"], outputs="probabilities")


@pytest.mark.parametrize("name", ["int8", "uint8", "wide"])
def test_bounds_are_what_the_input_holds(name, dense_files):
    """That is what was seen when it was calibrated, and never quite 0 to 1."""
    path = dense_files[name]
    copy = TfliteClassifier(path)
    with ak.edge.start(path) as interpreter:
        scale = interpreter.input["scale"]
        zero_point = interpreter.input["zero_point"]
        ends = np.iinfo(interpreter.input["dtype"])
    held = [(end - zero_point) * scale for end in (ends.min, ends.max)]
    np.testing.assert_allclose(copy.bounds, held, rtol=1e-5, atol=1e-6)
    assert copy.levels.count == 256
    assert copy.levels.step == scale
    upper = 255 if name == "wide" else 1
    assert copy.bounds[1] == pytest.approx(upper, rel=0.02)
    # Even at its ends: a scale is rounded, and so are these bounds.
    lower, upper = np.float32(copy.bounds)
    images = np.stack([np.full(dense.SHAPE, end) for end in (lower, upper)])
    result = ak.attacks.FGSM(0.2 * upper)(copy, images)
    assert lower <= result.images.min() and result.images.max() <= upper
    received = as_received(path, result.images)
    np.testing.assert_allclose(result.images, received, atol=1e-6 * upper)


def test_bounds_of_files_that_take_floats(copies):
    """(0, 1), or what the first operator quantises to."""
    for variant in ("float32", "dynamic"):
        assert copies[variant].bounds == (0.0, 1.0)
    assert copies["int8-float-io"].bounds == copies["int8"].bounds
    assert copies["int8-float-io"].levels is None


def test_bounds_given_go_first(dense_files):
    whole = TfliteClassifier(dense_files["uint8"])
    copy = TfliteClassifier(dense_files["uint8"], bounds=(0.25, 0.75))
    assert copy.bounds == (0.25, 0.75)
    assert copy.levels.step == whole.levels.step
    assert (
        copy.levels.count
        == int(0.75 / copy.levels.step)
        - int(np.ceil(0.25 / copy.levels.step))
        + 1
    )
    images = np.full((3, *dense.SHAPE), 0.5, np.float32)
    result = ak.attacks.FGSM(0.4)(copy, images)
    assert result.images.min() >= 0.25 and result.images.max() <= 0.75
    with pytest.raises(ValueError, match="`images` must be within"):
        copy.predict(np.ones_like(images))
    assert len(copy.predict(np.ones_like(images), within_bounds=False)) == 3


def test_bounds_that_the_input_does_not_hold(dense_files):
    with pytest.raises(ValueError, match=r"`bounds` must hold .*bounds=\(5"):
        TfliteClassifier(dense_files["int8"], bounds=(5, 6))


def test_levels_of_a_file_that_takes_floats(files, test_digits):
    """It is shown pictures of 8 bits."""
    copy = TfliteClassifier(files["float32"], levels=256)
    images, labels = test_digits.sample(10)
    result = ATTACKS["pgd"](copy, images, labels)
    steps = 255 * result.images.astype(np.float64)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    assert (result.linf <= 0.1 + 1e-6).all()
    assert result.success.any()


def test_a_quantised_input_has_its_own_levels(files):
    with pytest.raises(ValueError, match="`levels` must be left out") as error:
        TfliteClassifier(files["int8"], levels=16)
    assert str(error.value).endswith("Received: levels=16")
    assert TfliteClassifier(files["int8"], levels=256).levels.count == 256


def test_a_file_for_one_image_at_a_time(dense_files):
    """The lift takes any number, and so does what judges."""
    copy = TfliteClassifier(dense_files["one"])
    images = dense.images(7).clip(*np.float32(copy.bounds))
    result = ak.attacks.PGD(0.3, steps=3)(copy, images)
    assert result.predictions.tolist() == (
        says(dense_files["one"], result.images).labels.tolist()
    )


def test_a_file_for_three_images_at_a_time(dense_files):
    copy = TfliteClassifier(dense_files["three"])
    images = dense.images(7).clip(*np.float32(copy.bounds))
    result = ak.attacks.PGD(0.3, steps=3)(copy, images)
    again = copy.predict(result.images)
    assert result.predictions.tolist() == again.tolist()


def test_what_the_interpreter_cannot_judge(no_classifiers):
    """One answer for all images."""
    copy = TfliteClassifier(no_classifiers["all as one"])
    images = dense.images(7).clip(*np.float32(copy.bounds))
    with pytest.raises(ValueError, match=r"`path` must be .* can run"):
        ak.attacks.PGD(0.3)(copy, images)


def test_what_runs_a_file_judges_it(tmp_path):
    """LiteRT refuses a bias that other kernels never look at the scale of."""
    path = tmp_path / "old.tflite"
    path.write_bytes(handmade.old_bias())
    with pytest.raises(CannotRunError, match="that litert can run"):
        TfliteClassifier(path, runtime="litert")
    with pytest.warns(UserWarning, match=r"old\.tflite: litert cannot .* tflm"):
        copy = ak.load(path)
    assert copy.runtime == "tflm"
    random = np.random.default_rng(0)
    images = random.uniform(-3, 3, (50, 1, 1, 4)).astype("f").clip(*copy.bounds)
    found = copy.predict(images)
    assert len(np.unique(found)) == 3
    assert (found == copy.lifted_predict(images)).mean() > 0.95


def test_a_runtime_is_of_tflite_files(files):
    assert ak.load(files["int8"], runtime="tflm").runtime == "tflm"
    with pytest.raises(ValueError, match="`runtime` must be left out"):
        ak.load("m1", runtime="tflm")


def test_answers_do_not_depend_on_the_batch(copies, test_digits):
    images, labels = test_digits.sample(8)
    for attack in (ATTACKS["fgsm"], ATTACKS["pgd"]):
        whole = attack(copies["int8"], images, labels, batch_size=8)
        parts = attack(copies["int8"], images, labels, batch_size=3)
        # A pixel of next to no gradient may go either way.
        differ = whole.images != parts.images
        assert differ.mean() < 1e-3


def test_without_labels_those_of_the_interpreter_are_attacked(
    copies, files, test_digits
):
    images = test_digits.images[:20]
    result = ATTACKS["fgsm"](copies["int8"], images)
    predicted = says(files["int8"], images).labels
    assert result.labels.tolist() == predicted.tolist()


def test_no_such_runtime(files):
    with pytest.raises(ValueError, match="`runtime` must be one of") as error:
        TfliteClassifier(files["int8"], runtime="tvm")
    assert str(error.value).endswith("Received: runtime='tvm'")


def test_no_such_file():
    with pytest.raises(ValueError, match=r"`path` must .* path='no\.tflite'"):
        TfliteClassifier("no.tflite")


def test_no_threads(files):
    with pytest.raises(ValueError, match="threads=0"):
        TfliteClassifier(files["int8"], threads=0)


def test_a_file_that_is_cut_short(broken_file):
    with pytest.raises(ValueError, match="`path` must be") as error:
        TfliteClassifier(broken_file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["two inputs", "two outputs", "image", "number"]
)
def test_a_file_that_is_no_classifier(name, no_classifiers):
    with pytest.raises(ValueError, match="Received: ") as error:
        TfliteClassifier(no_classifiers[name])
    assert "\n" not in str(error.value)


def test_the_interpreter_ends_with_the_classifier(files, test_digits):
    copy = TfliteClassifier(files["int8"])
    images = test_digits.images[:3]
    ATTACKS["fgsm"](copy, images)
    copy.lifted_predict(images)
    process = copy._interpreter._process
    assert process.poll() is None
    del copy
    gc.collect()
    assert process.poll() is not None


@pytest.fixture(scope="module")
def of_pixels(tmp_path_factory, classifiers):
    """The deep net as a file that takes 0 .. 255, unquantised, and its twin."""
    twin = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            classifiers["deep"].model,
        ]
    )
    given = keras.Input((28, 28, 1), dtype="uint8")
    model = keras.Model(given, twin(keras.ops.cast(given, "float32")))
    paths = ak.edge.export(
        ak.Classifier(model, (0, 255)),
        tmp_path_factory.mktemp("pixels"),
        "float32",
    )
    return paths["float32"], ak.Classifier(twin, (0, 255))


def test_integers_that_stand_for_themselves(of_pixels, test_digits):
    path, twin = of_pixels
    classifier = TfliteClassifier(path)
    assert classifier.bounds == (0, 255)
    assert classifier.levels.count == 256
    images, labels = test_digits.sample(30)
    images = np.rint(255 * images)
    for attack in (ak.attacks.FGSM(25.5), ak.attacks.LBFGS(c_rtol=0.5)):
        result = attack(classifier, images, labels)
        assert result.success.mean() > 0.5
        np.testing.assert_array_equal(result.images, np.rint(result.images))
        again = says(path, result.images).labels
        assert result.predictions.tolist() == again.tolist()
        assert again.tolist() == twin.predict(result.images).tolist()
    between = images + np.float32(0.4)
    assert classifier.lifted_predict(between).tolist() == (
        twin.predict(images).tolist()
    )


def test_a_file_of_integers_and_other_pixels(of_pixels, classifiers):
    with pytest.raises(ValueError, match=r"0 \.\. 1, .* holds 0 \.\. 255"):
        ak.edge.check_fits(of_pixels[0], classifiers["deep"])


def test_a_file_is_pickled_with_what_it_was_made_with(files, digits):
    for made in (
        TfliteClassifier(files["int8"], runtime="litert-reference"),
        ak.load(files["float32"], bounds=(0, 1), levels=256, lifted=False),
    ):
        again = pickle.loads(pickle.dumps(made))
        assert again.fingerprint() == made.fingerprint()
        assert again.bounds_from == made.bounds_from
        images = digits.images[:20]
        assert again.predict(images).tolist() == made.predict(images).tolist()
