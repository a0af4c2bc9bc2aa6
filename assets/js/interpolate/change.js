/** What changes on the way between two codes, by the names of the dimensions. */

import { number } from "../engine/numbers.js";

/** @import { LiveRun } from "../engine/run.js" */

const NAMED = 4; // dimensions, those that change most
const LEAST = 0.05; // less is not told

/**
 * @param {LiveRun} run @param {number} epoch @param {ArrayLike<number>} from @param {ArrayLike<number>} to
 * @returns {string}
 */
export function changeWords(run, epoch, from, to) {
  const { order, passive } = run.about;
  const changes = order
    .slice(0, order.length - passive)
    .map((dimension) => ({ dimension, by: to[dimension] - from[dimension] }))
    .filter(({ by }) => Math.abs(by) >= LEAST)
    .sort((one, other) => Math.abs(other.by) - Math.abs(one.by));
  if (!changes.length) return "A and B have the same code, as far as it tells anything.";
  const said = changes
    .slice(0, NAMED)
    .map(({ dimension, by }) => `${run.meaning.called(epoch, dimension)} by ${by > 0 ? "+" : ""}${number(by)}`);
  return `What changes most from A to B: ${said.join("; ")}.`;
}
