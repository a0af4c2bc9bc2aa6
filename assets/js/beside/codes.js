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
    /** @type {Float32Array[]} and where it is */
    this.all = [];
  }

  /**
   * Set out anew.
   * @param {Float32Array[]} bases by side @param {ArrayLike<number>} code of the one that leads; the others follow as far as
   *   they are paired
   */
  begin(bases, code) {
    this.bases = bases;
    this.all = bases.map((base) => base.slice());
    this.all[this.lead].set(code);
    this.align();
  }

  /** What has been added to each side's base stays. @param {Float32Array[]} bases */
  rebase(bases) {
    this.all = bases.map((base, side) =>
      base.map((value, dimension) => value + this.all[side][dimension] - this.bases[side][dimension]),
    );
    this.bases = bases;
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
    this.all[side][partner.dimension] = this.bases[side][partner.dimension] + partner.factor * by;
    return true;
  }

  /**
   * Give a dimension of a side a value, as a hand does.
   * @param {number} side @param {number} dimension @param {number} value
   * @returns {{side: number, dimension: number}[]} what moved, the side under the hand first
   */
  move(side, dimension, value) {
    this.all[side][dimension] = value;
    const moved = [{ side, dimension }];
    if (!this.together) return moved;
    let leading = dimension;
    if (side !== this.lead) {
      const leader = this.pairings[side].leaders[dimension];
      if (!leader) return moved;
      leading = leader.dimension;
      const by = value - this.bases[side][dimension];
      this.all[this.lead][leading] = this.bases[this.lead][leading] + leader.factor * by;
      moved.push({ side: this.lead, dimension: leading });
    }
    for (const other of this.all.keys()) {
      const partner = this.pairings[other].partners[leading];
      if (other === side || other === this.lead || !partner || !this.lay(other, leading)) continue;
      moved.push({ side: other, dimension: partner.dimension });
    }
    return moved;
  }
}
