"""Joins modules of assets/js into the one script that a component has.

A component's script has no address to which `import "./clock.js"` could be relative. So the modules that a page's own
file imports, and those that they import, are put one after the other into one scope, each once and before what needs
it. As files they are modules as a browser, Node and a type checker load them.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ASSETS = Path(__file__).resolve().parents[2] / "assets"
MODULES = ASSETS / "js"

IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|let|class|(?:async )?function\*?) (\w+))", re.MULTILINE)
COMMENT = re.compile(r"^ *(?:/\*\*(?:(?!\*/).)*\*/|// [^\n]*)\n", re.MULTILINE | re.DOTALL)  # on lines of its own
DECLARED = re.compile(r"^(?:export )?(?:default )?(?:const|let|class|(?:async )?function\*?) (\w+)", re.MULTILINE)


class BundleError(ValueError):
    """Modules that do not fit each other; the message names both."""


@dataclass(frozen=True)
class Module:
    """One file of assets/js.

    imports: for each module that it imports, by its path within assets/js, the names that it takes from there.
    exports: the names that others may take.
    declares: all names of its outermost scope.
    body: its source without comments, without imports, and without the word export, but for a default one.
    """

    path: str
    imports: dict[str, tuple[str, ...]]
    exports: frozenset[str]
    declares: tuple[str, ...]
    body: str


def read_module(path: str) -> Module:
    """Read a module by its path within assets/js.

    Raises:
        BundleError: when it imports or exports in a way that is not joined here.
        OSError: when there is no such file.
    """
    source = (MODULES / path).read_text(encoding="utf-8")
    imports: dict[str, tuple[str, ...]] = {}
    for names, target in IMPORT.findall(source):
        taken = tuple(name for name in (each.strip() for each in names.split(",")) if name)
        if other := next((name for name in taken if not re.fullmatch(r"\w+", name)), None):
            raise BundleError(f"{path} imports {other} from {target}: names are imported as they are.")
        parts: list[str] = []
        for part in (PurePosixPath(path).parent / target).parts:
            if part != "..":
                parts.append(part)
            elif parts:
                parts.pop()
        to = "/".join(parts)
        imports[to] = (*imports.get(to, ()), *taken)
    rest = IMPORT.sub("", source)
    body = EXPORT.sub("", rest)
    if other := re.search(r"^(?:import\b|export (?!default )).*", body, re.MULTILINE):
        raise BundleError(
            f'{path} has "{other[0]}", which is not joined here: import {{ names }}, and export declarations.'
        )
    body = re.sub(r"\n{2,}", "\n", COMMENT.sub("", body))
    return Module(
        path, imports, frozenset(EXPORT.findall(rest)), tuple(DECLARED.findall(rest)), body.strip("\n") + "\n"
    )


@functools.cache
def modules(*entries: str) -> tuple[Module, ...]:
    """Modules and all that they need, in the order in which they are joined: the last entry is the last.

    Raises:
        BundleError: when a file or a name that is imported is missing, when modules import each other in a circle, or
            when two of them declare one name.
    """
    found: dict[str, Module] = {}

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise BundleError(f"{above[-1]} imports {path}, which needs {above[-1]} itself: a circle.")
        if path in found:
            return
        try:
            module = read_module(path)
        except OSError as error:
            raise BundleError(
                f"{above[-1] if above else 'A page'} imports {path}, and there is no such file."
            ) from error
        for other, names in module.imports.items():
            visit(other, (*above, path))
            if missing := [name for name in names if name not in found[other].exports]:
                raise BundleError(f"{path} imports {', '.join(missing)} from {other}, which does not export that.")
        if above and "export default" in module.body:
            raise BundleError(f"{above[-1]} imports {path}, which has a default export: it is a component of its own.")
        found[path] = module

    for entry in entries:
        visit(entry, ())
    homes: dict[str, str] = {}
    for module in found.values():
        for name in module.declares:
            if (first := homes.setdefault(name, module.path)) != module.path:
                raise BundleError(f"{first} and {module.path} both declare {name}, and {entries[-1]} needs both.")
    return tuple(found.values())


def bundle(*entries: str) -> str:
    """The one script that modules and all that they need make, for example of "traverse/page.js".

    Raises:
        BundleError: see `modules`.
    """
    return "\n".join(module.body for module in modules(*entries))
