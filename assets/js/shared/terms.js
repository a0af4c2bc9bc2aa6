/**
 * Words that are explained where they stand: a dotted line, and one sentence at the pointer, with the focus or at a tap.
 *
 * A text marks them as Markdown marks a link, see glossary.py. The sentences arrive once, see shell/glossary.js, and before
 * any component is shown; the words of Streamlit's prose bring their own.
 */

const MARK = /\[([^[\]]+)\]\(#([a-z-]+)\)/;
const MARKS = new RegExp(MARK, "g");
const TERM = '.term, .resting, a[href^="#term-"]'; // .resting: see disable.js
const GAP = 6; // pixels between a word and its sentence
const EDGE = 8; // pixels that stay free at the window's edge

/** A text's nodes: plain text, then in turn a marked word and plain text. */
function nodesOf(text) {
  const nodes = [];
  const parts = text.split(MARKS); // plain, word, key, plain, word, key, …, plain
  for (let i = 0; i < parts.length; i += 3) {
    if (i > 0) nodes.push(termOf(parts[i - 2], parts[i - 1]));
    nodes.push(document.createTextNode(parts[i]));
  }
  return nodes;
}

/** A word with its sentence. A span and no button, so that its text stays a part of what it stands in, as of a label. */
function termOf(word, key) {
  const sentences = globalThis.betaVaeGlossary ?? {};
  if (!Object.hasOwn(sentences, key)) return document.createTextNode(`[${word}](#${key})`); // a run's own words, as a class's name
  const term = document.createElement("span");
  term.className = "term";
  term.textContent = word;
  // With a title, though an empty one, the browser does not show that of what it stands in.
  const attributes = { role: "term", tabindex: 0, title: "", "data-term": key, "aria-description": sentences[key] };
  for (const [name, value] of Object.entries(attributes)) term.setAttribute(name, value);
  return term;
}

/** Write a text with marked words into an element. Where it has the same words already, these stay, as does their focus. */
export function explain(element, text) {
  const nodes = nodesOf(text);
  const before = element.childNodes;
  const same = nodes.length === before.length &&
    nodes.every((node, i) => node.nodeType === before[i].nodeType && node.dataset?.term === before[i].dataset?.term);
  if (!same) element.replaceChildren(...nodes);
  else nodes.forEach((node, i) => before[i].textContent !== node.textContent && (before[i].textContent = node.textContent));
}

/** @returns {string} a text without its marks, for where nothing can be pointed at */
export const unmarked = (text) => text.replace(MARKS, "$1");

/** Explain the words that a component's HTML marks. */
export function explainMarks(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const marked = [];
  while (walker.nextNode()) if (MARK.test(walker.currentNode.data)) marked.push(walker.currentNode);
  for (const node of marked) node.replaceWith(...nodesOf(node.data));
}

const longNameIn = (element) => (element?.matches(".long-name") ? element : element?.querySelector(".long-name"));

/** What shows the sentences of all words within a root. */
export class Terms {
  /** @param {HTMLElement|Document} root where the words are @param {HTMLElement} home where the sentence is put, to be drawn above everything */
  constructor(root, home) {
    this.home = home;
    this.term = null; // the word whose sentence is shown
    this.tip = document.createElement("div");
    this.tip.className = "term-tip";
    this.tip.setAttribute("role", "tooltip");
    this.tip.popover = "manual";
    this.outside = {
      pointerdown: (event) => !event.composedPath().some((node) => node === this.tip || node === this.term) && this.hide(),
      keydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation(); // what lies below stays open
        this.hide();
      },
      scroll: () => this.place(),
      resize: () => this.place(),
    };
    const under = (event) => event.target.closest?.(TERM);
    // A name that is cut, or the control that it stands in, see classes.js.
    const held = (event) => under(event) ?? longNameIn(event.target.closest?.("button, label, .long-name"));
    const listen = (name, told) => root.addEventListener(name, told);
    listen("pointerover", (event) => {
      const term = held(event);
      if (term && event.pointerType !== "touch") this.show(term);
      else if (!term && !this.tip.contains(event.target)) this.leave();
    });
    listen("pointerleave", () => this.leave());
    listen("focusin", (event) => held(event) && this.show(held(event)));
    listen("focusout", (event) => held(event) === this.term && this.hide());
    listen("keydown", (event) => event.key === "Enter" && under(event) && this.show(under(event)));
    listen("click", (event) => {
      const term = under(event);
      if (!term) return;
      event.preventDefault(); // neither what its label belongs to, nor the address of a link
      this.show(term);
    });
  }

  /** The pointer has gone elsewhere. */
  leave() {
    if (this.term && !this.term.closest(":is(.term, a, button, label, .long-name):is(:focus, :focus-within)")) this.hide();
  }

  show(term) {
    if (term === this.term || !this.home.isConnected) return;
    this.hide();
    if (term.title) { // a link's, which the browser would show beside it
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
    if (!this.term.isConnected) return this.hide();
    const { left, top, bottom } = this.term.getClientRects()[0] ?? this.term.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const { offsetWidth, offsetHeight, style } = this.tip;
    const below = bottom + GAP + offsetHeight + EDGE <= clientHeight || top - GAP - offsetHeight < EDGE;
    style.left = `${Math.max(EDGE, Math.min(left, clientWidth - offsetWidth - EDGE))}px`;
    style.top = `${below ? bottom + GAP : top - GAP - offsetHeight}px`;
  }
}
