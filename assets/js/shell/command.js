/** A command line that a person takes to a terminal: its text, and a button that copies it. */

import { finder } from "../shared/elements.js";

const SAID_SECONDS = 2;

/** @param {{data?: [string]|null, parentElement: HTMLElement|ShadowRoot}} mount */
export default function command({ data, parentElement }) {
  const find = finder(parentElement);
  const [text, button, said] = ["code", "button", ".hidden-text"].map((name) => find(name));
  text.textContent = data?.[0] ?? "";
  button.onclick = async () => {
    const copied = await copy(text);
    said.textContent = copied ? "Copied." : "It could not be copied, but it is selected: press Ctrl and C.";
    button.textContent = copied ? "Copied" : "Selected";
    setTimeout(() => {
      said.textContent = "";
      button.textContent = "Copy";
    }, SAID_SECONDS * 1000);
  };
}

/** @param {HTMLElement} element whose text is copied @returns {Promise<boolean>} whether it was; it is selected if not */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent); // not there where a page comes over plain HTTP
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand("copy");
  }
}
