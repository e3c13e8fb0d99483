"""The whole way on 5,000 embedded digits: train, attack, transfer, edge, page.

python -m apps.quickstart --output=output/quickstart
"""

from pathlib import Path

from absl import flags

from . import _common
from . import _running

FLAGS = flags.FLAGS

# Szegedy et al. 2013, section 4.2: one net, another architecture on the same
# images, and the same architecture on other images.
NETS = {
    "m1": ("fc100-100-10", "train[:2000]", 0),
    "m1-prime": ("fc123-456-10", "train[:2000]", 0),
    "m2": ("fc100-100-10", "train[2000:]", 1),
}

_common.define_seed()
_common.define_output("output/quickstart", "The folder to write.")


def main() -> None:
    """Runs all stages; each is skipped where its result is there already."""
    import dataclasses

    import advkeras as ak

    output = Path(FLAGS.output)
    command = _common.command("quickstart")
    attacks = {
        "fgsm": ak.attacks.FGSM(epsilon=0.1),
        "lbfgs": ak.attacks.LBFGS(),
    }
    # Of one net, how accuracy falls as changes grow.
    budgets = {
        f"{name}@{epsilon}": attack(epsilon=epsilon)
        for name, attack in (("fgsm", ak.attacks.FGSM), ("pgd", ak.attacks.PGD))
        for epsilon in (0.02, 0.05, 0.1, 0.2, 0.3)
    }
    run = ak.report.Run(
        output,
        {
            **_common.settings(),
            "attacks": {k: repr(v) for k, v in (attacks | budgets).items()},
        },
    )
    test_set = ak.datasets.load("mnist5k", "test")
    models, cards = {}, {}
    for name, (network, split, seed) in NETS.items():
        path = output / "models" / f"{name}.keras"
        cards[name] = ak.training.train_to_file(
            path,
            network,
            ak.datasets.load("mnist5k", split),
            test_set,
            dataclasses.replace(ak.training.recipe(network), epochs=300),
            seed=seed + FLAGS.seed,
            command=command,
            progress=True,
        )
        models[name] = ak.load(path)

    images, labels = test_set.sample(256, FLAGS.seed)
    checks = ak.report.trust_report(
        run, models, images, labels, share=0.1, seed=FLAGS.seed
    )
    report = ak.report.transfer_report(
        run,
        models,
        attacks,
        images,
        labels,
        seed=FLAGS.seed,
    )
    calibration = ak.datasets.load("mnist5k", NETS["m1"][1])
    variants = ak.edge.export(
        models["m1"],
        output / "tflite",
        calibration=calibration.sample(300, FLAGS.seed)[0],
        provenance={"command": command},
    )
    found = ak.report.evaluation_report(
        run,
        "m1",
        models["m1"],
        {**budgets, "lbfgs": attacks["lbfgs"]},
        images,
        labels,
        variants,
        runtimes=ak.edge.installed(ak.edge.DEFAULT_RUNTIMES),
        checks=checks,
        seed=FLAGS.seed,
    )
    sentences = [
        *ak.report.in_words(report["matrices"]["lbfgs"]),
        *ak.report.evaluation_in_words(found),
    ]
    results = run.finish(
        {
            **report,
            "checks": found.pop("checks"),
            "evaluation": found,
            "cards": cards,
            "in_words": sentences,
        },
        command,
    )
    ak.report.write_page(
        output / "index.html",
        "Can three small nets be fooled, and by each other's examples?",
        sentences,
        [
            *ak.report.transfer_sections(results),
            *ak.report.evaluation_sections(results["evaluation"]),
            ak.report.trust_section(results),
        ],
        results,
        ak.report.pictures(
            output,
            test_set.class_names,
            [
                *(f"{attack}-{name}" for attack in attacks for name in models),
                *results["evaluation"]["pictured"],
            ],
        ),
    )
    for matrix in results["matrices"].values():
        ak.tables.show(ak.report.transfer_tables(matrix))
    ak.tables.show(ak.report.evaluation_tables(results["evaluation"]))
    print(*ak.report.trust_in_words(results), sep="\n")
    print(*sentences, sep="\n")
    print(f"The page: {output / 'index.html'}")


if __name__ == "__main__":
    _running.run(main)
