"""An exported page: chosen runs in one HTML file, or in a folder of plain files, which open from a disk or any host.

In the folder the page and what it needs first are one file each; every other part is fetched when a page wants it. What
a run says, names and labels, is in the page as JSON alone, which no browser takes for markup or script.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import bvae
from bvae.browser.bundle import ASSETS
from bvae.browser.deliveries import PARTS, export_run, packed
from bvae.browser.frame import frame_markup, frame_script, frame_style, pages_script
from bvae.browser.glossary import GLOSSARY
from bvae.browser.player import film_player
from bvae.browser.site import (
    site_comparisons,
    site_home,
    site_pages,
    site_pairing,
    site_quality,
    site_runs,
    site_texts,
)  # fmt: skip
from bvae.browser.theme import theme_style
from bvae.lessons import FIRST, Lesson, LessonError, has_lesson, lesson_files, open_lesson_file
from bvae.runs import Run, RunError, lesson_file
from bvae.unfinished import hidden_folder

FORMAT = 1
TITLE = "β-VAE latent explorer"
MEGABYTE = 1_000_000
SINGLE, FOLDER = 6, 20  # megabytes for each run, unless told
INDEX, EMBEDDED, MANIFEST, FOLDER_OF_PARTS = "index.html", "embed.html", "export.json", "parts"
MOST_RUNS = 20
MOST_MISSED, MOST_OF_NAME = 5, 60  # runs of a lesson that are not here, as they are named
EMBED = "picture,sliders"  # what the snippet shows


@dataclass(frozen=True)
class Page:
    """A page before it is written."""

    site: dict[str, Any]
    parts: dict[str, str]  # by name, packed, in the order in which they are needed
    said: tuple[str, ...]  # what was left out for its size


def gather(
    runs: Sequence[Run], budget: float, lesson: str | None = None,
    told: Callable[[str], None] = lambda sentence: None,
) -> Page:  # fmt: skip
    """All that a page of runs holds.

    Args:
        runs: the first is shown first.
        budget: megabytes (10⁶ bytes) that the whole page should take.
        lesson: the name of the lesson that comes along, one of `lessons_for`; None for none.
        told: hears which run is being read.

    Raises:
        RunError: when a run cannot be read, has nothing to show, or is in training; when there is no such lesson.
    """
    if problem := why_not(runs):
        raise RunError(problem)
    along = None if lesson is None else open_lesson(lesson, runs)
    names = [run.name for run in runs]
    player = film_player().encode()
    player_text = packed(player)
    around = len(single(Page({}, {}, ())).encode()) + len(player_text) + 60_000 * len(runs)
    room = int((budget * MEGABYTE - around) / len(runs))
    made = []
    for run, name in zip(runs, names, strict=True):
        told(f"Reading {name} …")
        made.append(export_run(run, name, room))
    parts: dict[str, str] = {}
    sizes: dict[str, int] = {}
    of_runs: list[dict[str, str]] = []
    for place, each in enumerate(made):
        of_runs.append({part: f"{place} {part}" for part in PARTS if part in each.contents})
        parts |= {name: each.texts[part] for part, name in of_runs[-1].items()}
        sizes |= {name: len(each.contents[part]) for part, name in of_runs[-1].items()}
    parts["player"], sizes["player"] = player_text, len(player)
    comparisons, by_epoch = site_comparisons(made)
    if by_epoch:
        content = json.dumps(by_epoch, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        parts["comparisons"], sizes["comparisons"] = packed(content), len(content)
    pages = site_pages(several=bool(comparisons))
    strays = _strays(along, names) if along else []
    said = (*(sentence for each in made for sentence in each.said()), *strays)
    site = {
        "format": FORMAT, "title": TITLE, "made": {"version": bvae.__version__, "date": _today()},
        "glossary": GLOSSARY, "parts": {name: {"src": None, "bytes": size} for name, size in sizes.items()},
        "player": "player", "pages": pages, "runs": site_runs(made, of_runs), "pairing": site_pairing(made),
        "comparisons": comparisons, "home": site_home(pages, made, lesson), "texts": site_texts(made),
        "quality": site_quality(), "said": strays, "lesson": {"name": lesson, **along} if along else None,
    }  # fmt: skip
    return Page(site, parts, said)


def why_not(runs: Sequence[Run]) -> str | None:
    """Why there can be no page of runs, in a sentence; None where there can."""
    if len(runs) > MOST_RUNS:
        return f"A page holds {MOST_RUNS} runs at most, and {len(runs)} were named."
    names, paths = [run.name for run in runs], [run.path.resolve() for run in runs]
    for run in runs:
        if paths.count(run.path.resolve()) > 1:
            return f"{run.name} was named twice. Name it once."
        if names.count(run.name) > 1:
            return f"Two of the runs are called {run.name}. Rename the folder of one of them, or leave one out."
        if run.training:
            return f"{run.name} is in training. Wait until it has ended, or stop it first."
    return None


def _today() -> str:
    return datetime.date.today().isoformat()


# The lesson that comes along --------------------------------------------------------------------------------------


def lessons_for(runs: Sequence[Run]) -> dict[str, Path]:
    """The files of the lessons that can come along, by name: those in the runs, wherever these lie, and all others."""
    own = {run.name: lesson_file(run.path) for run in runs if has_lesson(run)}
    return own | {name: path for name, path in lesson_files().items() if name not in own}


def open_lesson(name: str, runs: Sequence[Run]) -> Lesson:
    """A lesson of `lessons_for` by its name.

    Raises:
        LessonError: when there is none, it cannot be read, or has no step.
    """
    there = lessons_for(runs)
    if name not in there:
        raise LessonError(f"There is no lesson named {name[:60]!r} here. These are: {', '.join(there)}.")
    lesson = open_lesson_file(name, there[name])
    if not lesson["steps"]:
        raise LessonError(f"The lesson “{lesson['title']}” has no step yet, so nobody could begin it. Add one first.")
    return lesson


def usual_lesson(runs: Sequence[Run]) -> str | None:
    """The lesson that comes along unless another is wanted: one that lies in a run and can be read, or the app's own
    where the page has all that it shows."""
    names = {run.name for run in runs}
    for name in (*(run.name for run in runs if has_lesson(run)), FIRST):
        with contextlib.suppress(LessonError):
            lesson = open_lesson(name, runs)
            if name in names or not _strays(lesson, names):
                return name
    return None


def _strays(lesson: Lesson, names: Collection[str]) -> list[str]:
    """A sentence about the runs that a lesson shows and a page does not hold."""
    shown = dict.fromkeys(step["address"].get("run") for step in lesson["steps"])
    missing = [run[:MOST_OF_NAME] for run in shown if run is not None and run not in names]
    if not missing:
        return []
    more = f" and {len(missing) - MOST_MISSED} more" if len(missing) > MOST_MISSED else ""
    listed = ", ".join(missing[:MOST_MISSED])
    return [f"The lesson “{lesson['title']}” also shows {listed}{more}, which this page does not hold."]


# One file --------------------------------------------------------------------------------------------------------


def single(page: Page) -> str:
    """The page as one HTML file."""
    before = {"0 head", "0 meaning"}  # of the script of all pages but Home and Traverse
    first, then = (
        [_Script(_call(name, text)) for name, text in page.parts.items() if (name in before) is early]
        for early in (True, False)
    )
    return _document(page.site, [*first, _Script(pages_script()), *then], _Policy())


# A folder --------------------------------------------------------------------------------------------------------


def write_folder(page: Page, folder: Path) -> list[Path]:
    """Write a page into a folder of its own, or over an earlier export, of which then nothing is left.

    Returns:
        The files that make the page.

    Raises:
        RunError: when the folder holds something else.
        OSError: when it cannot be written; what was there is as it was.
    """
    before = check_folder(folder)
    files = folder_files(page)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _growing(folder) as new:
        for name, content in files.items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_bytes(content)
        if not folder.exists():
            new.rename(folder)
            return [folder / name for name in files]
        (folder / FOLDER_OF_PARTS).mkdir(exist_ok=True)
        # The page comes last: until then the old one is whole, whose parts have other names unless they are the same.
        for name in sorted(files, key=lambda name: (name == MANIFEST, name == INDEX)):
            (new / name).replace(folder / name)
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)
    return [folder / name for name in files]


def folder_files(page: Page) -> dict[str, bytes]:
    """The files of a page by their paths within its folder; the same page makes the same bytes."""
    site, parts = page.site, {}
    files: dict[str, bytes] = {}
    for name, text in page.parts.items():
        content = _call(name, text).encode()
        path = f"{FOLDER_OF_PARTS}/{name.replace(' ', '-')}-{_short_hash(content)}.js"
        files[path] = content
        parts[name] = {**site["parts"][name], "src": path}
    others = pages_script().encode()
    path = f"{FOLDER_OF_PARTS}/pages-{_short_hash(others)}.js"
    files[path] = others
    first = parts[next(iter(parts))]["src"]
    index = _document(site | {"parts": parts}, [_Script(source=first), _Script(source=path)], _Policy(files=True))
    files[INDEX] = index.encode()
    files[EMBEDDED] = _example().encode()
    told = {"format": FORMAT, "made_by": TITLE, "files": sorted([*files, MANIFEST])}
    files[MANIFEST] = f"{json.dumps(told, indent=1)}\n".encode()
    return files


def _short_hash(content: bytes) -> str:
    """In the name of a file, so that no host or browser has an old one in its place."""
    return hashlib.sha256(content).hexdigest()[:8]


def check_folder(folder: Path) -> set[str]:
    """See that a page may be written into a folder: it can be made, it is empty, or it holds an earlier export.

    Returns:
        The files of the earlier export.

    Raises:
        RunError: when it is something else.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise RunError(f"{there} is a file. Name a folder, or write one file with --single.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise RunError(f"Nothing can be written into {there}. Name another folder, or mend its permissions.")
    if not folder.exists():
        return set()
    if not any(folder.iterdir()):
        return set()
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {name for name in told["files"] if isinstance(name, str) and _is_ours(name)}
        if told["made_by"] == TITLE:
            return files
    except (OSError, ValueError, TypeError, KeyError):
        pass
    raise RunError(f"{folder} holds files that are no earlier export. Name another folder, or empty this one.")


def _is_ours(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder in ("", FOLDER_OF_PARTS) and file not in ("", ".", "..") and "\\" not in file


@contextlib.contextmanager
def _growing(folder: Path) -> Iterator[Path]:
    """A new folder beside another, which is gone afterwards unless it was renamed."""
    whole = folder.resolve()  # not within it, as beside "." would be, nor on another disk than what a link leads to
    try:
        with hidden_folder(whole.parent, f".{whole.name}.export-") as place:
            new = place / "page"
            new.mkdir()
            yield new
    except OSError as error:  # a full disk does not say which file it was
        raise OSError(error.errno, error.strerror, str(folder)) from error


# The document ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Script:
    """A script of the page: within it, or beside it."""

    content: str = ""
    source: str | None = None

    def markup(self) -> str:
        if self.source is not None:
            return f'<script src="{self.source}"></script>'
        return f"<script>{self.content}</script>"


@dataclass(frozen=True)
class _Policy:
    """What the page may do: nothing but run its own scripts and show pictures that they draw."""

    files: bool = False  # whether there are scripts beside it

    def content(self, style: str, scripts: Sequence[_Script]) -> str:
        hashes = " ".join(_hashed(script.content) for script in scripts if script.source is None)
        beside = " 'self' file:" if self.files else ""
        return (
            f"default-src 'none'; script-src {hashes}{beside}; style-src {_hashed(style)}; img-src data: blob:; "
            "media-src blob:; base-uri 'none'; form-action 'none'"
        )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _document(site: Mapping[str, Any], scripts: Sequence[_Script], policy: _Policy) -> str:
    style = f"{theme_style()}{frame_style()}"
    every = [_Script(frame_script()), *scripts]
    icon = base64.b64encode((ASSETS / "icon.svg").read_bytes()).decode()
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy.content(style, every)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{escape(TITLE)}</title>\n<link rel="icon" href="data:image/svg+xml;base64,{icon}">',
            f"<style>{style}</style>\n</head>\n<body>\n{frame_markup()}",
            f'<script type="application/json" id="site">{as_data(site)}</script>',
            *(script.markup() for script in every),
            "</body>\n</html>\n",
        ]
    )


def as_data(value: Any) -> str:
    """JSON that holds nothing that would end a script or begin a comment where it stands in markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def _call(name: str, text: str) -> str:
    return f"betaVaeDeliver({json.dumps(name)},{json.dumps(text)});"


# In another page -------------------------------------------------------------------------------------------------


def snippet(address: str) -> str:
    """Markup that shows the live picture and its sliders within another page.

    Args:
        address: of the exported page.
    """
    return (
        f'<iframe src="{escape(address)}#traverse?embed={EMBED}" width="800" height="600" loading="lazy" '
        'style="border: 0" title="A β-VAE, live"></iframe>'
    )


def _example() -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>The page within another</title>\n'
        "</head>\n<body>\n<p>To show the live picture within a page of yours, copy the element below.</p>\n"
        f"{snippet(INDEX)}\n</body>\n</html>\n"
    )
