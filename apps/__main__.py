"""Can this Keras model be fooled? By how small a change? And on the device?

advkeras NAME --help
advkeras evaluate --model=FILE --dataset=FOLDER --output=output/mine
"""

import ast
import difflib
import pkgutil
import runpy
import sys
from pathlib import Path

from . import _completion

_MORE = {"completion": "print what lets bash or zsh complete names and flags"}


def names() -> list[str]:
    """Returns the names of the apps, none of which is imported."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if not module.name.startswith("_")
    )


def _help() -> str:
    width = max(map(len, [*names(), *_MORE]))
    jobs = {name: _job(name) for name in names()} | _MORE
    listed = (f"  {name:{width}}  {job}" for name, job in jobs.items())
    return "\n".join([(__doc__ or "").rstrip(), "", *listed])


def _job(name: str) -> str:
    """Returns the first line of an app's docstring."""
    path = Path(__file__).parent / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def main() -> int:
    """Runs the app that the first argument names, with all others.

    Returns:
        The exit code: 2 where the first argument is none of an app's.
    """
    name, *rest = sys.argv[1:] or ["--help"]
    if name in ("--help", "-h", "-?", "help"):
        return _completion.say(_help())
    if name == "--version":
        from advkeras.version import __version__

        return _completion.say(f"advkeras {__version__}")
    if name in names():
        sys.argv[1:] = rest
        # What the shell ran is replaced: the app is the program.
        runpy.run_module(
            f"{__package__}.{name}", run_name="__main__", alter_sys=True
        )
        return 0
    known = [*names(), *_MORE]
    if name == "completion":
        return _completion.main(names(), rest)
    near = difflib.get_close_matches(name.replace("-", "_"), known, n=1)
    print(
        f"advkeras: an app must be one of {', '.join(known)}. "
        f"Received: {name!r}" + (f" (did you mean {near[0]}?)" if near else ""),
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
