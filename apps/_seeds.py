"""Apps that run once, or for several seeds, and what these come to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from . import _common

# A flag that is defined here belongs to the app that asks for it.
flags.disclaim_key_flags()

FLAGS = flags.FLAGS


def define() -> None:
    """Defines --seed and --seeds."""
    _common.define_seed()
    flags.DEFINE_list(
        "seeds",
        [],
        "Several seeds, as in 0,1,2: a run of each, in seed-N of the output, "
        "and what they come to. Default: --seed alone.",
    )


def each(
    app: str, once: Callable[[], tuple[dict[str, Any], list[str]]]
) -> None:
    """Runs an app, for each of --seeds if there are any, and sums these up.

    Args:
        app: Name of the app.
        once: Runs it by --seed and --output; returns results.json, and what
            was found in words.

    Raises:
        ValueError: --seeds are not several seeds, or --seed is given as well.
    """
    import advkeras as ak

    seeds, output = _given(), Path(FLAGS.output)
    if not seeds:
        once()
        return
    found: dict[str, dict[str, Any]] = {}
    said = []
    for seed in seeds:
        FLAGS["seed"].value = seed
        FLAGS["output"].value = str(output / f"seed-{seed}")
        found[str(seed)], sentences = once()
        said.append(f"Seed {seed}: {sentences[0]}")
    results = {"command": _common.command(app), "seeds": found}
    written = ak.report.save(output / "results.json", results)
    laid_out = ak.report.results_tables(results)
    ak.tables.write(laid_out, output / "tables")
    ak.report.write_page(
        output / "index.html",
        f"How far does what {app} finds depend on chance?",
        said,
        [ak.report.Section("Over the seeds", tables=laid_out)],
        {**_of_all(found), **written},
    )
    ak.tables.show(laid_out)
    print(f"The page: {output / 'index.html'}")


def _given() -> list[int]:
    """Returns --seeds as numbers; none, where --seed is all there is."""
    found = _common.numbers("seeds", int)
    received = f"Received: seeds={','.join(FLAGS.seeds)!r}"
    if found and (len(found) < 2 or len(set(found)) < len(found)):
        raise ValueError(f"`seeds` must be two or more that differ. {received}")
    if found and min(found) < 0:
        raise ValueError(f"`seeds` must be at least 0. {received}")
    if found and FLAGS["seed"].present:
        raise ValueError(
            "`seeds` must be given without --seed. "
            f"{received}, seed={FLAGS.seed}"
        )
    return found


def _of_all(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns what runs that differ by their seed have in common."""
    first = next(iter(found.values()))
    return {
        **first,
        "settings": {**first["settings"], "seed": ", ".join(found)},
        "checks": {
            f"{name}, seed {seed}": {
                **checks,
                "model": f"{checks['model']}, seed {seed}",
            }
            for seed, results in found.items()
            for name, checks in results["checks"].items()
        },
    }
