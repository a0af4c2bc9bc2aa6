/** What is said of the pairs. */

import { WEAKEST } from "./pairing.js";

/** @import { Told } from "./pairing.js" */

/**
 * @param {{name: string, pairing: Told|null}[]} runs null for the one that leads @param {number} lead its place
 * @returns {string} "" where nothing is paired
 */
export function pairingWords(runs, lead) {
  const told = runs.flatMap(({ pairing }) => (pairing && !pairing.reason ? [pairing] : []));
  if (!told.length) return "";
  const images = listed(told.map(({ images: count = 0 }) => count.toLocaleString("en")));
  const epochs = listed(told.flatMap(({ epochs: both = [0, 0] }) => both.map(String)));
  return (
    `Paired with the dimensions of ${runs[lead].name} by how their means rise and fall over ${images} test images at epoch ` +
    `${epochs}: at each slider stands the rank correlation, with a minus where they grow opposite ways. Below ` +
    `${WEAKEST} a dimension has no counterpart, and moves alone.`
  );
}

/** @param {string[]} texts @returns {string} each once, as a sentence lists them */
function listed(texts) {
  const each = [...new Set(texts)];
  return each.length < 2 ? each.join() : `${each.slice(0, -1).join(", ")} and ${each[each.length - 1]}`;
}
