/** What Traverse shows beyond the cursor, as its address says it: pad, grid, the dimension that is looked at, and what is open. */

import { Asked, decimalOf, parametersOf, short } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */

/**
 * As the page was left. run: the key of the one whose dimensions are meant; grid: what its columns are; pad: its two
 * dimensions; along: the one that is looked at; samples: what is drawn from the posterior; open: what is folded out; shift: how
 * far each direction was followed, by factor; shown: the class whose images are offered where the start is of none.
 * @typedef {{run?: string, grid?: string, pad?: number[], along?: number, samples?: string, open?: string[],
 *   shift?: Record<string, number>, shown?: number|null}} Memory
 */

export const FOLDS = ["passive", "directions"];
const MODES = ["values", "quantiles"];
const SAMPLES = ["none", "all", "passive"];
const MOST_DIMENSIONS = 1000;
const FARTHEST = 3; // that a direction is followed

/** @param {Memory} memory @returns {Parameters} */
export function toAddress({ grid, pad, along, samples, open = [], shift = {}, shown }) {
  const shifts = Object.entries(shift).map(([factor, by]) => `${factor}~${short(by)}`);
  return parametersOf({
    pad: pad ? pad.join("_") : null,
    along,
    grid: grid === "quantiles" ? grid : null,
    samples: samples && samples !== "none" ? samples : null,
    open: open.length ? open.join("_") : null,
    shift: shifts.length ? shifts.join("_") : null,
    shown,
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const memory = {
    pad: asked.read("pad", "the pad", "two dimensions", padOf),
    along: asked.whole("along", "the dimension that is looked at", 0, MOST_DIMENSIONS - 1),
    grid: asked.choice("grid", "the grid's columns", MODES) ?? "values",
    samples: asked.choice("samples", "the draws from the posterior", SAMPLES) ?? "none",
    open: asked.read("open", "what is folded out", FOLDS.join(" or "), foldsOf) ?? [],
    shift: asked.read("shift", "the directions", "factors with numbers from −3 to 3", shiftOf) ?? {},
    shown: asked.whole("shown", "the class that is offered", 0, MOST_DIMENSIONS) ?? null,
  };
  return { memory, problems: asked.problems };
}

/** @param {string} text */
const padOf = (text) => (/^\d{1,3}_\d{1,3}$/.test(text) ? text.split("_").map(Number) : null);

/** @param {string} text */
function foldsOf(text) {
  const folds = text.split("_");
  return folds.every((fold) => FOLDS.includes(fold)) ? FOLDS.filter((fold) => folds.includes(fold)) : null;
}

/** @param {string} text */
function shiftOf(text) {
  const parts = text.length < 200 ? text.split("_").map((part) => part.split("~")) : [];
  const fits = parts.every(([factor, by]) => /^[a-z]+$/.test(factor) && Math.abs(decimalOf(by ?? "")) <= FARTHEST);
  return parts.length && fits ? Object.fromEntries(parts.map(([factor, by]) => [factor, decimalOf(by)])) : null;
}
