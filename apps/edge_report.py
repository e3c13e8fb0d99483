r"""What came back from devices, beside each other and beside the host.

python -m apps.edge_report --output=output/devices \
    --results=pi4.json,output/edge_bundle/bundle/arm_results.json
"""

from pathlib import Path

from absl import flags

from apps import _common
from apps import _running

FLAGS = flags.FLAGS

flags.DEFINE_list(
    "results",
    [],
    "Files that run_on_device.py wrote, of one bundle; a device is called "
    "what its file is called.",
)
_common.define_output("output/devices", "The folder to write.")


def main() -> None:
    """Compares, prints the tables, writes results.json and devices.md."""
    import rich

    from advkeras import files
    from advkeras.edge import devices
    from advkeras.report import devices as report

    output = Path(FLAGS.output)
    results = {
        "command": _common.command("edge_report"),
        **devices.compare(FLAGS.results),
    }
    with files.writing("output", output):
        files.write_json(output / "results.json", results)
        with files.replacing(output / "devices.md") as temporary:
            temporary.write_text(report.devices_markdown(results), "utf-8")
    for table in report.devices_tables(results):
        rich.print(table)
    print(*report.devices_lines(results), sep="\n")
    print(f"Written to {output}: results.json and devices.md.")


if __name__ == "__main__":
    _running.run(main)
