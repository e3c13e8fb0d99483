r"""Do adversarial images still fool the .tflite copies of a model?

python -m apps.edge_eval --model=m1 --dataset=mnist --attack=fgsm,lbfgs \
    --epsilon=0.1 --examples=1000,256 --output=output/edge/m1

Both ways: images made on the float model, and on each copy by its own
gradients. --attack=evasive fools the copies where the float model stays right.

python -m apps.edge_eval --model=foreign.h5 --bounds=0,255 \
    --tflite=their_int8.tflite --dataset=cifar10

Without --model the .tflite files themselves are all there is to attack:

python -m apps.edge_eval --tflite=their_int8.tflite --dataset=cifar10
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from absl import flags

from . import _common
from . import _edge
from . import _models
from . import _running
from . import _seeds
from . import _work

if TYPE_CHECKING:
    import numpy as np

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "examples", "256", "Random images to attack: one number, or one an attack."
)
flags.DEFINE_integer("threads", 1, "Threads of an interpreter.", lower_bound=1)
flags.DEFINE_bool(
    "white_box", True, "Whether to attack the copies themselves as well."
)
_edge.define(
    examples=None,
    overshoots="1,1.02,1.05,1.1,1.2",
    runtimes="; device:FILE for a device_results.json",
    model=None,
)
_seeds.define()
_common.define_output("output/edge", "The folder to write.")


def main() -> None:
    """Attacks and asks; with --seeds again and again, and sums it up."""
    _seeds.each("edge_eval", evaluate)


def evaluate() -> tuple[dict[str, Any], list[str]]:
    """Attacks the float model and its copies, and shows what becomes of it.

    Returns:
        What results.json holds, and what was found in words.
    """
    import advkeras as ak
    from advkeras import files

    names = _common.attack_names(evasive=True)
    asked = dict(zip(names, _counts(len(names)), strict=True))
    _work.check()
    _common.shares()
    overshoots = _common.numbers("overshoots")
    runtimes = _edge.named_runtimes()
    ak.edge.check_settings(runtimes, overshoots, FLAGS.camera, FLAGS.threads)
    if "evasive" in names.values() and FLAGS.tflite and not FLAGS.model:
        raise ValueError(
            "`model` must be given for attack evasive: the float model that "
            "is to stay right. Received: model=None"
        )
    subject = _edge.subject()
    attacks = _common.attacks(subject.bounds, reference=subject.classifier)
    counts = {name: asked[name.partition("@")[0]] for name in attacks}
    _models.check_gradients(subject.attacked, attacks)
    command = _common.command("edge_eval")
    run = ak.report.Run(FLAGS.output, subject.settings)
    variants, skipped = _edge.copies(subject, run.output / "tflite", command)
    images, labels = _common.sample(subject.data, max(counts.values()))
    for name, model in subject.attacked.items():
        _models.introduce(name, model)
    with _work.engine() as run.engine:
        results = _measured(
            run, subject, variants, (images, labels), attacks, counts
        )
    results["not_exported"] = skipped
    ak.report.check_any_copy(results)
    results = run.finish(
        {
            "source": subject.name,
            "dataset": _common.described(subject.data),
            **results,
        },
        command,
    )
    written = {
        part: markdown
        for part, markdown in (
            ("survival", ak.report.survival_markdown),
            ("white_box", ak.report.white_box_markdown),
        )
        if part in results
    }
    for part, markdown in written.items():
        with files.replacing(run.output / f"{part}.md") as temporary:
            temporary.write_text(markdown(results), "utf-8")
    said = ak.report.edge_in_words(results)
    ak.report.write_page(
        run.output / "index.html",
        f"Do changed images still fool the copies of {subject.name}?",
        said,
        [
            *ak.report.edge_sections(
                results, f"The .tflite copies of {subject.name}"
            ),
            ak.report.trust_section(results),
        ],
        results,
        ak.report.pictures(
            run.output, subject.data.class_names, results.get("pictured", ())
        ),
    )
    ak.tables.show(ak.report.edge_tables(results))
    print(*ak.report.trust_in_words(results), sep="\n")
    print(*said, sep="\n")
    parts = [f"{part}.md" for part in written]
    paths = ", ".join(["index.html", "results.json", *parts])
    print(f"Written to {FLAGS.output}: {paths}.")
    return results, said


def _measured(
    run: Any,
    subject: _edge.Subject,
    variants: Mapping[str, Path],
    shown: "tuple[np.ndarray, np.ndarray]",
    attacks: Mapping[str, Any],
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """Returns what becomes of examples on the copies, for results.json."""
    import advkeras as ak

    runtimes, overshoots = _edge.named_runtimes(), _common.numbers("overshoots")
    images, labels = shown
    share = _common.shares()[0]
    results: dict[str, Any] = {
        "checks": ak.report.trust_report(
            run, subject.attacked, images, labels, share, FLAGS.seed
        ),
    }
    # The evasive attack aims at one copy: there is nothing to transfer.
    aimed = {
        k: v
        for k, v in attacks.items()
        if not isinstance(v, ak.attacks.Evasive)
    }
    if subject.classifier is not None and aimed:
        results |= ak.report.survival_report(
            run,
            subject.name,
            subject.classifier,
            aimed,
            images,
            labels,
            variants,
            examples=[counts[name] for name in aimed],
            runtimes=runtimes,
            overshoots=overshoots,
            camera=FLAGS.camera,
            threads=FLAGS.threads,
            seed=FLAGS.seed,
        )
    if FLAGS.white_box or "survival" not in results:
        results["white_box"] = ak.report.white_box_report(
            run,
            subject.name,
            subject.classifier,
            attacks,
            images,
            labels,
            variants,
            bounds=subject.bounds,
            share=share,
            examples=list(counts.values()),
            runtime=_judge(runtimes),
            threads=FLAGS.threads,
            seed=FLAGS.seed,
        )
        results["checks"] |= results["white_box"].pop("checks")
    return results


def _judge(runtimes: list[str]) -> str:
    """Returns the first of these that runs here, to judge by."""
    import advkeras as ak

    here = [name for name in runtimes if name in ak.edge.RUNTIMES]
    return here[0] if here else "litert"


def _counts(attacks: int) -> list[int]:
    counts = _common.numbers("examples", int)
    counts = counts * attacks if len(counts) == 1 else counts
    if len(counts) != attacks or min(counts) < 1:
        raise ValueError(
            "`examples` must be one number of at least 1, or one for each "
            f"attack. Received: examples={','.join(FLAGS.examples)!r}, "
            f"attack={','.join(FLAGS.attack)!r}"
        )
    return counts


if __name__ == "__main__":
    _running.run(main)
