"""The page that plays a film without this program, as one file; the browser puts the film in when it is saved."""

from __future__ import annotations

import functools

from bvae.browser.bundle import bundle
from bvae.browser.components import asset


@functools.cache
def film_player() -> str:
    """The file, still without a film: markup, style and script in one; see `saveFilmPage` in assets/js/clusters."""
    markup = asset("html", "film-player").replace(
        "<style></style>", f"<style>\n{asset('css', 'terms', 'film-player')}</style>"
    )
    return markup.replace(
        '<script type="module"></script>', f'<script type="module">\n{bundle("clusters/player.js")}</script>'
    )
