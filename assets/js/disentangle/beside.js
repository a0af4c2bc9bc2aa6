/** The run beside those that differ from it in β: how many dimensions have names, and how good they are. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";

/**
 * A run at its last epoch that was measured, as bvae/browser/beside.py has it.
 * @typedef {{name: string, weight: string, epoch: number, factors: string[], specificity: number|null, mig: number|null,
 *   disentanglement: number|null}} Line factors: after which dimensions are named
 */

const BESIDE_HEADS = ["Run", "Named", "Specificity", "MIG", "DCI disentanglement"];

/** @param {HTMLElement} root @param {Line[]} lines */
export function showBeside(root, lines) {
  const find = finder(root);
  find(".beside").hidden = lines.length === 0;
  const head = make("tr");
  head.append(...BESIDE_HEADS.map((text) => make("th", "", text, { scope: "col" })));
  const rows = lines.map(({ name, weight, epoch, factors, specificity, mig, disentanglement }) => {
    const row = make("tr");
    const run = make("th", "", weight, { scope: "row" });
    run.append(make("small", "", `${name}, epoch ${epoch}`));
    /** @param {number|null} value */
    const share = (value) => make("td", "", value === null ? "–" : number(value));
    row.append(
      run,
      make("td", "", factors.join(", ") || "none"),
      share(specificity),
      share(mig),
      share(disentanglement),
    );
    return row;
  });
  find(".beside table").replaceChildren(head, ...rows);
}
