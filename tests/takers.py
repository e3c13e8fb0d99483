"""All that takes images, called: one table for the tests of what it is given.

Each is `taker(x, y, **more)` and returns numbers: x, y are the images and
labels, `more` are arguments by name that go in the place of its own.
"""

import functools
from pathlib import Path

import numpy as np

import advkeras as ak

N = 12
SHAPE = (28, 28, 1)
NAMES = [str(i) for i in range(10)]


def trained(images, labels, train):
    model = ak.models.build("fc10", seed=0)
    train(model, images, labels)
    return np.concatenate([w.ravel() for w in model.get_weights()])


def monitored(images, labels, **more):
    monitor = ak.report.AttackMonitor(
        ak.attacks.FGSM(0.1), images, labels, **more
    )
    monitor.set_model(ak.models.build("fc10", seed=0))
    monitor.on_train_begin()
    return np.append(monitor.images.ravel(), monitor.labels)


def encoded(images, **more):
    model = ak.models.build("ae400-10", seed=0)
    ak.training.pretrain_encoder(model, images, epochs=1, **more)
    return model.get_layer("encoder").get_weights()[0]


def staged(images, **more):
    model = ak.models.build("quocnet", input_shape=(28, 28, 1), maps=1)
    return ak.training.pretrain_stages(model, images, epochs=1, **more)


def sheet(comparison, images, path, **more):
    path.parent.mkdir(exist_ok=True)
    ak.report.unit_sheet(comparison.to_json(), images, path, **more)
    return len(path.read_bytes())


def on_runtime(path, name):
    def run(images):
        with ak.edge.start(path, "litert") as runtime:
            found = getattr(runtime, name)(images)
        return found.outputs if name == "predict" else len(found)

    return run


def inspected(path, images):
    with ak.edge.runtimes.Inspector(path) as inspector:
        index = inspector.input["index"]
        return inspector.tensors(images, [index])[index]


def takers(classifier, tflite, folder):
    """Name, as of test_arguments, -> what takes images and labels."""
    attack = ak.attacks.FGSM(0.1)
    units = ak.analysis.units
    phi = np.random.default_rng(0).random((N, 6)).astype(np.float32)
    recipe = ak.training.Recipe("lbfgs", epochs=1)
    copies = {"int8": tflite}

    @functools.cache
    def lifted():
        return ak.load(tflite)

    def run(name):
        return ak.report.Run(folder / name, {})

    def compared(x, y, **more):
        return units.compare(phi, y, x, **{"k": 3, **more})

    return {
        "attacks.Attack.__call__": lambda x, y, **more: (
            attack(classifier, x, y, **more).images
        ),
        "classifier.Classifier.predict": lambda x, y, **more: (
            classifier.predict(x, **{"batch_size": 4, **more})
        ),
        "classifier.Classifier.batches": lambda x, y, **more: np.concatenate(
            list(classifier.batches(x, **{"batch_size": 4, **more}))
        ),
        "classifier.Classifier.examples": lambda x, y: classifier.examples(
            x, y
        )[0],
        "datasets.batches_of": lambda x, y, **more: np.concatenate(
            list(
                ak.datasets.batches_of(
                    x,
                    **{
                        "bounds": (0.0, 1.0),
                        "shape": SHAPE,
                        "batch_size": 4,
                        **more,
                    },
                )
            )
        ),
        "datasets.examples_of": lambda x, y, **more: ak.datasets.examples_of(
            x, y, **{"bounds": (0.0, 1.0), "shape": SHAPE, **more}
        )[0],
        "datasets.images_of": lambda x, y, **more: ak.datasets.images_of(
            x, **{"bounds": (0.0, 1.0), "shape": SHAPE, **more}
        ),
        "edge.TfliteClassifier.predict": lambda x, y, **more: lifted().predict(
            x, **{"batch_size": 4, **more}
        ),
        "edge.TfliteClassifier.lifted_predict": lambda x, y, **more: (
            lifted().lifted_predict(x, **{"batch_size": 4, **more})
        ),
        "evaluation.trust": lambda x, y, **more: [
            check.holds
            for check in ak.evaluation.trust(
                classifier, x, y, **{"examples": 4, **more}
            ).checks
        ],
        "evaluation.clean_accuracy": lambda x, y: (
            ak.evaluation.clean_accuracy(classifier, x, y).right.count
        ),
        "evaluation.check_accuracy": lambda x, y: (
            ak.evaluation.check_accuracy(classifier, x, y).right.count
        ),
        "evaluation.robust_accuracy": lambda x, y, **more: [
            rate.count
            for rate in ak.evaluation.robust_accuracy(
                classifier, x, y, [0.1], **more
            ).rates
        ],
        "evaluation.transfer_matrix": lambda x, y, **more: (
            ak.evaluation.transfer_matrix(
                {"a": classifier}, attack, x, y, **more
            )
            .rows[0]
            .distortion
        ),
        "evaluation.gaussian_noise": lambda x, y, **more: (
            ak.evaluation.gaussian_noise(x, 0.1, **more)
        ),
        "evaluation.amplify": lambda x, y, **more: ak.evaluation.amplify(
            x, x, 0.1, **more
        ),
        "analysis.radii": lambda x, y, **more: ak.analysis.certificates.radii(
            classifier, x, labels=y, **more
        ),
        "analysis.nearest": lambda x, y, **more: (
            ak.analysis.certificates.nearest(
                classifier, x, **{"targets": 1, "attack": attack, **more}
            ).images
        ),
        "analysis.features": lambda x, y, **more: units.features(
            classifier, x, **{"batch_size": 4, **more}
        ),
        "analysis.compare": lambda x, y, **more: (
            compared(x, y, **more).of_units.similarity
        ),
        "analysis.basis_test": lambda x, y, **more: units.basis_test(
            phi, y, x, k=3, bases=9, **more
        ).natural["similarity"],
        "report.unit_sheet": lambda x, y, **more: sheet(
            compared(x, y), x, folder / "sheet.png", **more
        ),
        "analysis.bounds": lambda x, y, **more: (
            ak.analysis.spectrum.bounds(
                classifier.model, images=x, **more
            ).lower
        ),
        "edge.export": lambda x, y: len(
            ak.edge.export(classifier, folder / "tflite", "int8", x, labels=y)[
                "int8"
            ].read_bytes()
        ),
        "edge.agreement": lambda x, y: ak.edge.agreement(tflite, x).n,
        "edge.Interpreter.predict": lambda x, y: on_runtime(tflite, "predict")(
            x
        ),
        "edge.Interpreter.latencies": lambda x, y: on_runtime(
            tflite, "latencies"
        )(x),
        "edge.Inspector.tensors": lambda x, y: inspected(tflite, x),
        "edge.write_c_source": lambda x, y: len(
            ak.edge.write_c_source(tflite, folder / "c", x, y)[3].read_text()
        ),
        "report.AttackMonitor": monitored,
        "datasets.fingerprint_of": lambda x, y: len(
            ak.datasets.fingerprint_of(x, y)
        ),
        "training.train": lambda x, y, **more: trained(
            x, y, lambda *given: ak.training.train(*given, recipe, **more)
        ),
        "training.fit_lbfgs": lambda x, y: trained(
            x, y, lambda *given: ak.training.fit_lbfgs(*given, 1)
        ),
        "training.fit_layerwise": lambda x, y, **more: trained(
            x,
            y,
            lambda *given: ak.training.fit_layerwise(
                *given, {}, epochs=1, **more
            ),
        ),
        "training.pretrain_encoder": lambda x, y, **more: encoded(x, **more),
        "training.pretrain_stages": lambda x, y, **more: staged(x, **more),
        "report.Run.attack": lambda x, y, **more: (
            run("run").attack("a", attack, classifier, x, y, **more).images
        ),
        "report.trust_report": lambda x, y, **more: len(
            ak.report.trust_report(
                run("trust"), {"a": classifier}, x, y, 0.1, **more
            )
        ),
        "report.transfer_report": lambda x, y, **more: (
            ak.report.transfer_report(
                run("transfer"),
                {"a": classifier},
                {"fgsm": attack},
                x,
                y,
                **more,
            )["matrices"]["fgsm"]["n"]
        ),
        "report.robustness_report": lambda x, y, **more: (
            ak.report.robustness_report(
                run("robustness"),
                "a",
                classifier,
                {"fgsm@0.1": attack},
                x,
                y,
                **more,
            )["robustness"]["clean"]["count"]
        ),
        "report.evaluation_report": lambda x, y, **more: (
            ak.report.evaluation_report(
                run("evaluation"),
                "a",
                classifier,
                {"fgsm@0.1": attack},
                x,
                y,
                {},
                checks={},
                **more,
            )["robustness"]["clean"]["count"]
        ),
        "report.survival_report": lambda x, y, **more: (
            ak.report.survival_report(
                run("survival"),
                "a",
                classifier,
                {"fgsm": attack},
                x,
                y,
                copies,
                runtimes=("litert",),
                **more,
            )["survival"]["attacks"]["fgsm"]["n"]
        ),
        "report.white_box_report": lambda x, y, **more: (
            ak.report.white_box_report(
                run("white"),
                "a",
                None,
                {"fgsm": attack},
                x,
                y,
                copies,
                **{"bounds": (0.0, 1.0), "share": 0.1, **more},
            )["rows"][0]["clean"]["count"]
        ),
    }


TAKERS = list(takers(None, None, Path()))
