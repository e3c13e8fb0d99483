r"""Makes what a device needs to say whether adversarial images fool it.

python -m apps.edge_bundle --model=m1 --dataset=mnist --attack=fgsm,lbfgs \
    --epsilon=0.1 --output=output/bundle

Copy output/bundle.zip to the device, and there:

unzip bundle.zip && python3 bundle/run_on_device.py

With --page the bundle runs in a browser as well: python -m apps.edge_serve.
"""

from pathlib import Path

from absl import flags

from . import _common
from . import _edge
from . import _running
from . import _work

FLAGS = flags.FLAGS

_edge.define(
    examples=100, overshoots="1,1.05,1.2", runtimes=" here", batch=None
)
_common.define_seed()
flags.DEFINE_bool(
    "page", False, "Whether the bundle is also a web page that runs the models."
)
_common.define_output("output/bundle", "The folder to write; a .zip beside it.")


def main() -> None:
    """Attacks the float model, and bundles the result with its copies."""
    import advkeras as ak
    from advkeras import files
    from advkeras.edge import bundle
    from advkeras.edge import devices
    from advkeras.edge.runtimes import device
    from advkeras.report import devices as report

    _work.check()
    _common.shares()
    _common.attack_names()
    overshoots = _common.numbers("overshoots")
    subject = _edge.subject()
    attacks = _common.attacks(subject.bounds)
    names = subject.given or FLAGS.variants
    runtimes = _edge.named_runtimes()
    output = Path(FLAGS.output)
    bundle.check(output, names, runtimes, overshoots, FLAGS.camera, FLAGS.page)
    command = _common.command("edge_bundle")
    # What goes to the device lies apart from what only this machine needs.
    run = ak.report.Run(
        output.with_name(f"{output.name}.run"), subject.settings
    )
    variants, skipped = _edge.copies(subject, run.output / "tflite", command)
    images, labels = _common.sample(subject.data, FLAGS.examples)
    with _work.engine() as run.engine:
        found = run.attack_all(
            attacks, subject.classifier, images, labels, FLAGS.seed
        )
    bundle.write_bundle(
        output,
        found,
        variants,
        source=subject.classifier,
        class_names=subject.data.class_names,
        runtimes=runtimes,
        overshoots=overshoots,
        camera=FLAGS.camera,
        about={
            "source": subject.name,
            "dataset": subject.data.name,
            "split": subject.data.split,
            "attacks": {name: repr(one) for name, one in attacks.items()},
            "seed": FLAGS.seed,
            "command": command,
        },
        page=FLAGS.page,
    )
    packed = output.with_name(f"{output.name}.zip")
    results = run.finish(
        {
            **devices.expected(device.read_manifest(output)),
            "not_exported": skipped,
            "zip_sha256": files.sha256(packed),
        },
        command,
    )
    ak.tables.show(report.devices_tables(results))
    print(*report.devices_lines(results), sep="\n")
    for variant, reason in skipped.items():
        print(f"{variant} was not exported: {reason}")
    print(
        f"Written to {output} and {packed}. On the device: unzip {packed.name} "
        f"&& python3 {output.name}/run_on_device.py"
    )
    if FLAGS.page:
        print(
            f"Or in a browser: {_common.called('edge_serve')} --host=0.0.0.0 "
            f"--bundle={output}"
        )


if __name__ == "__main__":
    _running.run(main)
