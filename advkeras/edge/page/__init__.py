"""The page: a bundle that runs its models in a browser, on LiteRT.js."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from advkeras.edge.runtimes import known
from advkeras.edge.standalone import run_on_device

_HERE = Path(__file__).parent
_STANDALONE = Path(run_on_device.__file__).parent
_INDEX, _FOLDERS = "index.html", ("page", "litertjs")

# Where the library looks for its other half, and where it lies in a bundle.
_IMPORT, _FOUND = b'"@litertjs/wasm-utils"', b'"./wasm-utils.js"'
# For browsers with relaxed SIMD and for those without. Threads would need
# headers that not every server sends.
_BUILDS = ("litert_wasm_internal", "litert_wasm_compat_internal")


def check_here() -> None:
    """Raises ValueError unless what the page is made of is on this machine."""
    if not known.LITERTJS_PACKAGE.is_dir():
        raise ValueError(
            "`page` needs LiteRT.js, which python -m "
            "advkeras.edge.runtimes.litertjs fetches with npm. "
            f"Received: page=True, without {known.LITERTJS_PACKAGE}"
        )


def write(folder: Path) -> None:
    """Writes the page into the folder of a bundle.

    Args:
        folder: The bundle's, which is there.
    """
    for name, source in _sources():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    main = folder / "litertjs" / "dist" / "index.js"
    content = main.read_bytes()
    if _IMPORT not in content:
        raise ValueError(
            "`page` must find LiteRT.js as it was written for. Received: one "
            f"that does not import {_IMPORT.decode()}"
        )
    main.write_bytes(content.replace(_IMPORT, _FOUND))


def is_of_it(name: str) -> bool:
    """Says whether a file of a bundle is the page's.

    Args:
        name: Its path in the bundle.
    """
    return name == _INDEX or name.split("/")[0] in _FOLDERS


def _sources() -> Iterator[tuple[str, Path]]:
    """Yields (path in the bundle, file) of all that the page is made of."""
    yield _INDEX, _HERE / _INDEX
    scripts = [*_HERE.glob("*.mjs")]
    scripts += [_STANDALONE / name for name in ("litertjs.mjs", "tflite.mjs")]
    for script in scripts:
        yield f"page/{script.name}", script
    package = known.LITERTJS_PACKAGE
    utils = package.with_name("wasm-utils") / "dist" / "index.js"
    yield "litertjs/LICENSE", _HERE / "litertjs-license.txt"
    yield "litertjs/package.json", package / "package.json"
    yield "litertjs/dist/index.js", package / "dist" / "index.js"
    yield "litertjs/dist/wasm-utils.js", utils
    for build in _BUILDS:
        for name in (f"{build}.js", f"{build}.wasm"):
            yield f"litertjs/wasm/{name}", package / "wasm" / name
