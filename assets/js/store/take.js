/** What the invisible components have in common that take what travels as bytes. */

import { finder } from "../shared/elements.js";

/**
 * The default export of one.
 * @param {string} refused how a sentence begins that says why the bytes are no use
 * @param {(bytes: Uint8Array) => (() => void)|void} take must cost little for what is known: a rerun brings the same bytes
 *   again; returns what is left to do once they were understood, since a fault of others is not one of the bytes
 */
export function taker(refused, take) {
  /** @param {{data?: Uint8Array|null, parentElement: HTMLElement|ShadowRoot}} mount */
  return ({ data, parentElement }) => {
    if (!data) return;
    let done;
    try {
      done = take(data);
    } catch (error) {
      finder(parentElement)(".store-problem").textContent = `${refused}: ${/** @type {Error} */ (error).message}`;
    }
    done?.();
  };
}
