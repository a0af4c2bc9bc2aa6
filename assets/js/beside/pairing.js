/** Which dimension of another run stands for which of the one that leads, and how far it goes with it. */

// A weaker rank correlation is told and not followed: over 500 images, dimensions that have nothing to do with each other
// reach 0.15.
export const WEAKEST = 0.3;

/**
 * As bvae/browser/beside.py has it, a number for each dimension of the run that leads: the counterpart, −1 for none; 1 or −1;
 * the absolute rank correlation; how far the counterpart goes for a step of 1. Or the reason why there are no pairs.
 * @typedef {object} Told
 * @property {number[]} [dimension]
 * @property {number[]} [sign]
 * @property {number[]} [strength]
 * @property {number[]} [scale]
 * @property {number} [images] over which they are paired
 * @property {[number, number]} [epochs] at which: of the run that leads, and of the other
 * @property {string} [reason]
 */

/** @typedef {{dimension: number, factor: number, correlation: number}} Partner factor: how far it goes, with its sign */

export class Pairing {
  /** @param {Told} told @param {number} own how many dimensions the other run has */
  constructor(told, own) {
    this.told = told;
    this.own = own;
    this.reason = told.reason ?? "";
    const { dimension = [], sign = [], strength = [], scale = [] } = told;
    /** @type {(Partner|null)[]} by the dimension of the run that leads */
    this.partners = dimension.map((other, place) =>
      other < 0 || strength[place] < WEAKEST
        ? null
        : { dimension: other, factor: sign[place] * scale[place], correlation: sign[place] * strength[place] },
    );
    /** @type {(Partner|null)[]} by the other run's own dimension: the one that leads it, and how far that goes with it */
    this.leaders = Array.from({ length: own }, (_, wanted) => {
      const leader = this.partners.findIndex((partner) => partner?.dimension === wanted);
      const found = this.partners[leader];
      return found ? { dimension: leader, factor: 1 / found.factor, correlation: found.correlation } : null;
    });
  }

  /** The pairing of the run that leads with itself. @param {number} dimensions */
  static own(dimensions) {
    const all = Array.from({ length: dimensions }, (_, place) => place);
    const ones = all.map(() => 1);
    return new Pairing({ dimension: all, sign: ones, strength: ones, scale: ones }, dimensions);
  }

  /**
   * The same code in the other run, where it is no image's: every number in the dimension that is paired with its own, weak
   * pairs too, so that of a code from N(0, I) comes another such. Without pairs the numbers stay where they are.
   * @param {ArrayLike<number>} code of the run that leads
   */
  carry(code) {
    const out = new Float32Array(this.own);
    const { dimension, sign } = this.told;
    for (let place = 0; place < code.length; place++) {
      const other = dimension ? dimension[place] : place;
      if (other >= 0 && other < out.length) out[other] = (sign ? sign[place] : 1) * code[place];
    }
    return out;
  }
}
