/** What runs beside each other show beyond the cursor, as the address says it. Which runs they are, the page says itself. */

import { Asked, codeOf, codeText, parametersOf } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */

/**
 * What is shown. to: the test image at the end of the walk, null for the usual one; share: of the way; open: whether all
 * sliders are unfolded; moved: of each run but the one that leads, what was added to its code, [] for nothing; of: the runs and
 * the image of which `moved` is, "" where the address tells. Whatever a browser sends can be altered.
 * @typedef {{show: "sliders"|"walk", pairs: boolean, to: number|null, share: number, open: boolean, moved: number[][],
 *   of: string}} Memory
 */

const SHOWS = /** @type {const} */ (["sliders", "walk"]);
const USUAL_SHARE = 0.4;
const MOST_INDEX = 1e9;
const MOST_OF_CODE = 250; // characters
const MOVED = ["moved2", "moved3", "moved4"];

/** @param {Memory} memory @returns {Parameters} the walk only where it is looked at */
export function toAddress({ show, pairs, to, share, open, moved }) {
  const walk = show === "walk";
  const codes = moved.map((code) => (code.some(Boolean) ? codeText(code, MOST_OF_CODE) : null));
  return parametersOf({
    show: walk ? show : null,
    pairs: pairs ? null : "off",
    to: walk ? to : null,
    share: walk && share !== USUAL_SHARE ? share : null,
    open: open ? "all" : null,
    ...Object.fromEntries(MOVED.map((name, place) => [name, codes[place]])),
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const code = "a list of numbers, one a dimension";
  const memory = {
    show: asked.choice("show", "what is compared", SHOWS) ?? SHOWS[0],
    pairs: asked.choice("pairs", "the pairs", ["on", "off"]) !== "off",
    to: asked.whole("to", "the walk’s last test image", 0, MOST_INDEX) ?? null,
    share: asked.number("share", "the share of the walk", 0, 1) ?? USUAL_SHARE,
    open: asked.choice("open", "the sliders", ["few", "all"]) === "all",
    moved: MOVED.map(
      (name, place) => asked.read(name, `the code of run ${place + 2}`, code, (text) => codeOf(text)) ?? [],
    ),
    of: "",
  };
  return { memory, problems: asked.problems };
}
