"""A run in a notebook's cell: the live components of the app, with the position as traits that go both ways.

    import bvae

    explorer = bvae.show("mnist-beta4")
    explorer.z                    # the code under the sliders, once the hand has let go
    explorer.z = [0.0] * 20       # moves them
    explorer.epoch = 10           # the clock
    explorer.page = "draw"

It is an anywidget (https://anywidget.dev), and runs where those do: JupyterLab, VS Code, Colab, marimo.
All that it needs lies in this program, so that no network is asked for anything. The run is read when it is shown, and
what is shown goes on when the run is deleted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bvae.browser.cursor import Cursor, CursorError, Start, check_code, check_cursor, guests_of, image_cursor, own_code
from bvae.browser.encoders import centred, epochs_with_encoders, pack_encoders
from bvae.browser.guests import Guest, check_drawing, encoded, probe_image
from bvae.browser.live import Space, chosen_epochs, pack
from bvae.browser.meaning import pack_figures, pack_meaning
from bvae.browser.noise import MOST_SEED, noise_of
from bvae.browser.widget import PAGES, widget_module, widget_style
from bvae.runs import Run, RunError, find_run

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError("bvae.show needs anywidget, which is not installed: pip install anywidget") from error

READ_ONLY = "A notebook keeps no names. Open the run in the app to name its dimensions."


def show(
    run: Run | str, page: str = "traverse", *, z: Sequence[float] | None = None, epoch: int | None = None
) -> Explorer:
    """Explore a run in a notebook's cell.

    Args:
        run: the run, its name, or the path of its folder.
        page: what is shown first: "traverse", "interpolate", "generate", "draw" or "disentangle".
        z: the code to begin with, (D,); that of a typical test image unless told.
        epoch: the epoch to begin with, one that the run has kept; the last unless told.

    Raises:
        ImportError: where anywidget is not installed.
        RunError: when there is no such run, or nothing of it can be shown yet.
        traitlets.TraitError: when page, code or epoch do not fit the run.
    """
    explorer = Explorer(run if isinstance(run, Run) else find_run(run))
    explorer.page = page
    if epoch is not None:
        explorer.epoch = epoch
    if z is not None:
        explorer.z = z
    return explorer


class _Code(traitlets.TraitType[Any, Any]):
    """Numbers in any form that NumPy takes, kept as a list."""

    info_text = "a list of numbers"

    def validate(self, obj: Any, value: Any) -> list[float]:
        try:
            return np.asarray(value, np.float64).reshape(-1).tolist()
        except (TypeError, ValueError):
            return self.error(obj, value)


class Explorer(anywidget.AnyWidget):
    """A run in a notebook's cell.

    z: the code that is looked at, (D,).
    epoch: of the snapshot that decodes it. Where it is an image's own code, moving the epoch keeps the image.
    page: what is shown.
    """

    _esm = widget_module()
    _css = widget_style()

    z = _Code().tag(sync=True)
    epoch = traitlets.Int().tag(sync=True)
    page = traitlets.Enum(PAGES).tag(sync=True)

    # The bytes that the browser's stores take. What the first slider needs comes first, see `_complete`.
    head = traitlets.Bytes().tag(sync=True)
    rest = traitlets.Bytes().tag(sync=True)
    meaning = traitlets.Bytes().tag(sync=True)
    figures = traitlets.Bytes().tag(sync=True)
    encoders = traitlets.Bytes().tag(sync=True)
    _sent = traitlets.Dict().tag(sync=True)  # page, data of its component, and a problem to be said
    _told = traitlets.Dict().tag(sync=True)  # what a component said: its state and the value

    def __init__(self, run: Run) -> None:
        live = pack(run, run.name, chosen_epochs(run))
        self._run = run
        self._live = live
        self._space: Space = dataclasses.replace(live.space, guest=functools.partial(_find_guest, self))
        self._meaning, self._figures = pack_meaning(run), pack_figures(run)
        self._memory: dict[str, Any] = {}  # by page
        self._seed = 0
        self._problem = " ".join(live.problems)
        self._revision = 1
        self._by_hand = True  # what sets z and epoch here and in `_take` is no wish of the notebook's
        self._cursor = image_cursor(self._space)
        super().__init__(
            z=self._cursor["z"], epoch=self._cursor["epoch"], page=PAGES[0], head=live.head,
            meaning=self._meaning.content if self._meaning.key else b"",
        )  # fmt: skip
        self._by_hand = False
        self.on_msg(self._complete)
        self._draw()

    # What the notebook wishes -----------------------------------------------------------------------------------------

    @traitlets.validate("z")
    def _check_z(self, proposal: Any) -> list[float]:
        try:
            return check_code(proposal.value, self._space)
        except CursorError as error:
            raise traitlets.TraitError(f"The code cannot be shown: {error}") from None

    @traitlets.validate("epoch")
    def _check_epoch(self, proposal: Any) -> int:
        if proposal.value not in self._space.epochs:
            kept = ", ".join(map(str, self._space.epochs))
            raise traitlets.TraitError(f"Epoch {proposal.value} cannot be shown: {self._space.run} has kept {kept}.")
        return int(proposal.value)

    @traitlets.observe("z")
    def _move(self, _: Any) -> None:
        if not self._by_hand:
            start = Start(kind="code", code=self.z)
            self._take(Cursor(z=self.z, epoch=self.epoch, start=start, keep=self._cursor["keep"]))

    @traitlets.observe("epoch")
    def _tick(self, _: Any) -> None:
        if self._by_hand:
            return
        before, z = self._cursor, np.array(self._cursor["z"])
        if before["keep"] == "digit":
            codes = [own_code(self._space, before["start"], epoch) for epoch in (before["epoch"], self.epoch)]
            if codes[0] is not None and codes[1] is not None:
                z = z - codes[0] + codes[1]
        self._take(Cursor(z=z.tolist(), epoch=self.epoch, start=before["start"], keep=before["keep"]))

    @traitlets.observe("page")
    def _turn(self, change: Any) -> None:
        if change.old != traitlets.Undefined and not self._by_hand:
            self._fetch()
            self._draw()

    def _take(self, cursor: Cursor, tell: bool = True) -> None:
        """Have a cursor for the one that is looked at; `tell` the browser, unless it is its own word."""
        self._cursor = cursor
        with self._quietly():
            self.z, self.epoch = cursor["z"], cursor["epoch"]
        if tell:
            self._revision += 1
            self._draw()

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        self._by_hand = True
        try:
            yield
        finally:
            self._by_hand = False

    # What the browser says; all of it can be altered ------------------------------------------------------------------

    @traitlets.observe("_told")
    def _listen(self, change: Any) -> None:
        state, value = change.new.get("state"), change.new.get("value")
        if state == "cursor":
            with contextlib.suppress(CursorError):
                self._take(check_cursor(value, self._space), tell=False)
        elif state == "memory" and isinstance(value, dict):
            memory = value.get("memory", value)
            self._memory[self.page] = memory if isinstance(memory, dict) else None
            seed = (self._memory[self.page] or {}).get("seed", 0)
            if self.page == "generate" and isinstance(seed, int) and 0 <= seed <= MOST_SEED and seed != self._seed:
                self._seed = seed
                self._draw()
        elif state == "page" and isinstance(value, dict):
            if value.get("page") in PAGES:
                self.page = value["page"]
            else:
                self._problem = "That page is not shown in a notebook. Open the run in the app: streamlit run app.py"
                self._draw()

    def _complete(self, _: Any, content: Any, buffers: Any) -> None:
        """An output is there, and its first slider can be moved: send what that does not wait for."""
        self.rest = self._live.rest
        self._fetch()

    def _fetch(self) -> None:
        """Have the browser given what a page needs besides."""
        try:
            if self.page == "disentangle" and self._figures.key:
                self.figures = self._figures.content
            if self.page == "draw" and not self.encoders:
                epochs = epochs_with_encoders(self._run, self._space.epochs, self.epoch)
                self.encoders = pack_encoders(self._run, self._live.key, epochs)
            self._problem = ""
        except (RunError, OSError) as error:
            self._problem = str(error)
            self._draw()

    def _draw(self) -> None:
        wanted = [self._cursor["start"], *(end for end in self._ends() if end["kind"] == "digit")]
        data = {
            "key": self._live.key,
            "cursor": self._cursor,
            "revision": self._revision,
            "guests": [guest.packed() for guest in guests_of(self._space, wanted)],
            "memory": self._memory.get(self.page),
            "asked": None,
            "asked_revision": 0,
            "meaning": self._meaning.key,
            "read_only": READ_ONLY,
        }
        self._sent = {"page": self.page, "data": data | self._own_data(), "problem": self._problem}

    def _ends(self) -> list[Start]:
        """The images that Interpolate remembers."""
        ends = (self._memory.get("interpolate") or {}).get("ends")
        found = [end for end in ends if isinstance(end, dict)] if isinstance(ends, list) else []
        return [
            Start(kind="digit", index=end["index"])
            for end in found[:4]
            if end.get("kind") == "digit" and isinstance(end.get("index"), int)
        ]

    def _own_data(self) -> dict[str, Any]:
        if self.page == "traverse":
            return {"rows": self._live.active}
        if self.page == "generate":
            return noise_of(self._seed, self._space.latent_dim, len(self._space.indices))
        if self.page == "draw":
            return {"centred": centred(self._run)}
        if self.page == "disentangle":
            return {"figures": self._figures.key, "beside": []}
        return {}


def _find_guest(explorer: Explorer, kind: str, index: int) -> Guest | None:
    run, epochs = explorer._run, explorer._live.space.epochs
    try:
        if kind == "digit":
            return probe_image(run, epochs, index)
        drawing = check_drawing(explorer._memory.get("draw"))
        if drawing and drawing["number"] == index:
            return encoded(run, epochs, ("drawing", index, -1), bytes(drawing["image"]))
    except (RunError, OSError):  # deleted since
        pass
    return None
