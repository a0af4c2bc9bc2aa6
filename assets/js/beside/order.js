/** In which order the sliders of runs beside each other stand: what is paired in the same row. */

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Side } from "./panel.js" */
/** @import { Entry } from "./rows.js" */

/**
 * The dimensions of the run that leads: those named after some factors in their order, then those that carry most.
 * @param {LiveRun} run @param {string[]} factors
 */
export function orderOf(run, factors) {
  const { meaning, last, about } = run;
  /** @param {number} dimension */
  const rank = (dimension) => {
    const { text, kind } = meaning.name(last, dimension);
    const found = kind === "nothing" ? -1 : factors.findIndex((factor) => text.startsWith(factor));
    return found < 0 ? factors.length : found;
  };
  // Of two after the same factor, the one that carries more comes first: the sort is stable.
  return about.order
    .map((dimension) => ({ dimension, rank: rank(dimension) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ dimension }) => dimension);
}

/**
 * The rows of a side that does not lead: beside each dimension of the one that does, its counterpart; then those without one.
 * Where nothing is paired, all by what they carry.
 * @param {Side} side @param {number[]} order of the run that leads @param {boolean} together
 * @returns {(Entry|null)[]}
 */
export function entriesBeside({ run, pairing }, order, together) {
  if (!together || pairing.reason) return alone(run.about.order);
  const without = run.about.order.filter((dimension) => !pairing.leaders[dimension]);
  return [...order.map((dimension) => pairing.partners[dimension]), ...alone(without)];
}

/** @param {number[]} dimensions @returns {Entry[]} */
export const alone = (dimensions) => dimensions.map((dimension) => ({ dimension, correlation: null }));
