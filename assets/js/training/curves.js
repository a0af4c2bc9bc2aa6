/** A run's curves, as Python sends them. */

import { csvRow } from "../engine/csv.js";

/**
 * What is drawn of a run's training, see `_curves` in pages/parts/figures.py: of E epochs and D dimensions.
 * @typedef {object} RunCurves
 * @property {string} name
 * @property {string} weight β or capacity, in words
 * @property {number[]} epochs
 * @property {Record<CurveName, Record<Split, number[]>>} curves nats an image, E numbers each
 * @property {number[][]} dimensions D times E numbers: the KL of each dimension on the test set, in nats
 * @property {number} passive_below nats
 * @property {number[]} active how many dimensions are active units, E numbers
 * @property {[test: string, train: string]} images how many, as written
 */

/**
 * @typedef {"loss"|"reconstruction"|"kl"} CurveName
 * @typedef {"test"|"train"} Split
 * @typedef {{value: number, epoch: number, after: string}} Reading after: how the epoch is said, "" where it was asked for
 */

/** @type {Split[]} */
const SPLITS = ["test", "train"];

/** @type {CurveName[]} */
const SAVED_CURVES = ["loss", "reconstruction", "kl"];

/**
 * Where in a run's epochs the last one up to an epoch stands.
 * @param {number[]} epochs @param {number} epoch
 */
export const upTo = (epochs, epoch) =>
  Math.max(
    0,
    epochs.findLastIndex((each) => each <= epoch),
  );

/**
 * A run's value at an epoch, or at its last where it has not come so far; and how that is said.
 * @param {RunCurves} run @param {number[]} values @param {number} read
 * @returns {Reading}
 */
export function valueAt({ epochs }, values, read) {
  const place = upTo(epochs, read);
  return { value: values[place], epoch: epochs[place], after: epochs[place] === read ? "" : ` at ${epochs[place]}` };
}

/** @param {RunCurves[]} runs @returns {string} all that is drawn of them, a row an epoch */
export function curvesCsv(runs) {
  const most = Math.max(...runs.map(({ dimensions }) => dimensions.length));
  const columns = SPLITS.flatMap((split) => SAVED_CURVES.map((name) => ({ split, name })));
  const head = ["epoch", ...columns.map(({ split, name }) => `${split}_${name}_nats`), "active_units"];
  for (let dimension = 0; dimension < most; dimension++) head.push(`test_kl_z${dimension}_nats`);
  const rows = runs.flatMap(({ name: run, weight, epochs, curves, active, dimensions }) =>
    epochs.map((epoch, i) => {
      const kl = Array.from({ length: most }, (_, dimension) => dimensions[dimension]?.[i] ?? null);
      return [run, weight, epoch, ...columns.map(({ split, name }) => curves[name][split][i]), active[i], ...kl];
    }),
  );
  return [["run", "weight", ...head], ...rows].map(csvRow).join("");
}
