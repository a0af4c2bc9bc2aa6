/** What goes from a component to Python. */

import { TAKEN_ALONG } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { SetStateValue } from "./mounting.js" */

/** What goes from a component to Python: the cursor once the hand or the key lets go, and what the page shall remember. */
export class Link {
  /** @param {HTMLElement} root whose keys count */
  constructor(root) {
    this.keyDown = false;
    /** @type {Map<string, {value: object, about: string}>} by name: what to send when the key comes up */
    this.waiting = new Map();
    /** @type {Map<string, string>} by name: what was sent last */
    this.sent = new Map();
    /** @type {Map<string, number>} by name: when that was, which goes along */
    this.sentAt = new Map();
    /** @type {SetStateValue} as Streamlit gave it last */
    this.setStateValue = () => {};
    // A held arrow key changes a slider thirty times a second: Python hears of it once, when the key comes up.
    root.addEventListener("keydown", () => {
      this.keyDown = true;
    });
    const raised = () => {
      this.keyDown = false;
      for (const [name, { value, about }] of this.waiting) this.send(name, value, about);
    };
    root.addEventListener("keyup", raised);
    root.addEventListener("focusout", raised);
  }

  /**
   * @param {string} name of the state: "cursor", "memory" or "page" @param {object} value as JSON has it
   * @param {string} [about] what else it depends on
   */
  send(name, value, about = "") {
    if (this.keyDown) {
      this.waiting.set(name, { value, about });
      return;
    }
    this.waiting.delete(name);
    const text = JSON.stringify([about, value]);
    if (text === this.sent.get(name)) return;
    this.sent.set(name, text);
    const at = performance.now(); // Streamlit would keep back a value that equals the last one
    this.sentAt.set(name, at);
    this.setStateValue(name, { ...value, at });
  }

  /**
   * Whether Python has yet to hear what was said last.
   * @param {string} name @param {number} [heard] when that was said which Python has heard; undefined if it has heard nothing
   */
  isAhead(name, heard) {
    return this.waiting.has(name) || (heard !== undefined && heard < (this.sentAt.get(name) ?? 0));
  }

  /**
   * Tell what the page shall remember, and what of it its address says.
   * @template {object} Memory
   * @param {Memory} memory @param {(memory: Memory) => Parameters} toAddress @param {string} [about] what else it depends on
   */
  remember(memory, toAddress, about = "") {
    this.send("memory", { memory, address: toAddress(memory) }, about);
  }

  /** Python has gone elsewhere since, so that the same position is news to it. @param {string} name */
  forget(name) {
    this.sent.delete(name);
  }
}

/**
 * The address of another page: of the app, or within the one file of an exported page.
 * @param {string} page @param {string} [query] what it asks for; the run and cursor of the present address unless told
 */
export function pageAddress(page, query) {
  const exported = "betaVaeSite" in globalThis;
  const asked = new URLSearchParams(query ?? (exported ? location.hash.replace(/^[^?]*/, "") : location.search));
  if (query === undefined) for (const name of [...asked.keys()]) if (!TAKEN_ALONG.includes(name)) asked.delete(name);
  const text = `${page}${asked.size ? "?" : ""}${asked}`;
  return exported ? `#${text}` : new URL(text, location.href).href;
}

/**
 * Have a link lead to another page of the app, within the session and with the cursor; a new tab gets that in its address.
 * @param {HTMLAnchorElement} anchor @param {string} page @param {Link} link
 */
export function leadsTo(anchor, page, link) {
  const address = () => {
    anchor.href = pageAddress(page);
  };
  address();
  anchor.onpointerdown = anchor.onfocus = address;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.send("page", { page });
  };
}
