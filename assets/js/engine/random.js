/**
 * Random numbers as NumPy's `default_rng(seed)` draws them, to the last bit: one line of Python repeats what is drawn here.
 *
 * The seed is spread by SeedSequence (after O'Neill 2015), the generator is PCG64 (XSL-RR; O'Neill 2014), normal numbers are made
 * by the ziggurat method (Marsaglia and Tsang 2000), whole numbers by Lemire's (2019), and places without repetition by Floyd's.
 */

import { HEIGHTS, INSIDE, WIDTHS } from "./ziggurat.js";

const BITS = { word: 0xffffffffn, long: (1n << 64n) - 1n, state: (1n << 128n) - 1n };
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const POOL = 4; // words

const TAIL = 3.654152885361009; // where the ziggurat's lowest layer ends
const TAIL_INVERSE = 0.2736612373297583;

const LARGE_CHOICE = 10_000; // from so many on, places are drawn by shuffling where they are many of them
const MANY_OF_IT = 50;

/** A number of 32 bits mixed again and again, each time with another constant. */
class Mixer {
  /** @param {number} constant @param {number} step */
  constructor(constant, step) {
    this.constant = constant;
    this.step = step;
  }

  /** @param {number} value @returns {number} */
  mix(value) {
    const mixed = value ^ this.constant;
    this.constant = Math.imul(this.constant, this.step);
    const spread = Math.imul(mixed, this.constant);
    return spread ^ (spread >>> 16);
  }
}

/** @param {number} seed 0 to 2³² − 1 @returns {bigint[]} four numbers of 64 bits */
function spread(seed) {
  const mixer = new Mixer(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL }, (_, place) => mixer.mix(place ? 0 : seed));
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) {
      if (from === to) continue;
      const joined = (Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, mixer.mix(pool[from]))) | 0;
      pool[to] = joined ^ (joined >>> 16);
    }
  }
  const drawer = new Mixer(0x8b51f9dd, 0x58f38ded);
  const words = Array.from({ length: 2 * POOL }, (_, place) => BigInt(drawer.mix(pool[place % POOL]) >>> 0));
  return Array.from({ length: POOL }, (_, place) => words[2 * place] | (words[2 * place + 1] << 32n));
}

export class Random {
  /** @param {number} seed 0 to 2³² − 1 */
  constructor(seed) {
    const [high, low, highStep, lowStep] = spread(seed);
    this.increment = ((((highStep << 64n) | lowStep) << 1n) | 1n) & BITS.state;
    this.state = (this.increment + ((high << 64n) | low)) & BITS.state;
    /** @type {number|null} the half of a number of 64 bits that was not used */
    this.left = null;
    this.step();
  }

  step() {
    this.state = (this.state * MULTIPLIER + this.increment) & BITS.state;
  }

  /** @returns {bigint} 64 bits */
  long() {
    this.step();
    const folded = (this.state >> 64n) ^ (this.state & BITS.long);
    const turn = this.state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & BITS.long;
  }

  /** @returns {number} 32 bits */
  word() {
    const { left } = this;
    if (left !== null) {
      this.left = null;
      return left;
    }
    const drawn = this.long();
    this.left = Number(drawn >> 32n);
    return Number(drawn & BITS.word);
  }

  /** @returns {number} from 0 to 1, without 1 */
  uniform() {
    return Number(this.long() >> 11n) / 2 ** 53;
  }

  /** @returns {number} from N(0, 1) */
  normal() {
    for (;;) {
      const drawn = this.long();
      const layer = Number(drawn & 0xffn);
      const size = Number((drawn >> 9n) & 0xfffffffffffffn); // 52 bits
      const x = (drawn & 0x100n ? -size : size) * WIDTHS[layer];
      if (size < INSIDE[layer]) return x;
      if (layer === 0) return this.tail() * ((drawn >> 17n) & 1n ? -1 : 1);
      const height = (HEIGHTS[layer - 1] - HEIGHTS[layer]) * this.uniform() + HEIGHTS[layer];
      if (height < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** @returns {number} from beyond the lowest layer */
  tail() {
    for (;;) {
      const beyond = -TAIL_INVERSE * Math.log1p(-this.uniform());
      const height = -Math.log1p(-this.uniform());
      if (height + height > beyond * beyond) return TAIL + beyond;
    }
  }

  /** As `standard_normal`, turned into float32. @param {number} count */
  normals(count) {
    return Float32Array.from({ length: count }, () => this.normal());
  }

  /** @param {number} last below 2³² − 1 @returns {number} a whole number from 0 to it */
  whole(last) {
    if (last === 0) return 0;
    const range = BigInt(last + 1);
    const least = (BITS.word - BigInt(last)) % range;
    let drawn = BigInt(this.word()) * range;
    while ((drawn & BITS.word) < least) drawn = BigInt(this.word()) * range;
    return Number(drawn >> 32n);
  }

  /**
   * As `choice(of, count, replace=of < count)`.
   * @param {number} of how many there are @param {number} count
   * @returns {number[]} places among them, none twice as long as there are enough
   */
  choice(of, count) {
    if (of < count) return Array.from({ length: count }, () => this.whole(of - 1));
    if (of > LARGE_CHOICE && count > Math.floor(of / MANY_OF_IT)) {
      const all = Array.from({ length: of }, (_, place) => place);
      this.shuffle(all, Math.max(of - count, 1));
      return all.slice(of - count);
    }
    /** @type {Set<number>} */
    const taken = new Set();
    for (let last = of - count; last < of; last++) {
      const drawn = this.whole(last);
      taken.add(taken.has(drawn) ? last : drawn);
    }
    const places = [...taken];
    this.shuffle(places, 1);
    return places;
  }

  /** @param {number[]} values changed in place, from `first` on @param {number} first */
  shuffle(values, first) {
    for (let place = values.length - 1; place >= first; place--) {
      const other = this.whole(place);
      [values[place], values[other]] = [values[other], values[place]];
    }
  }
}
