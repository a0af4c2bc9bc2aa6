/** What a component shows beyond the cursor: as it was left, or as the address asks. */

import { make } from "./elements.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { Link } from "./link.js" */

/**
 * @template Memory
 * @typedef {(parameters: Parameters) => {memory: Memory, problems: string[]}} FromAddress
 */

/**
 * What is to be shown from now on, if that is news. A component that opens shows what the address asks for, or else what it
 * said itself before. Later only an address counts that it did not write itself, which its revision tells.
 *
 * What the address got wrong is said above everything else.
 * @template Memory
 * @param {{root: HTMLElement, link: Link, askedRevision?: number}} view keeps the last revision
 * @param {{memory?: unknown, asked?: Parameters|null, asked_revision?: number}} data
 * @param {FromAddress<Memory>} fromAddress
 * @returns {{memory: Memory, asked: boolean, problems: string[]}|null} asked: by the address, which is to be put right where
 *   there are problems
 */
export function recall(view, { memory, asked, asked_revision: revision = 0 }, fromAddress) {
  if (view.askedRevision === revision) return null;
  const opens = view.askedRevision === undefined;
  view.askedRevision = revision;
  if (opens && !asked)
    return { memory: /** @type {Memory} */ (memory ?? fromAddress({}).memory), asked: false, problems: [] };
  const found = fromAddress(asked ?? {});
  view.link.forget("memory");
  tell(view.root, found.problems);
  return { ...found, asked: true };
}

/** @param {HTMLElement} root @param {string[]} problems */
export function tell(root, problems) {
  const told = root.querySelector(".asked-problems") ?? make("div", "asked-problems", "", { role: "alert" });
  told.replaceChildren(...problems.map((problem) => make("p", "", problem)));
  if (problems.length) root.prepend(told);
  else told.remove();
}
