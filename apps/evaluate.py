r"""One model of your own, on pictures of your own: can it be fooled?

python -m apps.evaluate --model=FILE --dataset=FOLDER --output=output/mine

Accuracy as it is and under changes of several sizes, the smallest changes, the
.tflite copies that a device would run, and what says whether to trust all that:
printed, and as a page.
"""

from typing import Any

from absl import flags

from . import _common
from . import _edge
from . import _models
from . import _running
from . import _seeds
from . import _work

FLAGS = flags.FLAGS

flags.DEFINE_integer("threads", 1, "Threads of an interpreter.", lower_bound=1)
flags.DEFINE_bool(
    "white_box", True, "Whether to attack the copies themselves as well."
)
_edge.define(
    examples=128,
    overshoots="1,1.1",
    runtimes="; device:FILE for a device_results.json",
    attack="fgsm,pgd,lbfgs",
    epsilon="1/255,2/255,4/255,8/255,16/255,32/255",
    variants="float32,float16,dynamic,int8,int16x8",
    on="litert,tflm",
)
_seeds.define()
_common.define_output("output/evaluate", "The folder to write.")


def main() -> None:
    """Evaluates the model; with --seeds again and again, and sums it up."""
    _seeds.each("evaluate", evaluate)


def evaluate() -> tuple[dict[str, Any], list[str]]:
    """Evaluates the model, and writes the page.

    Returns:
        What results.json holds, and what was found in words.
    """
    import advkeras as ak

    names = _common.attack_names()
    kinds = set(names.values())
    if not any("epsilon" in ak.attacks.hyper_parameters(n) for n in kinds):
        raise ValueError(
            "`attack` must name one that has an epsilon, such as pgd. "
            f"Received: attack={','.join(names)!r}"
        )
    _work.check()
    _common.shares()
    overshoots = _common.numbers("overshoots")
    runtimes = _edge.named_runtimes()
    ak.edge.check_settings(runtimes, overshoots, FLAGS.camera, FLAGS.threads)
    subject = _edge.subject()
    name, classifier = next(iter(subject.attacked.items()))
    attacks = _common.attacks(classifier.bounds)
    _models.check_gradients(subject.attacked, attacks)
    command = _common.command("evaluate")
    run = ak.report.Run(FLAGS.output, subject.settings)
    _models.introduce(name, classifier)
    images, labels = _common.sample(subject.data, FLAGS.examples)
    right = ak.evaluation.clean_accuracy(classifier, images, labels)
    print(right.in_words(), flush=True)
    variants, skipped = _edge.copies(
        subject, run.output / "tflite", command, needed=False
    )
    with _work.engine() as run.engine:
        results = ak.report.evaluation_report(
            run,
            name,
            classifier,
            attacks,
            images,
            labels,
            variants,
            runtimes=runtimes,
            overshoots=overshoots,
            camera=FLAGS.camera,
            threads=FLAGS.threads,
            white_box=FLAGS.white_box and classifier.exact,
            seed=FLAGS.seed,
        )
    sentences = [
        *(f"{key} was not exported: {why}" for key, why in skipped.items()),
        *ak.report.evaluation_in_words(results),
    ]
    results = run.finish(
        {
            "dataset": _common.described(subject.data),
            **results,
            "not_exported": skipped,
            "in_words": sentences,
        },
        command,
    )
    page = run.output / "index.html"
    ak.report.write_page(
        page,
        f"Can {name} be fooled?",
        sentences,
        [
            *ak.report.evaluation_sections(results),
            ak.report.trust_section(results),
        ],
        results,
        ak.report.pictures(
            run.output, subject.data.class_names, results["pictured"]
        ),
    )
    ak.tables.show(ak.report.evaluation_tables(results))
    print(*ak.report.trust_in_words(results), sep="\n")
    print(*sentences, sep="\n")
    print(f"The page: {page}")
    return results, sentences


if __name__ == "__main__":
    _running.run(main)
