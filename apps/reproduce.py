"""Measures tables and figures of a paper, and sets them beside the published.

python -m apps.reproduce --list
python -m apps.reproduce --study=szegedy.table4 --output=output/reproduce
python -m apps.reproduce --study=szegedy --scale=small
"""

from pathlib import Path

from absl import flags

from . import _common
from . import _running
from . import _work

FLAGS = flags.FLAGS

flags.DEFINE_bool("list", False, "List the studies, and do nothing.")
flags.DEFINE_list(
    "study",
    "szegedy",
    "Studies, as PAPER.WHAT, or a paper for all of its own.",
)
flags.DEFINE_string(
    "scale",
    "paper",
    "paper: MNIST, CIFAR-10 and the nets of saved_models. small: fewer images "
    "and the embedded digits where they will do; under 5 minutes a study.",
)
flags.DEFINE_string(
    "data_dir",
    None,
    "Where TFDS keeps its sets. Default: TFDS_DATA_DIR, or TFDS's own.",
)
_common.define_seed()
_work.define()
_common.define_output(
    "output/reproduce", "The folder to write: a folder a study, and a page."
)


def main() -> None:
    """Runs the studies; each writes results.json, all together a page."""
    import rich
    from rich.table import Table

    import advkeras as ak
    from advkeras import checks
    from advkeras import files

    _work.check()
    checks.check_choice("scale", FLAGS.scale, ak.studies.SCALES)
    if FLAGS.list:
        table = Table("study", "shows", box=None)
        for study in ak.studies.find(ak.studies.names()):
            table.add_row(study.name, study.shows)
        rich.print(table)
        return
    found = {}
    with _work.engine() as engine:
        for study in ak.studies.find(FLAGS.study):
            run = ak.report.Run(
                Path(FLAGS.output) / study.name,
                _common.settings("study", "list", *_work.WHERE),
                engine=engine,
            )
            context = ak.studies.Context(
                run, FLAGS.scale, FLAGS.data_dir, FLAGS.seed
            )
            results = run.finish(
                study.measure(context).to_json(),
                f"{_common.called('reproduce')} --study={study.name} "
                f"--scale={FLAGS.scale} --seed={FLAGS.seed}",
            )
            rich.print(f"[bold]{results['title']}[/bold]")
            ak.tables.show(ak.report.findings_tables(results))
            rich.print(*ak.report.findings_in_words(results), sep="\n")
            found[study.name] = results
    text = Path(FLAGS.output) / "index.md"
    with files.writing("output", text), files.replacing(text) as temporary:
        temporary.write_text(
            "\n".join(
                ak.report.findings_markdown(results, name)
                for name, results in found.items()
            ),
            encoding="utf-8",
        )
    page = text.with_suffix(".html")
    ak.report.write_page(
        page,
        f"Measured again: {', '.join(FLAGS.study)}",
        ak.report.studies_in_words(list(found.values())),
        [
            ak.report.findings_section(results, Path(FLAGS.output) / name)
            for name, results in found.items()
        ],
        {**results, "command": _common.command("reproduce")},
    )
    rich.print(f"Written to {page}")


if __name__ == "__main__":
    _running.run(main)
