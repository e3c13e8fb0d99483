r"""Shows the page of a bundle to browsers, and takes what they hand back.

python -m apps.edge_serve --bundle=output/bundle --host=0.0.0.0

Open the address that it prints, or its QR code, on a phone in the same network.
Without --host it is for browsers of this machine alone. The bundle is one of
python -m apps.edge_bundle --page. It ends with Ctrl-C.
"""

from absl import flags

from . import _common
from . import _running

FLAGS = flags.FLAGS

flags.DEFINE_string("bundle", None, "Folder of a bundle with a page.")
flags.DEFINE_string(
    "host",
    "127.0.0.1",
    "Address to listen at; 0.0.0.0 for all networks of this machine.",
)
flags.DEFINE_integer("port", 0, "Port to listen at. Default: a free one.")
_common.define_output("output/browsers", "Where results are kept.")


def main() -> None:
    """Serves until it is interrupted."""
    import contextlib

    from advkeras.edge import serving

    server = serving.Server(
        FLAGS.bundle or "",
        FLAGS.output,
        FLAGS.host,
        FLAGS.port,
        lambda line: print(line, flush=True),
    )
    if FLAGS.host != serving.LOOPBACK:
        _print_code(server.address)
    print(f"Open {server.address}", flush=True)
    with server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    print(
        f"\nWhat came in lies in {FLAGS.output}: "
        f"{_common.called('edge_report')} --results=FILE,FILE sets it side by "
        "side."
    )


def _print_code(address: str) -> None:
    try:
        import segno
    except ImportError:
        print("With pip install segno a QR code of the address stands here.")
        return
    segno.make(address).terminal(compact=True)


if __name__ == "__main__":
    _running.run(main)
