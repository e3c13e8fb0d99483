"""BUILD has every source in one target, and its deps are the real imports."""

import ast
import glob
import graphlib
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What holds the sources of each folder; the first pattern that fits decides.
RULES = {
    r"tests/(.+/)?test_\w+\.py": ("py_test",),
    r"tests/.+": ("py_library", "py_binary"),
    r"apps/[^_].*": ("py_binary",),
    r".+": ("py_library",),
}


def read_build(text, root):
    """Executes `text` with rules that only note what they were given."""
    targets = []

    def rule(kind):
        empty = {"rule": kind, "srcs": [], "deps": [], "data": []}
        return lambda **attributes: targets.append(empty | attributes)

    def find(include, exclude=()):
        options = {"root_dir": root, "recursive": True, "include_hidden": True}
        found = {name for p in include for name in glob.glob(p, **options)}
        found -= {name for p in exclude for name in glob.glob(p, **options)}
        return sorted(name for name in found if (root / name).is_file())

    names = {k: rule(k) for k in ("py_library", "py_binary", "py_test")}
    for ignored in ("package", "licenses", "exports_files", "load"):
        names[ignored] = lambda *args, **kwargs: None
    exec(text, names | {"glob": find})
    return targets


def module_of(path):
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(path, trees):
    """Yields the modules of ours that a file imports, in functions too.

    To import a module is not to import the packages around it: every room
    would need `advkeras`, which needs every room. pytest, though, imports the
    conftest.py of each folder above a test.
    """
    modules = {module_of(path) for path in trees}
    # {"advkeras.Classifier": "advkeras.classifier"}, as advkeras/__init__ says.
    lazy = {
        f"advkeras.{alias.asname}": node.module
        for node in ast.walk(trees["advkeras/__init__.py"])
        if isinstance(node, ast.ImportFrom) and node.module != "advkeras"
        for alias in node.names
    }
    found, called = set(), {"advkeras"}
    for node in ast.walk(trees[path]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.add(alias.name)
                if alias.name == "advkeras":
                    called.add(alias.asname or "advkeras")
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1, f"{path}: name the module in full"
            # The apps have two names: see setup.py.
            around = module_of(str(Path(path).parent)) if node.level else None
            base = ".".join(filter(None, [around, node.module]))
            found |= {f"{base}.{alias.name}" for alias in node.names}
    for node in ast.walk(trees[path]):
        if getattr(getattr(node, "value", None), "id", None) in called:
            found.add(f"advkeras.{getattr(node, 'attr', '')}")
    if path.startswith("tests/"):
        found |= {module_of(f"{p}/conftest.py") for p in Path(path).parents}
    for name in found:
        while name and name not in modules:
            if name in lazy:
                yield lazy[name]
            name = name.rpartition(".")[0]
        if name:
            yield name


def complaints(text, root):
    """Returns what is wrong with a BUILD file, ready to be put right."""
    said = []
    trees = {
        path.relative_to(root).as_posix(): ast.parse(path.read_text("utf-8"))
        for folder in ("advkeras", "apps", "tests")
        for path in (root / folder).rglob("*.py")
    }
    targets = read_build(text, root)
    owners = {path: [] for path in sorted(trees)}
    for target in targets:
        name, rule, srcs = target["name"], target["rule"], target["srcs"]
        for src in srcs:
            owners.setdefault(src, []).append(name)
            rules = next(r for p, r in RULES.items() if re.fullmatch(p, src))
            if rule not in rules:
                said.append(f'"{name}": {src} goes in a {" or ".join(rules)}')
        if rule != "py_library" and srcs != [target.get("main")]:
            said.append(f'"{name}": main must be the one file in srcs')
        for file in srcs + target["data"]:
            if not (root / file).is_file():
                said.append(f'"{name}": no such file: "{file}"')
    for path, names in owners.items():
        if len(names) != 1:
            listed = " and ".join(names) or "no target"
            said.append(f"{path}: is in the srcs of {listed}")
    counts = Counter(target["name"] for target in targets)
    said += [f'"{n}": {c} targets have it' for n, c in counts.items() if c > 1]

    owners = {module_of(path): names for path, names in owners.items()}
    graph = {}
    for target in targets:
        name = target["name"]
        given = {label.removeprefix(":") for label in target["deps"]}
        graph[name] = needed = {
            owner
            for src in target["srcs"]
            if src in trees
            for module in imported(src, trees)
            for owner in owners[module]
        } - {name}
        for verb, deps in ("add", needed - given), ("remove", given - needed):
            if deps:
                listed = "".join(f'\n        ":{d}",' for d in sorted(deps))
                said.append(f'"{name}": deps: {verb}{listed}')
    if not said:
        graphlib.TopologicalSorter(graph).prepare()  # raises on a circle
    return said


def test_build_is_true():
    wrong = complaints((ROOT / "BUILD").read_text("utf-8"), ROOT)
    assert not wrong, "BUILD differs from the files:\n" + "\n".join(wrong)


FILES = {
    "advkeras/__init__.py": "from advkeras.attacks import FGSM as FGSM",
    "advkeras/checks.py": "",
    "advkeras/attacks/__init__.py": "from advkeras.attacks.fgsm import FGSM",
    "advkeras/attacks/fgsm.py": "def f():\n    from advkeras import checks",
    "apps/train.py": "def main():\n    import advkeras as ak\n    ak.FGSM()",
    "tests/conftest.py": "",
    "tests/test_a.py": "from advkeras.attacks import fgsm",
}
BUILD = """
py_library(name = "all", srcs = ["advkeras/__init__.py"], deps = [":attacks"])
py_library(name = "checks", srcs = ["advkeras/checks.py"])
py_library(name = "attacks", srcs = glob(["**/attacks/*"]), deps = [":checks"])
py_binary(name = "train", srcs = ["apps/train.py"], main = "apps/train.py",
          deps = [":all", ":attacks"])
py_library(name = "common", srcs = ["tests/conftest.py"])
py_test(name = "a", srcs = ["tests/test_a.py"], main = "tests/test_a.py",
        deps = [":attacks", ":common"])
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", ""),
        (', deps = [":checks"]', "", '"attacks": deps: add ":checks",'),
        ('":all", ":attacks"', '":all"', '"train": deps: add ":attacks",'),
        (', ":common"', "", '"a": deps: add ":common",'),
        (', ":common"', ', ":all", ":common"', '"a": deps: remove ":all",'),
        ('["advkeras/checks.py"]', "[]", "is in the srcs of no target"),
        ('["advkeras/checks.py"]', '["c.py"]', 'no such file: "c.py"'),
        ('"**/attacks/*"', '"advkeras/**"', "in the srcs of all and attacks"),
        ('"common"', '"checks"', '"checks": 2 targets have it'),
        ('main = "tests', 'main = "', '"a": main must be the one file'),
    ],
)
def test_a_wrong_build_is_told(old, new, complaint, tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    told = " ".join(complaints(BUILD.replace(old, new), tmp_path)).split()
    assert complaint in " ".join(told) if complaint else not told


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bazel"), reason="no bazel on the PATH")
def test_bazel_reads_build_offline(tmp_path):
    def bazel(*arguments):
        command = ["bazel", f"--output_user_root={tmp_path}", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    offline = "--experimental_repository_disable_download"
    answer = bazel("query", "--noshow_progress", offline, "//...")
    bazel("shutdown")
    assert answer.returncode == 0, answer.stderr
    targets = read_build((ROOT / "BUILD").read_text("utf-8"), ROOT)
    assert set(answer.stdout.split()) == {f"//:{t['name']}" for t in targets}
