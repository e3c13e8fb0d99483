"""Takes the pictures of a page that docs/apps.md shows.

    python -m tests.report.page.screens output/quickstart/index.html docs/page

Of what a desk, a phone, a desk in the dark and a printer make of its beginning.
"""

import base64
import io
import sys
import time
from pathlib import Path

from PIL import Image

from tests.edge import browser as chromium

# Name -> width and height in pixels, in the dark, on paper.
SCREENS = {
    "wide": (1400, 1300, False, False),
    "phone": (390, 1300, False, False),
    "dark": (1400, 1300, True, False),
    "print": (800, 1130, False, True),
}
WIDEST = 840  # pixels of a picture
QUALITY = 50  # of WebP: letters stay legible


def take(page: Path, folder: Path) -> None:
    """Writes a .webp file for each screen."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium.started() as browser:
        for name, (width, height, dark, paper) in SCREENS.items():
            shown = browser.page(page.resolve().as_uri(), width, height, dark)
            time.sleep(2)  # its script draws the strip of images
            if paper:
                shown.send("Emulation.setEmulatedMedia", media="print")
            taken = shown.send("Page.captureScreenshot", format="png")["data"]
            drawn = Image.open(io.BytesIO(base64.b64decode(taken)))
            drawn.thumbnail((WIDEST, height), Image.Resampling.LANCZOS)
            drawn.save(folder / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
