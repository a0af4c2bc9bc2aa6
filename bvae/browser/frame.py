"""What an exported page is made of beside the runs: the frame's markup and style, and two scripts of all that moves.

In the app a page's component is a script of its own. Here the floors below the pages stand once, in a scope that all
scripts of the page share, and what is a page's own in a function of its own, which the browser reads when that page is
opened. The first script has what the first slider needs; what the other pages need comes after the first weights.
"""

from __future__ import annotations

import json

from bvae.browser.bundle import BundleError, bundle, modules
from bvae.browser.components import asset
from bvae.browser.glossary import check_marks

FIRST = ("traverse", "way")  # what Home and Traverse show at once
OTHERS = ("beside", "interpolate", "generate", "clusters", "disentangle", "reconstruct", "draw", "compare",
          "lesson")  # fmt: skip
STORES = ("runs", "meanings", "films")
SHARED_STYLES = ("common", "terms")
FRAME = "frame/page.js"
FLOORS = ("engine/", "shared/")
ENTRIES = [*(f"{name}/page.js" for name in FIRST), *(f"store/{name}.js" for name in STORES), FRAME]


def frame_markup() -> str:
    """What stands in the page's body before its scripts."""
    return asset("html", "frame")


def frame_style() -> str:
    """The style of all that is around the components."""
    return asset("css", "terms", "frame")


def frame_script() -> str:
    """A classic script, which a page that was opened as a file can have: modules it could not load. It draws Home and
    Traverse, and defines what takes the parts of the runs and of the other pages."""
    stores = [f'"store/{name}": {{ html: "", css: [], script: {own(f"store/{name}.js")} }},' for name in STORES]
    return _escaped(
        '"use strict";',
        bundle(*below(ENTRIES)),
        f"const betaVaeStyles = {json.dumps([asset('css', name) for name in SHARED_STYLES])};",
        "const betaVaeAssets = {", *map(assets_of, FIRST), *stores, "};",
        f"({own(FRAME)})()(betaVaeAssets);",
    )  # fmt: skip


def pages_script() -> str:
    """What the other pages need beyond `frame_script`, which must stand before it."""
    here = below(ENTRIES)
    every = below([*ENTRIES, *(f"{name}/page.js" for name in OTHERS)])
    bundle(*every)  # refuses two that declare one name
    more = [module.body for module in modules(*every) if module.path not in here]
    return _escaped('"use strict";', *more, "betaVaePages({", *map(assets_of, OTHERS), "});")


def below(entries: list[str]) -> list[str]:
    """The modules of the floors that some modules need, in the order in which they are joined."""
    return list(dict.fromkeys(module.path for entry in entries for module in modules(entry) if _is_floor(module.path)))


def assets_of(name: str) -> str:
    """A component as assets/js/shared/mounted.js takes it."""
    html = asset("html", name)
    check_marks(html)
    style, script = json.dumps(asset("css", name)), own(f"{name}/page.js")
    return f"{json.dumps(name)}: {{ html: {json.dumps(html)}, css: [...betaVaeStyles, {style}], script: {script} }},"


def own(entry: str) -> str:
    """A function that returns the default export of a module; in it, what the module needs above the floors.

    Raises:
        BundleError: when there is none, or its modules do not fit each other.
    """
    bundle(entry)
    body = "\n".join(module.body for module in modules(entry) if not _is_floor(module.path))
    if body.count("\nexport default ") != 1:
        raise BundleError(f"{entry} has no default export.")
    return "() => {\n" + body.replace("\nexport default ", "\nreturn ") + "}"


def _is_floor(path: str) -> bool:
    return path.startswith(FLOORS)


def _escaped(*lines: str) -> str:
    """A script as it can stand in markup, which ends it where it says so, even in the midst of a text."""
    script = "\n".join(lines)
    for begins in ("</script", "<!--", "<script"):
        script = script.replace(begins, f"\\x3c{begins[1:]}")
    return f"{script}\n"
