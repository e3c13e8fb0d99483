"""axe-core, which finds what bars people from a page.

python -m tests.edge.page.axe
"""

from advkeras.edge.runtimes import known
from advkeras.edge.runtimes import litertjs

VERSION = "4.14.1"
FOLDER = known.LITERTJS_FOLDER.with_name(f"axe-core-{VERSION}")
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"


if __name__ == "__main__":
    print(litertjs.install(FOLDER, {"axe-core": VERSION}))
