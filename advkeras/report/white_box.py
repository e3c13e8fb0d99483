"""Attacks on the copies themselves, beside what the float model's do there."""

import os
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from advkeras import checks
from advkeras import datasets
from advkeras import edge
from advkeras import tables
from advkeras.attacks import Attack
from advkeras.attacks import AttackResult
from advkeras.attacks import Evasive
from advkeras.classifier import Classifier
from advkeras.evaluation import Rate
from advkeras.report.run import Run
from advkeras.report.trust import trust_report
from advkeras.tables import Table

_CHECKED = 32  # images that the checks of a copy are made with


def white_box_report(
    run: Run,
    name: str,
    source: Classifier | None,
    attacks: Mapping[str, Attack],
    images: Any,
    labels: Any,
    variants: Mapping[str, str | os.PathLike],
    *,
    bounds: checks.Bounds | None,
    share: float,
    examples: Sequence[int] = (),
    runtime: str = "litert",
    threads: int = 1,
    seed: int = 0,
) -> dict[str, Any]:
    """Lifts every copy, attacks the lift, and asks the real interpreter.

    Args:
        run: Where examples go; what is there is used.
        name: What the float model is called.
        source: The float model, to attack in the same way; None for none.
        attacks: Name -> attack.
        images: As for the attacks.
        labels: True labels, (n,); None for those of a data set.
        variants: Name -> .tflite file.
        bounds: (lower, upper) of the pixels; None: each file's own.
        share: Budget of the checks, as a share of the pixel range.
        examples: For each attack, how many of the images, from the first;
            all, if this is empty.
        runtime: What executes the copies.
        threads: Threads of an interpreter.
        seed: Seed of the attacks.

    Returns:
        For results.json: "attacks", "rows", a `WhiteBox` each, "skipped":
        what cannot be lifted, with why, and "checks" of each copy beside the
        float model.

    Raises:
        ValueError: There is no float model, and a file cannot be lifted.
    """
    images, labels = datasets.examples_of(images, labels, bounds, None)
    checks.check_given("labels", labels)
    counts = list(examples) or [len(images)] * len(attacks)
    climbs = any(attack.needs_gradient for attack in attacks.values())
    rows, skipped = [], []
    made: dict[str, Any] = {}
    transferred: dict[str, AttackResult] | None = None
    for variant, path in variants.items():
        try:
            copy = edge.TfliteClassifier(
                *(path, bounds, None, None, runtime, threads),
                lifted=True if climbs and source is not None else None,
            ).taking(images.shape[1:])
        except ValueError as error:
            if source is None:
                raise
            skipped.append({"variant": variant, "reason": str(error)})
            continue
        if source is not None:
            made |= trust_report(
                run,
                {f"{name}-{variant}": copy},
                images,
                labels,
                share,
                seed,
                beside={name: source},
                examples=_CHECKED,
            )
        own = run.attack_all(
            attacks,
            copy,
            images,
            labels,
            seed,
            examples=counts,
            of=f"-on-{variant}",
        )
        if transferred is None:
            transferred = _on_source(
                run, name, source, attacks, images, labels, counts, seed
            )
        for kind in attacks:
            row = edge.white_box(
                variant, copy, kind, own[kind], transferred.get(kind), source
            )
            rows.append(row.to_json())
    return {
        "attacks": {key: repr(attack) for key, attack in attacks.items()},
        "rows": rows,
        "skipped": skipped,
        "checks": made,
    }


def _on_source(
    run: Run,
    name: str,
    source: Classifier | None,
    attacks: Mapping[str, Attack],
    images: np.ndarray,
    labels: Any,
    counts: Sequence[int],
    seed: int,
) -> dict[str, AttackResult]:
    """Returns what attacks find on the float model, if there is one."""
    if source is None:
        return {}
    # Named as in a survival report. What is evasive is made for a copy.
    asked = {
        kind: (attack, n)
        for (kind, attack), n in zip(attacks.items(), counts, strict=True)
        if not isinstance(attack, Evasive)
    }
    return run.attack_all(
        {kind: attack for kind, (attack, _) in asked.items()},
        source,
        images,
        labels,
        seed,
        examples=[n for _, n in asked.values()],
        of=f"-{name}",
    )


def white_box_tables(rows: Sequence[edge.WhiteBox]) -> list[Table]:
    """Lays out one table an attack: white box beside transfer."""
    laid_out = []
    for attack in dict.fromkeys(row.attack for row in rows):
        own = [row for row in rows if row.attack == attack]
        columns = {
            "clean": lambda row: tables.rate(row.clean),
            "transfer": lambda row: _way(row.transfer, "accuracy"),
            "white box": lambda row: _way(row.white_box, "accuracy"),
            "reached": lambda row: _way(row.white_box, "reached"),
            "alone": lambda row: _way(row.white_box, "alone"),
            "distortion": lambda row: " / ".join(
                f"{way.distortion:.4f}"
                for way in (row.transfer, row.white_box)
                if way is not None
            ),
            "lift agrees": lambda row: tables.rate(row.agreement),
        }
        drawn = {
            heading: [make(row) for row in own]
            for heading, make in columns.items()
        }
        drawn = {k: v for k, v in drawn.items() if set(v) != {"-"}}
        laid_out.append(
            Table(
                f"{attack}, {own[0].clean.n} images, judged by "
                f"{own[0].runtime}, in % (95 % interval): accuracy on clean "
                "images, on those made on the float model (transfer) and on "
                "those made on the copy (white box), with their mean "
                "distortions; of the latter, those that fool the copy alone, "
                "and those that lift and interpreter read alike",
                ("variant", *drawn),
                tuple(
                    (row.variant, *(cells[i] for cells in drawn.values()))
                    for i, row in enumerate(own)
                ),
                names=1,
                name=f"white-box-{attack}",
            )
        )
    return laid_out


def white_box_in_words(rows: Sequence[edge.WhiteBox]) -> list[str]:
    """Says what the figures show, one sentence an attack."""
    sentences = []
    for attack in dict.fromkeys(row.attack for row in rows):
        own = [row for row in rows if row.attack == attack]
        if own[0].transfer is not None:
            left = _listed(
                own,
                lambda row: " / ".join(
                    "-" if way is None else _percent(way.accuracy)
                    for way in (row.transfer, row.white_box)
                ),
            )
            hidden = [row.variant for row in own if row.masked]
            sentences.append(
                f"{attack}: accuracy left in %, under transfer / in the white "
                f"box: {left}. "
                + (
                    f"Gradients of {', '.join(hidden)} are masked."
                    if hidden
                    else "The float model's gradients do no more."
                )
            )
        elif own[0].white_box.alone is not None:
            alone = _listed(own, lambda row: _percent(row.white_box.alone))
            sentences.append(
                f"{attack}: images that fool the copy and not the float model, "
                f"in %: {alone}."
            )
        else:
            left = _listed(own, lambda row: _percent(row.white_box.accuracy))
            sentences.append(
                f"{attack}: accuracy left in the white box, in %: {left}."
            )
    return sentences


def white_box_markdown(results: Mapping[str, Any]) -> str:
    """Writes a section: sentences and tables.

    Args:
        results: "source" and "white_box", what `white_box_report` returned,
            as `Run.finish` wrote them.
    """
    part = results["white_box"]
    rows = [edge.WhiteBox.from_json(row) for row in part["rows"]]
    lines = [f"- {line}" for line in white_box_in_words(rows)]
    lines += [
        f"- {row['variant']} was not lifted: {row['reason']}"
        for row in part["skipped"]
    ]
    blocks = [
        f"## {results['source']}",
        *(table.markdown().rstrip() for table in white_box_tables(rows)),
        "\n".join(lines),
        f"Made by `{results['command']}`.",
    ]
    return "\n\n".join(blocks) + "\n"


def _way(way: edge.Way | None, name: str) -> str:
    return "-" if way is None else tables.rate(getattr(way, name))


def _listed(
    rows: Sequence[edge.WhiteBox], say: Callable[[edge.WhiteBox], str]
) -> str:
    return ", ".join(f"{row.variant} {say(row)}" for row in rows)


def _percent(rate: Rate | None) -> str:
    if rate is None or rate.value is None:
        return "-"
    return f"{100 * rate.value:.1f}"
