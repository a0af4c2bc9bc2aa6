"""What a page says between its components, as text: to compare a page of the app with that of an exported page."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from playwright.sync_api import Page

# Of an element's visible text, a line for each block that is a heading, or ends as a sentence does. What is within a
# component, whose root is a shadow, is left out.
_SENTENCES = """(selector) => {
  const found = [];
  const walk = (node, blocks) => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) blocks.at(-1).text += child.textContent;
      if (child.nodeType !== Node.ELEMENT_NODE) continue;
      if (child.matches("style, script, math, option, .katex") || !child.checkVisibility()) continue;
      const inline = getComputedStyle(child).display.startsWith("inline") && !child.matches("br, button");
      if (!inline) blocks.push({ tag: child.tagName, text: "" });
      walk(child, blocks);
      if (!inline) blocks.push({ tag: blocks.at(-1).tag, text: "" });
    }
    return blocks;
  };
  for (const { tag, text } of walk(document.querySelector(selector), [{ tag: "", text: "" }])) {
    const line = text.replaceAll(/\\s+/g, " ").trim();
    if (line && (/^H[1-6]$/.test(tag) || /[.:?!]$/.test(line))) found.push(line);
  }
  return found;
}"""


def sentences(page: Page, selector: str) -> list[str]:
    """The headings and sentences in an element, in their order."""
    found: list[str] = page.evaluate(_SENTENCES, selector)
    return found


def only_one_says(app: Page, exported: Page, apart: Sequence[str] = ()) -> list[str]:
    """Headings and sentences of a page that the app says alone (with - before them), or an exported page (with +), or
    that stand elsewhere in it.

    Args:
        apart: how those begin of which that is right; of one that nobody says, that is told (with ? before it).
    """
    here, there = sentences(app, "[data-testid=stMain]"), sentences(exported, "main")
    unsaid = [f"? {start}" for start in apart if not any(line.startswith(start) for line in (*here, *there))]
    here, there = ([line for line in lines if not line.startswith(tuple(apart))] for lines in (here, there))
    return unsaid + [line for line in difflib.ndiff(here, there) if line[0] in "+-"]
