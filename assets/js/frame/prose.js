/**
 * Marked prose, as the app's pages have it: paragraphs, lists, **bold**, `code`, small print, words of the glossary and formulas.
 * All else is text.
 */

import { make } from "../shared/elements.js";
import { markedNodes } from "../shared/terms.js";
import { formula } from "./math.js";

const INLINE = /\*\*(.+?)\*\*|`([^`]+)`|\$([^$]+)\$/;

/** @param {string} text of one line @returns {Node[]} */
export function line(text) {
  /** @type {Node[]} */
  const nodes = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found; found = INLINE.exec(rest)) {
    const [whole, bold, code, tex] = found;
    nodes.push(...markedNodes(rest.slice(0, found.index)));
    if (bold) {
      const strong = make("strong");
      strong.append(...line(bold));
      nodes.push(strong);
    } else nodes.push(code ? make("code", "", code) : formula(tex));
    rest = rest.slice(found.index + whole.length);
  }
  nodes.push(...markedNodes(rest));
  return nodes;
}

/** @param {string} text @returns {HTMLElement[]} its paragraphs and lists */
export function prose(text) {
  const small = /^:small\[(.*)\]$/s.exec(text.trim());
  const blocks = (small ? small[1] : text).trim().split(/\n{2,}|\n(?=- )|(?<=\n- [^\n]*)\n(?!- )/);
  /** @type {HTMLElement[]} */
  const found = [];
  for (const block of blocks) {
    if (!block.startsWith("- ")) {
      const paragraph = make("p", small ? "small" : "");
      paragraph.append(...line(block));
      found.push(paragraph);
      continue;
    }
    const last = found.at(-1);
    const list = last instanceof HTMLUListElement ? last : make("ul");
    const item = make("li");
    item.append(...line(block.slice(2)));
    list.append(item);
    if (list !== last) found.push(list);
  }
  return found;
}
