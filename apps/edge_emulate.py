r"""Runs a device bundle on an emulated Raspberry Pi 4 (ARM Cortex-A72).

python -m apps.edge_emulate --bundle=output/bundle

The script that runs is the bundle's own run_on_device.py, as on the device.
The first run fetches an arm64 Python into the user's cache folder; that takes a
Debian system and the network, but no rights of root.
"""

from absl import flags

from . import _common
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "bundle", None, "Folder of the bundle: run_on_device.py and manifest.json."
)
flags.DEFINE_string(
    "litert", "2.1.6", "Version of ai-edge-litert on the emulated device."
)
_common.define_output(
    None, "The results file. Default: arm_results.json in the bundle."
)


def main() -> None:
    """Prepares the emulated device once, and runs the bundle on it."""
    from pathlib import Path

    from advkeras.edge import emulation

    bundle = Path(FLAGS.bundle or "")
    parts = ("run_on_device.py", "manifest.json")
    if not FLAGS.bundle or not all((bundle / part).is_file() for part in parts):
        raise ValueError(
            f"`bundle` must be a folder with {' and '.join(parts)}. "
            f"Received: bundle={FLAGS.bundle!r}"
        )
    device = emulation.arm_root(
        litert=FLAGS.litert, say=lambda line: print(line, flush=True)
    )
    output = FLAGS.output or bundle / "arm_results.json"
    emulation.run(device, bundle / parts[0], ["--output", output], stream=True)


if __name__ == "__main__":
    _running.run(main)
