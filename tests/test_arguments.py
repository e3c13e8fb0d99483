"""Every public function that is given pictures says what is wrong with them.

The functions are found, not listed: one that is new and in no table fails.
"""

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest
import tensorflow as tf

import advkeras as ak
from tests.takers import NAMES
from tests.takers import TAKERS
from tests.takers import N
from tests.takers import takers

# What parameters of these names mean, in every room.
IMAGES = {"images", "originals", "calibration", "x"}
LABELS = {"labels", "targets", "predictions", "y"}
SETS = {"data", "dataset", "train_set", "test_set"}
RESULTS = {"result", "results", "own", "transferred"}
AMOUNTS = {"bounds", "epsilon", "batch_size", "seed"}
MEANT = IMAGES | LABELS | SETS | RESULTS | AMOUNTS


def public():
    """Yields (room.name, function) of all that the packages give out."""
    seen = set()
    for module in pkgutil.walk_packages(ak.__path__, "advkeras."):
        if not module.ispkg or module.name == "advkeras.checks":
            continue
        package = importlib.import_module(module.name)
        for name in getattr(package, "__all__", ()):
            yield from _functions(getattr(package, name), seen)
    for name in ("Classifier", "load"):
        yield from _functions(getattr(ak, name), seen)


def _functions(value, seen):
    if not callable(value) or id(value) in seen:
        return
    seen.add(id(value))
    room = _room(value)
    if not inspect.isclass(value):
        if room:
            yield f"{room}.{value.__qualname__}", value
        return
    yield f"{room}.{value.__qualname__}", value
    for name, method in inspect.getmembers(value, callable):
        inherited = id(inspect.unwrap(method)) in seen
        if (name.startswith("_") and name != "__call__") or inherited:
            continue
        if _room(method) and hasattr(method, "__qualname__"):
            seen.add(id(inspect.unwrap(method)))
            yield f"{_room(method)}.{method.__qualname__}", method


def _room(value):
    parts = (getattr(value, "__module__", None) or "").split(".")
    return parts[1] if parts[0] == "advkeras" and len(parts) > 1 else ""


def parameters(function):
    """Returns name -> what it is said to be, as text."""
    try:
        found = inspect.signature(function).parameters
    except ValueError:  # built in
        return {}
    return {name: str(one.annotation) for name, one in found.items()}


# The same names with another meaning, as the annotation tells: a rule that
# chooses targets, the names of models, what results.json holds, a count.
ELSEWHERE = re.compile(
    r"<class 'str'>|str \| None|tuple\[str, \.\.\.\]|str \| os\.PathLike|"
    r"dict\[str, typing\.Any\]|int \| None|"
    r"collections\.abc\.Mapping\[str, typing\.Any\]|.*TensorSpec'>"
)


def meant(name, names):
    """Returns which of these parameters a function has, as they mean here."""
    return {
        key
        for key, annotation in parameters(FOUND[name]).items()
        if key in names and not ELSEWHERE.fullmatch(annotation)
    }


FOUND = dict(public())

# Name -> why nothing is asked of it here.
EXEMPT = {
    r"attacks\.\w+\.(generate|on_tensors|perturb)": (
        "works on what `__call__` or a step of `fit()` has checked"
    ),
    r"attacks\.\w+\.(judged|reached)": "is given what `__call__` found",
    r"(models|training)\.\w+\.(call|receptive_fields|compute_\w+|\w+_step)": (
        "Keras calls it; what `fit()` takes is tested in tests/training"
    ),
    r"classifier\.Classifier\.logits": "is part of a graph, without values",
    r"analysis\.(BasisTest|Comparison)": "holds what was measured",
    r"analysis\.random_directions": "a generator is a seed to it",
    r"report\.(Answers|PictureSet)": "holds what was found",
    r"report\.Run\.note": "notes what has been used",
    r"work\.(Folder|Unit)": "counts images, and has none",
    r"report\.Run\.attack_all": "is what `Run.attack` calls",
    r"evaluation\.answers_of": "is given what a model answered",
    r"edge\.Alike": "holds what runtimes have in common",
    r"edge\.Parting": "holds where runtimes part",
    r"edge\.Prediction": "holds what a runtime answered",
    r"edge\.Recorded\.\w+": "needs a device's file: tests/edge/test_devices",
    r"studies\.Context\.trained": "hands all to `train_to_file`",
    r"training\.Recipe": "is tested in tests/training/test_recipes",
    r"edge\.Way\.of": "is given what `white_box` has checked",
}


def exempt(name):
    return any(re.fullmatch(pattern, name) for pattern in EXEMPT)


def makers(classifier, tflite, folder):
    """Name -> what takes no images, but bounds, a budget, a set, a result."""
    digits = np.zeros((2, 28, 28, 1), np.uint8)
    some = ak.datasets.from_arrays(digits, [0, 1], NAMES)
    model = ak.models.build("fc10", seed=0)
    result = ak.attacks.FGSM(0.1)(classifier, some)
    lifted = ak.load(tflite)
    of_copy = ak.attacks.FGSM(0.1)(lifted, some)

    def of(function, *given, **named):
        return lambda **more: function(*given, **{**named, **more})

    def result_of(**more):
        return dataclasses.replace(result, **more)

    def set_of(**more):
        return dataclasses.replace(some, **more)

    def from_tf_data(**more):
        given = {"dataset": some.stream(), "class_names": NAMES, **more}
        return ak.datasets.from_tf_data(**given)

    return {
        "analysis.operator_norm": of(
            ak.analysis.spectrum.operator_norm, lambda x: 2 * x, (3,)
        ),
        "datasets.ImageSet.batches": of(some.batches),
        "datasets.ImageSet.chosen": of(some.chosen, 1),
        "datasets.ImageSet.sample": of(some.sample, 1),
        "models.build": of(ak.models.build, "fc10"),
        "studies.Context": of(
            ak.studies.Context, ak.report.Run(folder / "run", {})
        ),
        "analysis.brackets": of(
            ak.analysis.certificates.brackets, classifier, result=result
        ),
        **{
            f"attacks.{kind.__name__}": of(kind, epsilon=0.1)
            for kind in (
                ak.attacks.APGD,
                ak.attacks.Ensemble,
                ak.attacks.Evasive,
                ak.attacks.FGSM,
                ak.attacks.Noise,
                ak.attacks.PGD,
                ak.attacks.Square,
            )
        },
        "attacks.AttackResult": result_of,
        "attacks.check_result": of(
            lambda result: ak.attacks.check_result("result", result),
            result=result,
        ),
        "attacks.fooled": of(
            ak.attacks.fooled, predictions=result.labels, labels=result.labels
        ),
        "benchmark.Options": of(ak.benchmark.Options),
        "classifier.Classifier": of(ak.Classifier, model),
        "classifier.Classifier.fitting": of(classifier.fitting, data=some),
        "classifier.Classifier.check_fits": of(
            classifier.check_fits, data=some
        ),
        "datasets.ImageSet": set_of,
        "datasets.check_set": of(
            lambda data: ak.datasets.check_set("data", data), data=some
        ),
        "datasets.from_arrays": of(
            ak.datasets.from_arrays, images=digits, labels=[0, 1]
        ),
        "datasets.from_directory": of(ak.datasets.from_directory, folder),
        "datasets.from_tf_data": from_tf_data,
        "datasets.load": of(ak.datasets.load, "mnist5k"),
        "edge.TfliteClassifier": of(ak.edge.TfliteClassifier, tflite),
        "edge.survival": of(
            ak.edge.survival, results=result, variants={"int8": tflite}
        ),
        "edge.white_box": of(
            ak.edge.white_box, "int8", lifted, "fgsm", own=of_copy
        ),
        "evaluation.check_card": of(ak.evaluation.check_card, {}, data=some),
        "evaluation.robustness": of(
            lambda results: ak.evaluation.robustness({("fgsm", 0.1): results}),
            results=result,
        ),
        "evaluation.success_rates": of(
            ak.evaluation.success_rates, result=result
        ),
        "loading.load": of(ak.load, tflite),
        "models.L2Pooling2D": of(ak.models.layers.L2Pooling2D, 2),
        "models.LocalContrastNormalization": of(
            ak.models.layers.LocalContrastNormalization
        ),
        "report.gallery": of(
            ak.report.gallery,
            path=folder / "gallery.png",
            class_names=NAMES,
            result=result,
        ),
        "training.AdversarialTraining": of(
            ak.training.AdversarialTraining, model, ak.attacks.FGSM(0.1)
        ),
        "training.logistic_adversarial_loss": of(
            ak.training.logistic_adversarial_loss,
            ak.models.build("logistic"),
            epsilon=0.1,
        ),
        "training.train_to_file": of(
            ak.training.train_to_file,
            folder / "a.keras",
            "fc10",
            recipe=ak.training.Recipe("lbfgs", epochs=1),
            train_set=some,
            test_set=some,
        ),
    }


@pytest.fixture(scope="module")
def classifier(classifiers):
    return classifiers["linear"]


@pytest.fixture(scope="module")
def tflite(classifier, test_digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tflite")
    images = test_digits.images[:N]
    return ak.edge.export(classifier, folder, "int8", images)["int8"]


@pytest.fixture(scope="module")
def examples(test_digits):
    return test_digits.images[:N], test_digits.labels[:N]


def test_every_function_that_is_given_pictures_is_tried(
    classifier, tflite, tmp_path
):
    tables = set(TAKERS) | set(makers(classifier, tflite, tmp_path))
    needed = {name for name in FOUND if meant(name, MEANT) and not exempt(name)}
    assert needed == tables


def changed(images, value):
    """Returns the images, and one pixel in the middle of all is this."""
    images = images.copy()
    images[N // 2, 14, 14, 0] = value
    return images


# Kind -> what a caller gives for images.
NO_IMAGES = {
    "a word": lambda x: "digits",
    "rows of different lengths": lambda x: [[1.0, 2.0], [3.0]],
    "words": lambda x: np.full(x.shape, "a"),
    "booleans": lambda x: x > 0.5,
    "complex": lambda x: x + 1j,
    "none of them": lambda x: x[:0],
    "NaN": lambda x: changed(x, np.nan),
    "infinity": lambda x: changed(x, -np.inf),
    "a data set of none": lambda x: tf.data.Dataset.from_tensor_slices(x[:0]),
    "a data set of words": lambda x: tf.data.Dataset.from_tensors(["a"]),
}
MISSHAPEN = {
    "flat": lambda x: x.reshape(N, -1),
    "a pixel each": lambda x: x[:, 14, 14, 0],
    "one image": lambda x: x[0],
}
OTHER_SIZE = {
    "small": lambda x: x[:, :5, :5],
    "colour": lambda x: np.repeat(x, 3, axis=-1),
    "a data set of small ones": lambda x: tf.data.Dataset.from_tensors(
        x[:, :5, :5]
    ),
}
OUTSIDE = {
    "above": lambda x: changed(x, 1.1),
    "below": lambda x: changed(x, -0.1),
    "uint8": lambda x: np.round(x * 255).astype(np.uint8),
}
ROWS = {
    "one too few": lambda y: y[:-1],
    "one too many": lambda y: np.append(y, 0),
    "a number": lambda y: 3,
    "a word": lambda y: "labels",
    "rows of different lengths": lambda y: [[1], [2, 3]],
}
NO_LABELS = {
    "NaN": lambda y: np.full(N, np.nan),
    "halves": lambda y: y + 0.5,
    "words": lambda y: y.astype(str),
    "three columns": lambda y: np.stack([y] * 3, axis=1),
    "below 0": lambda y: np.where(y == y[3], -1, y),
}
NO_CLASS = {"above 9": lambda y: np.where(y == y[3], 10, y)}

# Name -> why such images are images to it.
OF_ANY_SHAPE = {
    "analysis.basis_test": "cosines are of rows of numbers",
    "analysis.compare": "as analysis.basis_test",
    "datasets.fingerprint_of": "there is no model",
}
OF_ANY_SIZE = {
    **OF_ANY_SHAPE,
    "evaluation.amplify": "there is no model",
    "evaluation.gaussian_noise": "there is no model",
    "report.unit_sheet": "there is no model",
}
UNBOUNDED = {
    **OF_ANY_SHAPE,
    "analysis.bounds": "a Keras model has none",
    "edge.Inspector.tensors": "a file has none: its input saturates",
    "edge.Interpreter.latencies": "as edge.Inspector.tensors",
    "edge.Interpreter.predict": "as edge.Inspector.tensors",
    "edge.TfliteClassifier.lifted_predict": "shows what an attack made",
    "edge.agreement": "as edge.Inspector.tensors",
    "edge.write_c_source": "as edge.Inspector.tensors",
    "report.unit_sheet": "a picture clips",
    "training.fit_lbfgs": "a Keras model has none",
    "training.pretrain_stages": "a Keras model has none",
    "training.train": "matter to a recipe with an attack alone",
}
OF_ANY_LABELS = {
    "classifier.Classifier.examples": "returns labels as they are",
    "datasets.examples_of": "returns labels as they are",
    "datasets.fingerprint_of": "there is no model",
}
OF_ANY_CLASS = {**OF_ANY_SHAPE, **OF_ANY_LABELS}


# What starts a process, and asks all of what another taker has asked.
SLOW = {
    "edge.Inspector.tensors",
    "edge.Interpreter.latencies",
    "edge.Interpreter.predict",
    "edge.write_c_source",
    "report.survival_report",
    "report.white_box_report",
}
FEW = (
    "images: none of them",
    "images: rows of different lengths",
    "images: small",
    "images: above",
    "labels: one too few",
    "labels: one too many",
)


def complaint(call, names):
    """Returns what is wrong with the error of a call; None if it is right."""
    try:
        found = call()
    except ValueError as error:
        said = str(error)
        right = re.match(f"`({'|'.join(names)})", said)
        if right and "Received: " in said and "\n" not in said:
            return None
        return said
    except Exception as error:
        return repr(error)
    return f"took them, and returned {found!r:.80}"


@pytest.mark.parametrize("name", TAKERS)
def test_what_are_no_images_or_labels(
    name, classifier, tflite, examples, tmp_path
):
    x, y = examples
    images = dict(NO_IMAGES)
    images |= {} if name in OF_ANY_SHAPE else MISSHAPEN
    images |= {} if name in OF_ANY_SIZE else OTHER_SIZE
    images |= {} if name in UNBOUNDED else OUTSIDE
    labels = {}
    if meant(name, {"labels"}):
        labels = dict(ROWS)
        labels |= {} if name in OF_ANY_LABELS else NO_LABELS
        labels |= {} if name in OF_ANY_CLASS else NO_CLASS
    # Of one image alone the labels are too many.
    images_named = {"images", "labels", *meant(name, IMAGES)}
    given = {
        f"images: {kind}": (images_named, make(x), y)
        for kind, make in images.items()
    } | {
        f"labels: {kind}": ({"labels"}, x, make(y))
        for kind, make in labels.items()
    }
    if name in SLOW:
        given = {kind: given[kind] for kind in FEW if kind in given}
    take = takers(classifier, tflite, tmp_path)[name]
    found = {
        kind: complaint(functools.partial(take, x, y), names)
        for kind, (names, x, y) in given.items()
    }
    assert not {kind: said for kind, said in found.items() if said}


# Of every parameter that is named so: values that none of them takes.
WRONG = {
    "bounds": [(1.0, 0.0), (0.0, np.nan), (0.0,), 1.0],
    "epsilon": [-1.0, 0.0, np.nan, np.inf, "a", (0.1, 0.0)],
    "batch_size": [0, 1.5, "a"],
    "seed": [-1, 1.5, "a"],
    "targets": [[0], [10] * N, ["a"] * N, [[1], [2, 3]]],
}


@pytest.mark.parametrize("name", TAKERS)
def test_amounts_of_what_takes_images(
    name, classifier, tflite, examples, tmp_path
):
    take = takers(classifier, tflite, tmp_path)[name]
    found = {
        f"{key}={value}": complaint(
            functools.partial(take, *examples, **{key: value}), {key}
        )
        for key in meant(name, WRONG)
        for value in WRONG[key]
    }
    assert not {kind: said for kind, said in found.items() if said}


PAIRS = {
    "attacks.AttackResult": {"images", "labels"},
    "attacks.fooled": {"labels"},
}
OTHERS = {
    **WRONG,
    **{key: [None, np.zeros((2, 28, 28, 1))] for key in SETS | RESULTS},
    **{key: [np.zeros((1, 28, 28, 1)), [[1], [2, 3]]] for key in IMAGES},
    **{key: [np.zeros(3, int)] for key in LABELS},
}


def test_what_takes_no_images(classifier, tflite, tmp_path):
    wrong = {}
    for name, make in makers(classifier, tflite, tmp_path).items():
        for key in meant(name, OTHERS):
            optional = parameters(FOUND[name])[key].endswith("| None")
            for value in OTHERS[key]:
                if value is None and optional:
                    continue
                call = functools.partial(make, **{key: value})
                # Where two do not fit either may be named.
                if said := complaint(call, {key} | PAIRS.get(name, set())):
                    wrong[f"{name}: {key}={value!r:.40}"] = said
    assert not wrong
