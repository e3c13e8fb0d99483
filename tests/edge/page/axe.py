"""axe-core, which finds what bars people from a page.

python -m tests.edge.page.axe
"""

from advkeras.edge.runtimes import known
from advkeras.edge.runtimes import litertjs

VERSION = "4.14.1"
FOLDER = known.LITERTJS_FOLDER.with_name(f"axe-core-{VERSION}")
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"


if __name__ == "__main__":
    integrity = (
        "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASy"
        "FNNtuFooJpZe37OgudVGtQ=="
    )
    print(litertjs.install(FOLDER, {"axe-core": (VERSION, integrity)}))
