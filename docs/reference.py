"""The pages of the site that no file holds: mkdocs.yml names this as a hook.

README.md is the first page. The reference has one page a room of `advkeras`,
and one for each package in it that says what is public; every name of an
`__all__` is there, with its docstring and its source. Nothing is imported but
`advkeras` itself, which is lazy.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import advkeras

ROOT = Path(__file__).resolve().parents[1]
AROUND = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    if path.is_dir():
        path = path / "__init__"
    file = path.with_name(f"{path.name}.py")
    # A folder of data is no package.
    return ast.parse(file.read_text("utf-8") if file.is_file() else "")


def names_of(package: str) -> list[str]:
    """Returns the `__all__` of a package, read and not run; [] for none."""
    for node in _tree(package).body:
        targets = getattr(node, "targets", ())
        if any(getattr(target, "id", "") == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return []


def origin(module: str, name: str) -> str:
    """Returns where a name of a module is defined, as a path with dots.

    `advkeras.edge.export` is a function and the module that defines it.
    """
    for node in ast.walk(_tree(module)):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if name == (alias.asname or alias.name):
                if node.module == module:
                    return f"{module}.{alias.name}"
                return origin(node.module, alias.name)
    return f"{module}.{name}"


def packages() -> Iterator[str]:
    """Yields the rooms, each before the packages in it."""
    for room in sorted(set(advkeras.__all__)):
        if not (ROOT / "advkeras" / room).is_dir():
            continue
        yield f"advkeras.{room}"
        for folder in sorted((ROOT / "advkeras" / room).iterdir()):
            if names_of(f"advkeras.{room}.{folder.name}"):
                yield f"advkeras.{room}.{folder.name}"


def pages() -> dict[str, str]:
    """Returns the reference: page -> Markdown, in the order of the rooms."""
    listed = list(packages())
    first = ["# Reference", "", "`import advkeras as ak`, and then:", ""]
    first += [f"- [{name}]({name}.md): {_job(name)}" for name in listed]
    first += [
        _entry("advkeras", name)
        for name in advkeras.__all__
        if f"advkeras.{name}" not in listed
    ]
    found = {"reference/index.md": "\n".join(first) + "\n"}
    told: set[str] = set()
    for package in listed:
        lines = [f"# {package}", "", _docstring(package), ""]
        for name in names_of(package):
            where = origin(package, name)
            if where in told:  # by the room, which gives it out too
                lines.append(f"- [{package}.{name}][{where}]")
            elif where in listed:
                lines.append(f"- [{where}]({where}.md)")
            else:
                lines.append(_entry(package, name))
            told.add(where)
        found[f"reference/{package}.md"] = "\n".join(lines) + "\n"
    return found


def _entry(package: str, name: str) -> str:
    heading = f"{package}.{name}".replace("advkeras", "ak", 1)
    return (
        f"\n::: {origin(package, name)}\n    options:\n"
        f"      heading: {heading}\n      toc_label: {name}\n"
    )


def _docstring(package: str) -> str:
    return ast.get_docstring(_tree(package)) or ""


def _job(package: str) -> str:
    return _docstring(package).partition("\n")[0]


def on_config(config):
    """Puts the pages of the reference under their heading."""
    for entry in config.nav:
        if "Reference" in entry:
            entry["Reference"] = list(pages())
    return config


def on_files(files, config):
    """Adds the pages that no file of docs/ holds."""
    from mkdocs.structure.files import File

    around = {
        "index.md" if name == "README.md" else name: (ROOT / name)
        .read_text("utf-8")
        .replace("](docs/", "](")
        for name in AROUND
    }
    notebooks = {
        f"examples/{path.name}": path.read_text("utf-8")
        for path in (ROOT / "examples").glob("*.ipynb")
    }
    for page, text in {**around, **pages(), **notebooks}.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_post_build(config):
    """Raises where a public name did not come to be on its page."""
    from mkdocs.exceptions import PluginError

    for page, text in pages().items():
        html = Path(config.site_dir, page).with_suffix(".html").read_text()
        for where in re.findall(r"^::: (\S+)", text, re.M):
            if f'id="{where}"' not in html:
                raise PluginError(f"{page} lacks {where}")
