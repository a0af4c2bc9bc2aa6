/** What the latent dimensions of a run mean: what was measured of them, and what a person calls them. */

/** @typedef {"area"|"length"|"thickness"|"slant"|"width"|"height"} Factor what is measured of an image */
/** @typedef {Partial<Record<Factor, number>>} ByFactor */

/**
 * What was seen when one dimension of many codes was moved, and the factors of what was decoded measured.
 * @typedef {object} Evidence
 * @property {Factor} [factor] the one that changes most
 * @property {[number, number]} [range] from where to where it was moved
 * @property {ByFactor} [effects] mean changes over the range, in standard deviations of each factor over the test images
 * @property {ByFactor} [standard_errors] of the effects
 * @property {ByFactor} [agreement] shares of the codes that changed to the side of the mean
 * @property {ByFactor} [per_unit] mean changes for one unit of z, in each factor's own unit
 * @property {number} [specificity] the share of all change that is the factor's
 * @property {number} [images] how many codes
 */

/**
 * mixed_share: of the images that use a mixed one; mutual_information: with the class, as a share of the class's entropy.
 * @typedef {{index: number, name?: string, evidence?: Evidence, regime?: "active"|"passive"|"mixed", mixed_share?: number,
 *   mutual_information?: {class?: number}}} Dimension
 */

/**
 * The straight way through latent space along which a factor grows.
 * @typedef {{vector: number[], r2: number, angle: number, axis: number}} Direction vector: the step in z that changes it by
 *   one standard deviation; angle: in degrees, to the nearest axis, that of the dimension `axis`
 */

/**
 * What was measured at an epoch; every part may be missing.
 * @typedef {object} Meant
 * @property {Dimension[]} dimensions
 * @property {Partial<Record<Factor, Direction>>} [directions]
 * @property {Partial<Record<Factor, {mean: number, standard_deviation: number, unit: string}>>} [factors]
 * @property {number} [images]
 * @property {string} [split]
 */

/**
 * What a dimension is called.
 * @typedef {object} Name
 * @property {string} text whole
 * @property {string} short as a slider has room for it; "" where nothing is known
 * @property {"yours"|"measured"|"nothing"} kind a person's, a measured one, or one that says that there is none
 */

// What stands on a slider for a measured name that names no factor.
const SHORT = { mixed: "differs by image", "nothing that is measured": "unnamed", "carries nothing": "" };
const ALSO = / \(and (.+)\)$/; // what changes along with it

export class Meaning {
  /** @param {{key: string, names: Record<string, string>, epochs: Record<string, Meant>}} told as bvae/browser/meaning.py writes it */
  constructor({ key, names, epochs }) {
    this.key = key;
    this.names = names;
    this.epochs = epochs;
  }

  /** @param {number} epoch @returns {Meant|null} null where nothing was measured then */
  at(epoch) {
    return this.epochs[epoch] ?? null;
  }

  /** @param {number} epoch @param {number} dimension @returns {Dimension|null} */
  dimension(epoch, dimension) {
    return this.at(epoch)?.dimensions.find(({ index }) => index === dimension) ?? null;
  }

  /** @param {number} epoch @param {number} dimension @returns {Name} */
  name(epoch, dimension) {
    const yours = this.names[dimension];
    if (yours) return { text: yours, short: yours, kind: "yours" };
    return this.measuredName(epoch, dimension);
  }

  /** What it would be called without the person. @param {number} epoch @param {number} dimension @returns {Name} */
  measuredName(epoch, dimension) {
    const text = this.dimension(epoch, dimension)?.name ?? "";
    if (Object.hasOwn(SHORT, text))
      return { text, short: SHORT[/** @type {keyof typeof SHORT} */ (text)], kind: "nothing" };
    return { text, short: text.replace(ALSO, " + $1"), kind: "measured" };
  }

  /**
   * A dimension as a sentence speaks of it: by its number, and its name if it has one.
   * @param {number} epoch @param {number} dimension
   */
  called(epoch, dimension) {
    const { text, kind } = this.name(epoch, dimension);
    return text && kind !== "nothing" ? `z${dimension} · ${text}` : `z${dimension}`;
  }
}

export const NO_MEANING = new Meaning({ key: "", names: {}, epochs: {} });
