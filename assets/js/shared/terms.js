/**
 * Words that are explained where they stand: a dotted line, and one sentence at the pointer, with the focus or at a tap.
 *
 * A text marks them as Markdown marks a link, see glossary.py. The sentences arrive once, see shell/glossary.js, and before
 * any component is shown; the words of Streamlit's prose bring their own.
 */

import { make, textsIn } from "./elements.js";

const MARK = /\[([^[\]]+)\]\(#([a-z-]+)\)/;
const MARKS = new RegExp(MARK, "g");
const TERM = '.term, .resting, a[href^="#term-"]'; // .resting: see disable.js
const GAP = 6; // pixels between a word and its sentence
const EDGE = 8; // pixels that stay free at the window's edge

/**
 * A text's nodes: plain text, then in turn a marked word and plain text.
 * @param {string} text @returns {(Text|HTMLElement)[]}
 */
export function markedNodes(text) {
  /** @type {(Text|HTMLElement)[]} */
  const nodes = [];
  const parts = text.split(MARKS); // plain, word, key, plain, word, key, …, plain
  for (let i = 0; i < parts.length; i += 3) {
    if (i > 0) nodes.push(termOf(parts[i - 2], parts[i - 1]));
    nodes.push(document.createTextNode(parts[i]));
  }
  return nodes;
}

/**
 * A word with its sentence. A span and no button, so that its text stays a part of what it stands in, as of a label.
 * @param {string} word @param {string} key of its sentence
 */
function termOf(word, key) {
  const sentences = globalThis.betaVaeGlossary ?? {};
  if (!Object.hasOwn(sentences, key)) return document.createTextNode(`[${word}](#${key})`); // a run's own words, as a class's name
  // With a title, though an empty one, the browser does not show that of what it stands in.
  const attributes = { role: "term", tabindex: 0, title: "", "data-term": key, "aria-description": sentences[key] };
  return make("span", "term", word, attributes);
}

/**
 * Write a text with marked words into an element. Where it has the same words already, these stay, as does their focus.
 * @param {Element} element @param {string} text
 */
export function explain(element, text) {
  const nodes = markedNodes(text);
  const before = element.childNodes;
  const same = nodes.length === before.length && nodes.every((node, i) => isAlike(node, before[i]));
  if (!same) {
    element.replaceChildren(...nodes);
    return;
  }
  for (const [i, { textContent }] of nodes.entries()) {
    if (before[i].textContent !== textContent) before[i].textContent = textContent;
  }
}

/** Both plain text, or the same word. @param {Node} one @param {Node} other */
function isAlike(one, other) {
  const [first, second] = [one, other].map((node) => (node instanceof HTMLElement ? node.dataset.term : null));
  return one.nodeType === other.nodeType && first === second;
}

/** @param {string} text @returns {string} without its marks, for where nothing can be pointed at */
export const unmarked = (text) => text.replace(MARKS, "$1");

/** Explain the words that a component's HTML marks. @param {Element} root */
export function explainMarks(root) {
  for (const node of textsIn(root)) if (MARK.test(node.data)) node.replaceWith(...markedNodes(node.data));
}

/** @param {HTMLElement|null} element @returns {HTMLElement|null} */
const longNameIn = (element) =>
  element?.matches(".long-name") ? element : (element?.querySelector(".long-name") ?? null);

/** What shows the sentences of all words within a root. */
export class Terms {
  /** @param {HTMLElement|Document} root where the words are @param {HTMLElement} home where the sentence is put, to be drawn above everything */
  constructor(root, home) {
    this.home = home;
    /** @type {HTMLElement|null} the word whose sentence is shown */
    this.term = null;
    this.tip = make("div", "term-tip", "", { role: "tooltip", popover: "manual" });
    /** @type {Record<string, (event: Event) => void>} */
    this.outside = {
      pointerdown: (event) =>
        !event.composedPath().some((node) => node === this.tip || node === this.term) && this.hide(),
      keydown: (event) => {
        if (/** @type {KeyboardEvent} */ (event).key !== "Escape") return;
        event.stopPropagation(); // what lies below stays open
        this.hide();
      },
      scroll: () => this.place(),
      resize: () => this.place(),
    };
    /** @param {Event} event @param {string} selector @returns {HTMLElement|null} what of this kind it happened in */
    const around = ({ target }, selector) => (target instanceof Element ? target.closest(selector) : null);
    // A name that is cut, or the control that it stands in, see classes.js.
    /** @param {Event} event */
    const held = (event) => around(event, TERM) ?? longNameIn(around(event, "button, label, .long-name"));
    /**
     * @template {keyof GlobalEventHandlersEventMap} Name
     * @param {Name} name @param {(event: GlobalEventHandlersEventMap[Name]) => void} told
     */
    const listen = (name, told) => root.addEventListener(name, /** @type {EventListener} */ (told));
    listen("pointerover", (event) => {
      const term = held(event);
      if (term && event.pointerType !== "touch") this.show(term);
      else if (!term && !this.tip.contains(/** @type {Node} */ (event.target))) this.leave();
    });
    listen("pointerleave", () => this.leave());
    listen("focusin", (event) => this.show(held(event)));
    listen("focusout", (event) => held(event) === this.term && this.hide());
    listen("keydown", (event) => event.key === "Enter" && this.show(around(event, TERM)));
    listen("click", (event) => {
      const term = around(event, TERM);
      if (!term) return;
      event.preventDefault(); // neither what its label belongs to, nor the address of a link
      this.show(term);
    });
  }

  /** The pointer has gone elsewhere. */
  leave() {
    if (this.term && !this.term.closest(":is(.term, a, button, label, .long-name):is(:focus, :focus-within)"))
      this.hide();
  }

  /** @param {HTMLElement|null} term */
  show(term) {
    if (!term || term === this.term || !this.home.isConnected) return;
    this.hide();
    if (term.title) {
      // A link's, which the browser would show beside it.
      term.setAttribute("aria-description", term.title);
      term.title = "";
    }
    this.term = term;
    this.tip.textContent = term.getAttribute("aria-description") ?? term.textContent;
    this.home.append(this.tip);
    this.tip.showPopover();
    this.place();
    for (const [name, told] of Object.entries(this.outside)) addEventListener(name, told, true);
  }

  hide() {
    if (!this.term) return;
    this.term = null;
    this.tip.remove();
    for (const [name, told] of Object.entries(this.outside)) removeEventListener(name, told, true);
  }

  /** Below the word, or above it where there is no room below, and inside the window. */
  place() {
    if (!this.term) return;
    if (!this.term.isConnected) {
      this.hide();
      return;
    }
    const { left, top, bottom } = this.term.getClientRects()[0] ?? this.term.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const { offsetWidth, offsetHeight, style } = this.tip;
    const below = bottom + GAP + offsetHeight + EDGE <= clientHeight || top - GAP - offsetHeight < EDGE;
    style.left = `${Math.max(EDGE, Math.min(left, clientWidth - offsetWidth - EDGE))}px`;
    style.top = `${below ? bottom + GAP : top - GAP - offsetHeight}px`;
  }
}
