"""Export of nets as other people make them: true files, or a line that says."""

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from advkeras.edge import judging
from advkeras.edge.export import export
from tests.edge import strangers
from tests.edge.strangers import outputs


@pytest.fixture(scope="module")
def images(digits):
    return digits.images[:30]


def card_of(path):
    return ak.models.read_card(path)


def close(path, model, images, tolerance=1e-5):
    """Whether a file says what a model does, of the range of that."""
    expected = model.predict(images, verbose=0).astype(np.float64)
    off = np.abs(outputs(path, images) - expected).max()
    return off < tolerance * np.ptp(expected)


def test_augmentation_is_left_out(tmp_path, images):
    model = strangers.augmented()
    paths = export(model, tmp_path, ("float32", "int8"), images)
    assert paths.skipped == {}
    assert paths.warnings == []
    assert close(paths["float32"], model, images)
    assert close(paths["int8"], model, images, 0.05)


def test_a_saved_model_that_augments_says_so(tmp_path, images):
    strangers.augmented().export(tmp_path / "saved", verbose=False)
    with pytest.warns(UserWarning, match="saved: the SavedModel draws anew"):
        classifier = ak.load(tmp_path / "saved", bounds=(0, 1))
    assert classifier.draws == 8
    paths = export(classifier, tmp_path / "out", "float32")
    assert "draws anew at every call" in paths.warnings[0]
    assert "StatelessRandom" in paths.skipped["float32"]


def test_a_runtime_that_computes_another_model_is_named(tmp_path, images):
    """TensorFlow Lite Micro, of a dilated convolution for any batch."""
    model = strangers.net(strangers.layers.Conv2D(4, 3, dilation_rate=2))
    pytest.importorskip("tflite_micro")
    paths = export(model, tmp_path, ("float32", "int8"), images)
    assert [line.split(",")[0] for line in paths.warnings] == [
        "float32: tflm runs it",
        "int8: tflm runs it",
    ]
    assert close(paths["float32"], model, images)


def test_flips_alone_are_noticed(tmp_path):
    """Of four images, flipped or not: two passes are often the same."""
    flips = strangers.layers.RandomFlip("horizontal")
    strangers.net(flips).export(tmp_path / "saved", verbose=False)
    for _ in range(8):
        with pytest.warns(UserWarning, match="draws anew"):
            ak.load(tmp_path / "saved", bounds=(0, 1))


def test_pixels_of_bytes(tmp_path, images):
    """They are calibrated as bytes; int16 takes them as whole numbers."""
    model = strangers.of_bytes()
    pixels = np.rint(255 * images)
    classifier = ak.Classifier(model, bounds=(0, 255))
    variants = ("float32", "int8", "int16x8")
    paths = export(classifier, tmp_path, variants, pixels)
    assert paths.skipped == {}
    inputs = {name: card_of(path)["input"] for name, path in paths.items()}
    types = {name: one["dtype"] for name, one in inputs.items()}
    assert types == {"float32": "uint8", "int8": "uint8", "int16x8": "int16"}
    assert inputs["int16x8"]["scale"] == pytest.approx(255 / 32767)
    for name, path in paths.items():
        assert close(path, model, pixels, 1e-5 if name == "float32" else 0.05)


@pytest.mark.parametrize(
    ("make", "dtype", "tolerance"),
    [
        (strangers.in_double, "float64", 1e-5),
        (strangers.in_half, "float16", 0.01),
    ],
)
def test_other_floats_become_float32(tmp_path, images, make, dtype, tolerance):
    model = make()
    weights = model.get_weights()
    paths = export(model, tmp_path, ("float32", "int8"), images)
    assert paths.skipped == {}
    assert f"computes in {dtype}, its files in float32" in paths.warnings[0]
    assert close(paths["float32"], model, images, tolerance)
    assert close(paths["int8"], model, images, 0.05)
    assert all(map(np.array_equal, weights, model.get_weights()))


class Subclassed(strangers.keras.Model):
    """Has no configuration to rebuild it from."""

    def __init__(self):
        super().__init__(dtype="float64")
        self.dense = strangers.layers.Dense(10, dtype="float64")

    def call(self, images):
        flat = strangers.keras.ops.reshape(images, (-1, 784))
        return self.dense(flat)


def test_floats_that_stay_what_they_are_are_named(tmp_path, images):
    model = Subclassed()
    model(images)
    reason = export(model, tmp_path, "float32").skipped["float32"]
    assert reason.startswith("no TFLite kernel for MatMul")
    assert "computes in float64" in reason


@pytest.mark.parametrize("rows", [1, None])
def test_a_loop_of_one_image_at_a_time(tmp_path, images, rows):
    """In floats; the quantiser would take the process with it."""
    model = strangers.recurrent(batch_size=rows)
    paths = export(model, tmp_path, ("float32", "int8"), images, batch_size=1)
    assert card_of(paths["float32"])["input"]["shape"] == [1, 28, 28, 1]
    assert close(paths["float32"], model, images)
    assert "WHILE" in paths.skipped["int8"]
    assert "unroll=True" in paths.skipped["int8"]


def test_a_relu_above_a_product_is_kept(tmp_path, images):
    """The converter fuses it into a BATCH_MATMUL, which has none."""
    model = strangers.multiplying()
    paths = export(model, tmp_path, ("float32", "int8"), images)
    assert paths.skipped == {}
    assert "BATCH_MATMUL" not in card_of(paths["float32"])["operators"]
    assert close(paths["float32"], model, images)
    assert close(paths["int8"], model, images, 0.1)


@pytest.mark.slow
def test_what_the_converter_changes_is_refused(tmp_path, images, monkeypatch):
    """Were there no other way to convert a product."""
    monkeypatch.setattr(
        tf.lite.TFLiteConverter.__mro__[-2],  # what all converters are
        "unfold_batchmatmul",
        property(lambda _: False, lambda *_: None),
        raising=False,
    )
    paths = export(strangers.multiplying(), tmp_path, ("dynamic",), images)
    assert paths == {}
    reason = paths.skipped["dynamic"]
    assert "another model of it, first at layer 'lost'" in reason
    assert not list(tmp_path.iterdir())


def test_one_output_is_written_and_several_are_not(tmp_path, images):
    given = strangers.keras.Input((28, 28, 1))
    flat = strangers.layers.Flatten()(given)
    heads = [strangers.layers.Dense(units)(flat) for units in (10, 3)]
    several = ak.Classifier(strangers.keras.Model(given, heads), output=0)
    said = r"`model` must be .* 2 outputs; keras.Model\(model.inputs, model.out"
    with pytest.raises(ValueError, match=said):
        export(several, tmp_path, "float32")
    named = ak.Classifier(strangers.keras.Model(given, {"digit": heads[0]}))
    paths = export(named, tmp_path, "float32", images)
    assert card_of(paths["float32"])["agreement"]["value"] == 1


def test_a_file_that_a_runtime_refuses(tmp_path, images):
    paths = export(strangers.dead(), tmp_path, "int8", images)
    card = card_of(paths["int8"])
    assert list(card["runtimes"])[:2] == ["litert", "litert-reference"]
    assert "XNNPACK" in card["runtimes"]["litert"]
    assert card["runtimes"]["litert-reference"] is None
    assert paths.warnings[0].startswith("int8: litert cannot run it: ")
    assert card["warnings"] == [
        x.removeprefix("int8: ") for x in paths.warnings
    ]
    assert card["agreement"]["n"] == 8  # of the slow kernels
    with pytest.raises(ValueError, match="XNNPACK"):
        ak.edge.start(paths["int8"], "litert")


def test_the_operator_that_a_runtime_lacks_is_named(tmp_path):
    for activation, runtime in (("elu", "litert-reference"), ("gelu", "tflm")):
        layer = strangers.layers.Conv2D(4, 3, activation=activation)
        paths = export(strangers.net(layer), tmp_path, "float32")
        said = f"{runtime} has no kernel for {activation.upper()}"
        found = card_of(paths["float32"])["runtimes"]
        assert found.get(runtime, said) == said  # tflm is an extra
        # No surprise where microcontrollers lack something.
        assert bool(paths.warnings) == (runtime != "tflm")


def test_a_calibration_of_few_values(tmp_path, images):
    """As one of 0 to 1 for a model of 0 to 255."""
    rescaled = strangers.net(strangers.layers.Rescaling(1 / 255))
    classifier = ak.Classifier(rescaled, bounds=(0, 255))
    paths = export(classifier, tmp_path, "int8", images)
    said = "calibration: its images span 0 .. 1, 0.4% of the bounds 0 .. 255"
    assert said in paths.warnings[0]


@pytest.mark.parametrize(
    ("scale", "bounds", "said"),
    [
        (0, (0, 1), "span 0 .. 0, 0.0% of"),
        (0.49, (0, 1), "span 0 .. 0.49, 49.0% of"),
        (0.51, (0, 1), None),
        (1, ((-1.0, -2.0), (1.0, 4.0)), "span -1 .. 1, 0.0% of"),
    ],
)
def test_what_share_of_the_bounds_a_calibration_holds(scale, bounds, said):
    channels = np.size(bounds[0])
    random = np.random.default_rng(0)
    images = scale * random.integers(0, 2, (4, 28, 28, channels)) * 1.0
    if channels > 1:
        images[:] = -1, 1
    classifier = ak.Classifier(strangers.net(shape=(28, 28, channels)), bounds)
    lines = judging.of_model(classifier, images.astype(np.float32))
    assert judging.of_model(classifier, None) == []
    assert lines == [] if said is None else said in lines[0]


@pytest.mark.slow
def test_a_file_that_reads_worse_than_its_model(tmp_path, classifiers, digits):
    linear = classifiers["linear"].model
    images, labels = digits.images[:200], digits.labels[:200]
    coarse = strangers.coarse(linear)
    paths = export(coarse, tmp_path, ("float32", "int8"), images, labels=labels)
    whole = ak.Classifier(coarse).predict(images)
    card = card_of(paths["float32"])
    assert card["accuracy"]["count"] == (whole == labels).sum()
    assert card["agreement"]["value"] == 1
    assert card["warnings"] == []
    accuracy = card_of(paths["int8"])["accuracy"]["value"]
    assert accuracy < 0.5
    # Where tflm is installed, it has no kernel for this one.
    assert paths.warnings[-1] == (
        f"int8: reads {accuracy:.1%} of 200 calibration images, the model "
        f"{(whole == labels).mean():.1%}"
    )
    # Without labels, by what the model says.
    *_, line = export(coarse, tmp_path, "int8", images).warnings
    assert line.endswith("% of 200 images as the model does")
    # A data set has its own, and a model that keeps its numbers together
    # loses nothing.
    good = export(linear, tmp_path, "int8", digits)
    assert good.warnings == []
    assert card_of(good["int8"])["accuracy"]["n"] == 256


def test_labels_are_checked(tmp_path, images):
    with pytest.raises(ValueError, match="`labels`"):
        export(strangers.net(), tmp_path, "int8", images, labels=[1, 2, 3])


def test_keras_int8_layers_are_refused_before_any_work(tmp_path, images):
    paths = export(strangers.quantised("int8"), tmp_path, "float32")
    assert "quantize('int8')" in paths.skipped["float32"]


@pytest.mark.slow
def test_keras_int4_layers_take_more_room(tmp_path, images):
    model = strangers.quantised("int4")
    kept = sum(weights.nbytes for weights in model.get_weights())
    paths = export(model, tmp_path, "float32", images)
    assert close(paths["float32"], model, images)
    size = paths["float32"].stat().st_size
    assert size > 4 * 784 * 300  # of the floats that it was
    assert paths.warnings == [
        f"float32: {size} bytes, of a model that Keras quantised to {kept}: "
        "TFLite has no such weights"
    ]


def check_attacked(classifier, images):
    """Its weights are constants; of images there are gradients."""
    classifier.check_differentiable()
    labels = classifier.predict(images)
    for attack in (
        ak.attacks.FGSM(classifier.epsilon(0.3)),
        ak.attacks.LBFGS(max_iterations=20),
    ):
        found = attack(classifier, images, labels)
        assert found.success.mean() > 0.5, attack
        assert (classifier.predict(found.images) != labels)[found.success].all()


@pytest.mark.parametrize(
    "mode", ["int8", pytest.param("int4", marks=pytest.mark.slow)]
)
def test_what_keras_quantised_is_attacked(digits, mode):
    classifier = ak.Classifier(strangers.quantised(mode))
    check_attacked(classifier, digits.images[:8])


@pytest.mark.slow
def test_what_gptq_quantised_is_attacked_and_exported(tmp_path, images):
    """Its configuration holds itself: Keras cannot write it, nor clone it."""
    pixels = np.rint(255 * images).astype(np.float32)
    model = strangers.of_gptq(pixels[:16])
    assert ak.models.quantization(model) == "gptq"
    classifier = ak.Classifier(model, bounds=(0, 255))
    check_attacked(classifier, pixels[:8])
    with pytest.raises(ValueError, match="to be computed in float64"):
        classifier.in_float64()
    paths = export(classifier, tmp_path, ("float32", "int8"), pixels)
    assert paths.skipped == {}
    assert close(paths["float32"], model, pixels)
    assert close(paths["int8"], model, pixels, 0.05)
    kept = sum(weights.nbytes for weights in model.get_weights())
    assert [line.partition(", ")[2] for line in paths.warnings] == [
        f"of a model that Keras quantised to {kept}: TFLite has no such weights"
    ] * 2
