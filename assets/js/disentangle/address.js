/** What Disentangle shows beyond the cursor, as its address says it. */

import { Asked, parametersOf } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */

/**
 * As the page was left. by: what the matrix has; spent: on what the KL; cell: whose pictures are shown, null for the usual one.
 * Whatever a browser sends can be altered.
 * @typedef {{by?: string, spent?: string, cell?: {dimension: number, column: string}|null}} Memory
 */

const NAMED = ["thickness", "slant", "width", "height", "length", "area", "class"];

/** @param {Memory} memory @returns {Parameters} */
export function toAddress({ by, spent, cell }) {
  return parametersOf({
    by: by === "information" ? by : null,
    spent: spent === "dimensions" ? spent : null,
    cell: cell ? `${cell.dimension}_${cell.column}` : null,
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const memory = {
    by: asked.choice("by", "the matrix", ["effects", "information"]) ?? "effects",
    spent: asked.choice("spent", "the KL's parts", ["parts", "dimensions"]) ?? "parts",
    cell: asked.read("cell", "the cell", "a dimension and a factor", cellOf) ?? null,
  };
  return { memory, problems: asked.problems };
}

/** @param {string} text */
function cellOf(text) {
  const [, dimension, column] = /^(\d{1,3})_([a-z]+)$/.exec(text) ?? [];
  return column && NAMED.includes(column) ? { dimension: Number(dimension), column } : null;
}
