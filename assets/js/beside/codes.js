/** The codes of runs beside each other, of which one leads: what a hand does to one of them, and what follows from it. */

/** @import { Pairing } from "./pairing.js" */

export class Codes {
  /** @param {Pairing[]} pairings by side, each with the one that leads @param {number} lead its place */
  constructor(pairings, lead) {
    this.pairings = pairings;
    this.lead = lead;
    this.together = true; // whether what is paired moves together
    /** @type {Float32Array[]} by side: from where it set out */
    this.bases = [];
    /** @type {Float32Array[]} what has been added to that; of the one that leads, its code says it */
    this.added = [];
    /** @type {Float32Array[]} and where it is */
    this.all = [];
  }

  /**
   * Set out anew.
   * @param {Float32Array[]} bases by side @param {ArrayLike<number>} code of the one that leads; the others follow as far as
   *   they are paired
   */
  begin(bases, code) {
    this.added = bases.map((base) => new Float32Array(base.length));
    this.rebase(bases, code);
  }

  /**
   * What has been added to each side's base stays.
   * @param {Float32Array[]} bases by side @param {ArrayLike<number>} code of the one that leads
   */
  rebase(bases, code) {
    this.bases = bases;
    this.all = bases.map((base, side) =>
      side === this.lead ? Float32Array.from(code) : base.map((value, at) => value + this.added[side][at]),
    );
    this.align();
  }

  /** Bring all that is paired to where the run that leads is. */
  align() {
    if (!this.together) return;
    for (const side of this.all.keys()) {
      for (const leading of side === this.lead ? [] : this.pairings[side].partners.keys()) this.lay(side, leading);
    }
  }

  /** Bring a side's counterpart of a dimension to where that is. @param {number} side @param {number} leading @returns {boolean} whether it has one */
  lay(side, leading) {
    const partner = this.pairings[side].partners[leading];
    if (!partner) return false;
    const by = this.all[this.lead][leading] - this.bases[this.lead][leading];
    this.add(side, partner.dimension, partner.factor * by);
    return true;
  }

  /** @param {number} side that does not lead @param {number} dimension @param {number} by how far it is from its base */
  add(side, dimension, by) {
    this.added[side][dimension] = by;
    this.all[side][dimension] = this.bases[side][dimension] + this.added[side][dimension];
  }

  /**
   * Give a dimension of a side a value, as a hand does.
   * @param {number} side @param {number} dimension @param {number} value
   * @returns {{side: number, dimension: number}[]} what moved, the side under the hand first
   */
  move(side, dimension, value) {
    const moved = [{ side, dimension }];
    let leading = dimension;
    if (side === this.lead) {
      this.all[side][dimension] = value;
    } else {
      const by = value - this.bases[side][dimension];
      const leader = this.together ? this.pairings[side].leaders[dimension] : null;
      if (!leader) {
        this.add(side, dimension, by);
        return moved;
      }
      leading = leader.dimension;
      this.all[this.lead][leading] = this.bases[this.lead][leading] + leader.factor * by;
      this.lay(side, leading);
      moved.push({ side: this.lead, dimension: leading });
    }
    if (!this.together) return moved;
    for (const other of this.all.keys()) {
      const partner = this.pairings[other].partners[leading];
      if (other === side || other === this.lead || !partner || !this.lay(other, leading)) continue;
      moved.push({ side: other, dimension: partner.dimension });
    }
    return moved;
  }

  /** @returns {number[][]} by side without the one that leads: what has been added to it otherwise than by that */
  moved() {
    return this.others().map((side) =>
      Array.from(this.added[side], (by, dimension) =>
        this.together && this.pairings[side].leaders[dimension] ? 0 : by,
      ),
    );
  }

  /**
   * @param {number[][]} moved by side without the one that leads, [] for nothing
   * @returns {boolean} whether all of it is taken: of no side, or of another number of dimensions, it is not
   */
  take(moved) {
    const others = this.others();
    const taken = moved.map((code, place) => (code.length === this.added[others[place]]?.length ? code : []));
    for (const [place, side] of others.entries()) {
      for (const dimension of this.added[side].keys()) this.add(side, dimension, taken[place]?.[dimension] ?? 0);
    }
    this.align();
    return taken.every((code, place) => code.length === moved[place].length);
  }

  /** @returns {number[]} sides */
  others() {
    return [...this.all.keys()].filter((side) => side !== this.lead);
  }
}
