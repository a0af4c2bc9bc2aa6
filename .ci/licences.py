"""The licences of all packages that the lock names, as Markdown: `python .ci/licences.py > .github/LICENCES.md`.

Run where the lock is installed. What each package says of itself; one that this platform does not need is marked so.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")


def licence(name: str) -> str:
    """A package's licence, as short as it says it."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return "(not needed on this platform)"
    classified = [text.split(" :: ") for text in about.get_all("Classifier", [])]
    classifiers = [parts[-1] for parts in classified if parts[0] == "License" and parts[-1] != "OSI Approved"]
    said = about.get("License-Expression") or ", ".join(classifiers) or (about.get("License") or "").partition("\n")[0]
    return said.strip() or "(says none)"


def main() -> None:
    print("# Licences of what this program needs\n")
    print("Made by `python .ci/licences.py`, from what each package of `.ci/requirements.lock` says of itself.\n")
    print("| package | licence |\n| --- | --- |")
    for name in dict.fromkeys(re.findall(r"^([a-z0-9][\w.-]*)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)):
        print(f"| {name} | {licence(name).replace('|', '/')} |")


if __name__ == "__main__":
    main()
