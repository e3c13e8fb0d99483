"""Measures a table of a paper, and sets it beside the published one.

python -m apps.reproduce --study=szegedy.table_4 --output=output/table_4
"""

from pathlib import Path

from absl import flags

from apps import _common

FLAGS = flags.FLAGS

flags.DEFINE_string("study", "szegedy.table_4", "Which table, as PAPER.TABLE.")
flags.DEFINE_string(
    "data_dir",
    None,
    "Where TFDS keeps its sets. Default: TFDS_DATA_DIR, or TFDS's own.",
)
_common.define_seed()
_common.define_output("output/reproduce", "The folder to write.")


def main() -> None:
    """Runs the study; writes results.json and a Markdown table."""
    import rich
    from rich.markdown import Markdown

    import advkeras as ak
    from advkeras import files

    study = ak.studies.find(FLAGS.study)
    run = ak.report.Run(FLAGS.output, _common.settings())
    results = run.finish(
        study(data_dir=FLAGS.data_dir, seed=FLAGS.seed).to_json(),
        _common.command("reproduce"),
    )
    text = ak.report.comparison_markdown(results)
    path = Path(FLAGS.output) / f"{FLAGS.study}.md"
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    ak.report.heat_map(results["details"]["matrix"], path.with_suffix(".png"))
    rich.print(Markdown(text))
    rich.print(f"Written to {path}")


if __name__ == "__main__":
    _common.run(main)
