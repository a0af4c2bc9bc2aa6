"""From a zip of own pictures to the first drag of a run that was trained on them: python tests/benchmarks/own_images.py

Makes the zip (not counted), trains on it as the command line does, opens the app on the run and drags its first slider
in a real browser. Seconds by the clock, and of the processors, since a machine that does other work as well tells
little by its clock.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bvae.tests.test_images import shapes, write_zip
from tests.browsing import grey, until
from tests.conftest import CHROMIUM_ARGUMENTS, ROOT, find_chromium, serve


def spent() -> float:
    """Seconds of the processors that processes started here took, those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        archive = write_zip(folder / "shapes.zip", *shapes(given.pictures))
        begun, before = time.monotonic(), spent()
        command = [sys.executable, "-m", "bvae", "train", "--run", str(folder / "runs" / "shapes"), "--dataset",
                   str(archive), "--network", "mlp", "--epochs", str(given.epochs)]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        trained, trainer = time.monotonic() - begun, spent() - before
        with serve(folder / "runs", folder / "log", BVAE_FILM="off") as address, sync_playwright() as p:
            browser = p.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.goto(f"{address}/traverse?run=shapes")
            picture = page.locator(".traverse:not([aria-busy]) .decoded").first
            picture.wait_for(timeout=120_000)
            shown = grey(picture)
            page.get_by_role("slider", name="z").first.press("End")
            until(page, lambda: bool((grey(picture) != shown).any()), lambda: "the slider changed nothing")
            dragged = time.monotonic() - begun
            browser.close()
        print(f"{given.pictures:,} pictures, mlp, {given.epochs} epochs")
        print(f"trained after      {trained:6.1f} s by the clock, {trainer:6.1f} s of the processors")
        print(f"first drag after   {dragged:6.1f} s by the clock, {spent() - before:6.1f} s of the processors")


if __name__ == "__main__":
    main()
