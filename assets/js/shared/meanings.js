/**
 * What was measured of the runs that are looked at, received once: what their dimensions mean, and their figures. The shelves
 * are made by whichever component comes first.
 */

import { Shelf } from "./shelf.js";

/** @import { Factor, Meaning } from "../engine/meaning.js" */

/**
 * A figure, or the reason why there is none.
 * @typedef {{value: number, standard_error?: number|null, interval?: [number, number]|null, images?: number,
 *   estimator?: string, samples?: number}} Value
 * @typedef {{reason: string}} Reason
 * @typedef {Value|Reason} Figure
 */

/**
 * Of one dimension: its KL in nats, and shares of a factor's entropy.
 * @typedef {{index: number, kl?: number, regime?: "active"|"passive"|"mixed", mixed_share?: number, mean_variance?: number,
 *   variance_mean?: number, dimension_wise_kl?: number,
 *   mutual_information?: Partial<Record<Factor|"class", number>>}} DimensionFigures
 */

/**
 * What was measured of a run at an epoch; every part may be missing, or be the reason why there is none.
 * @typedef {object} EpochFigures
 * @property {string} [split]
 * @property {number} [images]
 * @property {number} [seconds]
 * @property {Partial<Record<string, Figure>> & {ceiling?: number} | Reason} [decomposition]
 * @property {Partial<Record<string, Figure>> | Reason} [scores]
 * @property {Figure[]} [likelihood]
 * @property {Partial<Record<string, Figure>> | Reason} [representation]
 * @property {Partial<Record<string, Figure>> & {classifier?: {name?: string, hash?: string, accuracy?: number}} | Reason} [generation]
 * @property {DimensionFigures[]} dimensions
 */

/** @typedef {{key: string, epochs: Record<string, EpochFigures>}} Figures */

const KEPT = 10; // of the runs that are kept, each as it was before a name was given too

globalThis.betaVaeMeanings ??= new Shelf(KEPT);
globalThis.betaVaeFigures ??= new Shelf(KEPT);

/** @type {Shelf<Meaning>} */
export const meaningShelf = globalThis.betaVaeMeanings;
/** @type {Shelf<Figures>} */
export const figureShelf = globalThis.betaVaeFigures;
