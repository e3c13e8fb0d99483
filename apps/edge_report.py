r"""What came back from devices, beside each other and beside the host.

python -m apps.edge_report --output=output/devices \
    --results=pi4.json,output/edge_bundle/bundle/arm_results.json
"""

from pathlib import Path

from absl import flags

from . import _common
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "results",
    [],
    "Files that run_on_device.py wrote, of one bundle; a device is called "
    "what its file is called.",
)
_common.define_output("output/devices", "The folder to write.")


def main() -> None:
    """Compares, prints the tables, writes them and results.json."""
    from advkeras import files
    from advkeras import tables
    from advkeras.edge import devices
    from advkeras.report import devices as report
    from advkeras.report import saved
    from advkeras.report.page import Section
    from advkeras.report.page import write_page

    output = Path(FLAGS.output)
    results = {
        "command": _common.command("edge_report"),
        **devices.compare(FLAGS.results),
    }
    with files.writing("output", output):
        results = saved.save(output / "results.json", results)
        with files.replacing(output / "devices.md") as temporary:
            temporary.write_text(report.devices_markdown(results), "utf-8")
        laid_out = report.devices_tables(results)
        tables.write(laid_out, output / "tables")
        write_page(
            output / "index.html",
            f"{results['bundle']['source']} on devices",
            report.devices_in_words(results),
            [Section("The executors beside each other", tables=laid_out)],
            results,
        )
    tables.show(laid_out)
    print(*report.devices_lines(results), sep="\n")
    print(
        f"Written to {output}: results.json, devices.md, tables/, index.html."
    )


if __name__ == "__main__":
    _running.run(main)
