"""Section 6: training on noise of the same size, which is no defence."""

from advkeras import attacks
from advkeras.studies.context import Context
from advkeras.studies.findings import Cell
from advkeras.studies.findings import Findings
from advkeras.studies.findings import Row
from advkeras.studies.findings import Table
from advkeras.studies.goodfellow import answers
from advkeras.studies.goodfellow import nets

# Error under FGSM, confidence and that on mistakes, in percent.
_PRINTED: dict[str, tuple[float | None, ...]] = {
    "plain": (89.4, 97.6),
    "sign": (86.2, 97.3),
    "uniform": (90.4, 97.8),
    "FGSM": (17.9, None, 81.4),
}


def noise_controls(context: Context) -> Findings:
    """Trains maxout nets on noise instead, and attacks them."""
    images, labels = nets.test_images(context)
    found = {"plain": context.digit_net("maxout")}
    for kind in ("sign", "uniform"):
        noise = {
            "name": "noise",
            "epsilon": nets.EPSILON,
            "kind": kind,
            "clip": False,
        }
        found[kind] = nets.maxout(context, f"maxout-{kind}", attack=noise)
    found["FGSM"] = context.digit_net("maxout-adversarial")
    rows = []
    for kind, net in found.items():
        made = nets.examples(net, images, labels)
        noisy = [
            nets.examples(
                net,
                images,
                labels,
                attacks.Noise(nets.EPSILON, noise, clip=False),
            )
            for noise in attacks.noise.KINDS
        ]
        cells = [
            Cell(answers.ask(net, shown, labels).error)
            for shown in (images, *noisy)
        ]
        cells += answers.ask(net, made, labels).cells(*_PRINTED[kind])
        rows.append(Row(kind, tuple(cells)))
    return Findings(
        "Section 6: noise instead of adversarial changes",
        (
            Table(
                f"Maxout nets trained on changes of {nets.EPSILON} a pixel: "
                f"error and mean confidence in % on {len(images)} test images",
                "trained on",
                (
                    "clean",
                    *(f"{kind} noise" for kind in attacks.noise.KINDS),
                    *(f"FGSM: {h}" for h in answers.HEADINGS),
                ),
                tuple(rows),
            ),
        ),
        notes=(
            nets.CLIPPING,
            "Noise of zero mean has almost nothing to do with the direction "
            "that fools: the nets learn to ignore it, and FGSM fools them as "
            "before.",
            *context.pick(
                ("The nets trained on noise had 8 epochs, the other two 80.",),
                (),  # there all had as many
            ),
        ),
    )
