/** What a lesson says: words of the glossary, and between two `**` what is to be done. Never parsed as HTML. */

import { make } from "../shared/elements.js";
import { explain } from "../shared/terms.js";

/** @param {HTMLElement} element @param {string} text */
export function tell(element, text) {
  const parts = text.split("**");
  const open = parts.length % 2 ? parts.length : parts.length - 1; // one that is not closed is a text like any other
  const pieces = parts.map((part, place) => {
    const emphasised = place % 2 === 1 && place < open;
    const piece = make(emphasised ? "strong" : "span");
    explain(piece, place === open ? `**${part}` : part);
    return piece;
  });
  element.replaceChildren(...pieces);
}
