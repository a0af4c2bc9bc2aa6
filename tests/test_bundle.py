"""The modules of the browser's part: how they are joined, and that they stand on floors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bvae.browser import bundle as bundling
from bvae.browser.bundle import COMMENT, MODULES, BundleError, Module, bundle, modules, read_module

FLOORS = {"engine": 0, "shared": 1}  # all other folders stand above these, beside each other
FILES = sorted(str(path.relative_to(MODULES)) for path in MODULES.rglob("*.js"))
ENTRIES = [path for path in FILES if "\nexport default" in (MODULES / path).read_text(encoding="utf-8")]


def folder_of(path: str) -> str:
    return path.partition("/")[0]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules of the test's own."""
    monkeypatch.setattr(bundling, "MODULES", tmp_path)
    modules.cache_clear()
    (tmp_path / "shared").mkdir()
    (tmp_path / "page").mkdir()
    (tmp_path / "shared/a.js").write_text("/** Says a. */\nexport const a = 1;\nconst own = 2;\n")
    (tmp_path / "shared/b.js").write_text('import { a } from "./a.js";\n\nexport function b() {\n  return a;\n}\n')
    yield tmp_path
    modules.cache_clear()


def write(tree: Path, text: str) -> str:
    (tree / "page/page.js").write_text(text)
    return "page/page.js"


def test_modules_are_joined_in_order_each_once_and_without_comments(tree: Path) -> None:
    page = write(
        tree,
        """import {
  b,
} from "../shared/b.js";
import { a } from "../shared/a.js";

/** @import { A } from "../shared/a.js" */

// What the page is.
export default [
  /** @type {A} */ (a), // not on a line of its own
  /** What b says. */
  b(),
]; // both
""",
    )
    script = bundle(page)
    assert script == (
        "const a = 1;\nconst own = 2;\n\nfunction b() {\n  return a;\n}\n\n"
        "export default [\n  /** @type {A} */ (a), // not on a line of its own\n  b(),\n]; // both\n"
    )
    assert [module.path for module in modules(page)] == ["shared/a.js", "shared/b.js", "page/page.js"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import { c } from "../shared/c.js";\n', "page/page.js imports shared/c.js, and there is no such file."),
        ('import { b, z } from "../shared/b.js";\n', "page/page.js imports z from shared/b.js, which does not export"),
        ('import { own } from "../shared/a.js";\n', "page/page.js imports own from shared/a.js, which does not export"),
        ('import { a } from "../shared/a.js";\nconst own = 1;\n', "shared/a.js and page/page.js both declare own"),
        ('import { x } from "./other.js";\nexport const y = 1;\n', "page/other.js imports page/page.js, which needs"),
        ('import { a as c } from "../shared/a.js";\n', "page/page.js imports a as c from ../shared/a.js"),
        ('import * as a from "../shared/a.js";\n', "which is not joined here"),
        ('import "../shared/a.js";\n', "which is not joined here"),
        ("const c = 1;\nexport { c };\n", "which is not joined here"),
        ('import { d } from "./widget.js";\n', "page/page.js imports page/widget.js, which has a default export"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_names_of_both_files(tree: Path, text: str, said: str) -> None:
    (tree / "page/other.js").write_text('import { y } from "./page.js";\nexport const x = y;\n')
    (tree / "page/widget.js").write_text("export const d = 1;\nexport default d;\n")
    with pytest.raises(BundleError) as refused:
        bundle(write(tree, text))
    assert said in str(refused.value)


def test_the_first_of_several_files_is_named_that_is_missing(tree: Path) -> None:
    with pytest.raises(BundleError, match=r"A page imports page/nowhere\.js, and there is no such file"):
        bundle("page/nowhere.js")


@pytest.mark.parametrize("path", FILES)
def test_a_module_imports_downwards_and_only_what_it_uses(path: str) -> None:
    module = read_module(path)
    folder, here = folder_of(path), FLOORS.get(folder_of(path), 2)
    above = [
        other for other in module.imports if folder_of(other) != folder and FLOORS.get(folder_of(other), 2) >= here
    ]
    assert not above, f"{path} is in {folder}, and {above} is not below"
    code = re.sub(r"//.*", "", COMMENT.sub("", module.body))
    unused = [name for names in module.imports.values() for name in names if not re.search(rf"\b{name}\b", code)]
    assert not unused, "a bundle would hold files that it does not need"


def test_every_module_is_needed_by_some_component() -> None:
    scripts = [*(modules("shell/hand-on.js", entry) for entry in ENTRIES), modules("clusters/player.js")]
    assert {module.path for script in scripts for module in script} == set(FILES)


def test_a_page_that_needs_little_gets_little() -> None:
    def size(page: str) -> int:
        return len(bundle("shell/hand-on.js", f"{page}/page.js").encode())

    assert size("run_table") < 12_000
    held: dict[str, list[Module]] = {page: list(modules(f"{page}/page.js")) for page in ("run_table", "training")}
    assert not [module.path for module in held["run_table"] if folder_of(module.path) == "engine"]
    assert "shared/live.js" not in {module.path for module in held["training"]}, "it draws with no weights"
