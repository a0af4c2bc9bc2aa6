/**
 * Marked prose, as the app's pages have it: paragraphs, lists, **bold**, `code`, small print, words of the glossary and formulas.
 * All else is text.
 */

import { make, textsIn } from "../shared/elements.js";
import { markedNodes } from "../shared/terms.js";
import { formula } from "./math.js";

const INLINE = /\*\*(.+?)\*\*|`([^`]+)`|\$([^$]+)\$/;

const ESCAPED = /\\([\\[\]*$~<`])/g; // a character that is itself and no mark
const ASIDE = 0xe000; // where those stand meanwhile, among characters that nobody uses
const SET_ASIDE = /[\ue000-\ue07f]/g;

/** @param {string} text of one line @returns {Node[]} */
export function line(text) {
  const nodes = marked(text.replace(ESCAPED, (_, character) => String.fromCharCode(ASIDE + character.charCodeAt(0))));
  for (const node of nodes.flatMap((each) => (each instanceof Text ? each : textsIn(each)))) {
    node.data = node.data.replace(SET_ASIDE, (character) => String.fromCharCode(character.charCodeAt(0) - ASIDE));
  }
  return nodes;
}

/** @param {string} text @returns {Node[]} */
function marked(text) {
  /** @type {Node[]} */
  const nodes = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found; found = INLINE.exec(rest)) {
    const [whole, bold, code, tex] = found;
    nodes.push(...markedNodes(rest.slice(0, found.index)));
    if (bold) {
      const strong = make("strong");
      strong.append(...marked(bold));
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
