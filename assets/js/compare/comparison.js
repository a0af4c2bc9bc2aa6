/** Runs beside each other, as bvae/compared.py compares them and pages/parts/comparing.py sends them. */

/**
 * A figure of runs that differ in their seed alone.
 * @typedef {{mean: number, half: number|null, low: number, high: number, count: number}} Spread half: of the 95 % interval
 *   of the mean; null of one run, and of what has none
 */

/**
 * @typedef {object} ComparedRun
 * @property {string} name
 * @property {string} weight β or capacity, in words
 * @property {number|null} seed
 * @property {number} epoch
 * @property {Record<string, number>} figures by their names
 * @property {number[]} kl_per_dimension nats
 * @property {string} [command] what trains it; of a run that is not here
 * @property {boolean} here whether it can be opened
 */

/**
 * @typedef {object} Group runs that differ in their seed alone
 * @property {string} weight
 * @property {"beta"|"capacity"} objective
 * @property {number} value of β or of the capacity
 * @property {number[]} runs their places
 * @property {Record<string, Spread>} figures
 */

/**
 * @typedef {object} Comparison
 * @property {number} floor nats of reconstruction, 0 where there is none
 * @property {ComparedRun[]} runs
 * @property {Group[]} groups in the order of what weighs the KL
 * @property {{label: string, groups: number[]}[]} series groups that differ in that alone
 */

/** @typedef {{name: string, label: string, decimals: number}} Shown a figure that is drawn against β; its label with marked words */

/** Colours of series, as CSS has them in compare.css; later ones begin anew. */
export const COLOURS = 6;

/** @param {Comparison} comparison @returns {Map<number, number>} the series of each group, by their places */
export function seriesOf({ series }) {
  return new Map(series.flatMap(({ groups }, place) => groups.map((group) => [group, place])));
}

/** @param {number} series @returns {string} its class */
export const colourOf = (series) => `series-${series % COLOURS}`;

/** @param {ComparedRun} run @returns {string} what tells it from others of its name */
export const called = ({ weight, seed }) => (seed === null ? weight : `${weight}, seed ${seed}`);

/** @param {Comparison} comparison @returns {number[]} places of all runs: series by series, by β, then as they came */
export function inOrder({ runs, groups, series }) {
  const grouped = series.flatMap(({ groups: places }) => places.flatMap((place) => groups[place].runs));
  const others = [...runs.keys()].filter((place) => !grouped.includes(place));
  return [...grouped, ...others];
}
