"""Take the pictures of the pages: python tests/screenshots.py [FOLDER]

Without a folder, those of the README into assets/screenshots, the film among them. With one, every page in light and
dark, at 1400 and at 800 pixels, to be looked at.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageSequence
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bvae.browser.export import SINGLE, gather, single
from bvae.lessons import FIRST
from bvae.runs import find_run
from bvae.tests.test_images import shapes, write_zip
from tests.conftest import CHROMIUM_ARGUMENTS, ROOT, find_chromium, serve
from tests.notebooks import INSTALLED, jupyter, run_cell

LIVE = ["home", "traverse", "interpolate", "generate", "clusters", "disentangle", "reconstruct", "draw",
        "compare"]  # fmt: skip
PAGES = [*LIVE, "train", "load"]
README = [(page, "light", 1400) for page in PAGES[:-1]] + [("traverse", "dark", 1400)]
PICTURES = ROOT / "assets" / "screenshots"
FILM_WIDTH = 420  # pixels
# A digit 2 as shares of the drawing field.
STROKE = [
    (0.30, 0.36), (0.36, 0.24), (0.50, 0.19), (0.63, 0.25), (0.66, 0.38), (0.58, 0.52), (0.44, 0.66), (0.31, 0.80),
    (0.45, 0.79), (0.58, 0.78), (0.72, 0.80),
]  # fmt: skip


def prepare(page: Page, name: str) -> None:
    """Bring a page to where a person would have it."""
    if name in LIVE:
        page.locator(".live:not([aria-busy])").first.wait_for()
    else:
        page.get_by_role("heading", level=1).wait_for()
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    if name == "traverse":
        page.get_by_role("slider", name="z").first.focus()
    if name == "draw":
        box = page.get_by_role("img", name="Drawing field").bounding_box()
        assert box is not None
        for number, (x, y) in enumerate(STROKE):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_timeout(3_000)  # rows and mosaics are drawn in idle time, charts are loaded


def save_film(page: Page, path: Path) -> None:
    """The film as the page saves it, smaller, in fewer frames and colours."""
    page.locator("summary", has_text="Save").click()
    with page.expect_download(timeout=180_000) as waiting:
        page.get_by_role("button", name="GIF").click()
    with Image.open(waiting.value.path()) as film:
        size = (FILM_WIDTH, FILM_WIDTH * film.height // film.width)
        frames, milliseconds = [], []
        for number, frame in enumerate(ImageSequence.Iterator(film)):
            if number % 2 == 0:
                small = frame.convert("RGB").resize(size, Image.Resampling.LANCZOS)
                frames.append(small.quantize(64, dither=Image.Dither.NONE))
                milliseconds.append(2 * frame.info["duration"])
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, optimize=True)
    print(path)


def save_own_images(browser: Browser, address: str, folder: Path) -> None:
    """What the Train page says of a person's own images before anything is trained on them."""
    archive = write_zip(folder / "my-shapes.zip", *shapes(2_000))
    page = browser.new_page(viewport={"width": 1400, "height": 760}, color_scheme="light")
    page.goto(f"{address}/train")
    box = page.get_by_role("combobox", name="Dataset")
    box.fill(str(archive))
    box.press("Enter")
    page.get_by_alt_text("100 of the images, class by class.").wait_for(timeout=60_000)
    page.get_by_role("heading", name="New run").scroll_into_view_if_needed()
    page.mouse.move(900, 400)
    page.mouse.wheel(0, 420)
    page.mouse.move(900, 20)
    page.wait_for_timeout(3_000)
    shown = page.get_by_alt_text("100 of the images, class by class.").bounding_box()
    assert shown is not None
    # Without the command below, which has a path of this machine.
    page.screenshot(
        path=PICTURES / "own-images.png",
        clip={"x": 300, "y": 0, "width": 1100, "height": shown["y"] + shown["height"] + 12},
    )
    print(PICTURES / "own-images.png")
    page.close()


def save_exported(browser: Browser, folder: Path) -> None:
    """A page that was exported, with its lesson, opened as a file; in few colours, which pack better."""
    file = folder / "vae.html"
    runs = [find_run(name) for name in ("mnist-beta4", "mnist-beta1", "mnist-beta10")]
    file.write_text(single(gather(runs, SINGLE * len(runs), FIRST)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
    page.goto(f"{file.as_uri()}#home")
    page.get_by_role("link", name="What β does").click()
    page.locator(".lesson:not([aria-busy])").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(3_000)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        few = picture.convert("RGB").quantize(96, dither=Image.Dither.NONE).convert("RGB")
        few.save(PICTURES / "exported.webp", lossless=True, quality=100, method=6)
    print(PICTURES / "exported.webp")
    page.close()


def save_notebook(browser: Browser, folder: Path) -> None:
    """A run in a cell of JupyterLab."""
    with jupyter(folder / "jupyter", ['import bvae\n\nexplorer = bvae.show("mnist-beta4")\nexplorer']) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 900}, color_scheme="light")
        page.goto(address)
        page.keyboard.press("Control+b")  # the list of files
        run_cell(page, 0).locator(".traverse:not([aria-busy])").wait_for(timeout=60_000)
        page.locator(".jp-CodeCell").first.scroll_into_view_if_needed()
        page.mouse.move(700, 500)
        page.mouse.wheel(0, -9_000)
        page.wait_for_timeout(3_000)
        page.screenshot(path=PICTURES / "notebook.png")
        print(PICTURES / "notebook.png")
        page.close()


def main() -> None:
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        wanted = [(page, scheme, width) for page in PAGES for scheme in ("light", "dark") for width in (1400, 800)]
    else:
        folder, wanted = PICTURES, README
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="runs-", dir=ROOT) as empty,
        serve(Path(Path(empty).name), Path(empty) / "log") as address,  # a relative path, which the Train page shows
        sync_playwright() as p,
    ):
        browser = p.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        for name, scheme, width in wanted:
            page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=scheme)
            page.set_default_timeout(60_000)
            page.goto(f"{address}/{'' if name == 'home' else name}")
            prepare(page, name)
            path = folder / (f"{name}-{scheme}.png" if len(sys.argv) == 1 else f"{name}-{scheme}-{width}.png")
            page.screenshot(path=path)
            print(path)
            if name == "clusters" and len(sys.argv) == 1:
                save_film(page, folder / "film.gif")
            page.close()
        if len(sys.argv) == 1:
            save_own_images(browser, address, Path(empty))
            save_exported(browser, Path(empty))
            if INSTALLED:
                save_notebook(browser, Path(empty))
        browser.close()


if __name__ == "__main__":
    main()
