"""Take the pictures of the pages: python tests/screenshots.py [FOLDER]

Without a folder, those of the README into assets/screenshots. With one, every page in light and dark, at 1400 and at
800 pixels, to be looked at.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conftest import CHROMIUM_ARGUMENTS, ROOT, find_chromium, serve

PAGES = {"traverse": "/"}
README = [("traverse", "light", 1400)]
READY = ".traverse:not([aria-busy])"


def main() -> None:
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        wanted = [(page, scheme, width) for page in PAGES for scheme in ("light", "dark") for width in (1400, 800)]
    else:
        folder, wanted = ROOT / "assets" / "screenshots", README
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as empty,
        serve(Path(empty), Path(empty) / "log") as address,
        sync_playwright() as p,
    ):
        browser = p.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        for name, scheme, width in wanted:
            page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=scheme)
            page.goto(address + PAGES[name])
            page.locator(READY).wait_for()
            page.get_by_role("slider").nth(1).focus()
            page.wait_for_timeout(2_000)  # the strip is drawn in idle time
            path = folder / (f"{name}-{scheme}.png" if len(sys.argv) == 1 else f"{name}-{scheme}-{width}.png")
            page.screenshot(path=path)
            print(path)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
