r"""Do adversarial images still fool the .tflite copies of a model?

python -m apps.edge_eval --model=m1 --dataset=mnist --attack=fgsm,lbfgs \
    --epsilon=0.1 --examples=1000,256 --output=output/edge/m1

python -m apps.edge_eval --model=foreign.h5 --bounds=0,255 \
    --tflite=their_int8.tflite --dataset=cifar10
"""

from pathlib import Path

from absl import flags

from apps import _common
from apps import _edge

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "examples", "256", "Random images to attack: one number, or one an attack."
)
flags.DEFINE_integer("threads", 1, "Threads of an interpreter.", lower_bound=1)
_edge.define(
    examples=None,
    overshoots="1,1.02,1.05,1.1,1.2",
    runtimes="; device:FILE for a device_results.json",
)
_common.define_output("output/edge", "The folder to write.")


def main() -> None:
    """Attacks the float model, and shows the result to every copy."""
    import rich

    import advkeras as ak
    from advkeras import files

    attacks = _common.attacks()
    counts = _counts(len(attacks))
    overshoots = _common.numbers("overshoots")
    ak.edge.check_settings(FLAGS.runtimes, overshoots, FLAGS.camera)
    subject = _edge.subject()
    command = _common.command("edge_eval")
    run = ak.report.Run(FLAGS.output, subject.settings)
    variants, skipped = _edge.copies(subject, run.output / "tflite", command)
    images, labels = subject.data.sample(max(counts), FLAGS.seed)
    report = ak.report.survival_report(
        run,
        subject.name,
        subject.classifier,
        attacks,
        images,
        labels,
        variants,
        examples=counts,
        runtimes=FLAGS.runtimes,
        overshoots=overshoots,
        camera=FLAGS.camera,
        threads=FLAGS.threads,
        seed=FLAGS.seed,
    )
    results = run.finish({**report, "not_exported": skipped}, command)
    written = Path(FLAGS.output) / "survival.md"
    with files.replacing(written) as temporary:
        temporary.write_text(ak.report.survival_markdown(results), "utf-8")
    found = ak.edge.Survival.from_json(results["survival"])
    for grid in ak.report.survival_grids(found):
        rich.print(grid.table())
    for variant, reason in skipped.items():
        print(f"{variant} was not exported: {reason}")
    for row in found.skipped:
        where = f"{row['variant']} on {row['runtime']}"
        print(f"{where}: skipped: {row['reason']}")
    print(*ak.report.survival_in_words(subject.name, found), sep="\n")
    print(f"Written to {FLAGS.output}: results.json, survival.md, a picture.")


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
    _common.run(main)
