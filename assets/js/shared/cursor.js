/** The code that all pages look at, and whose word about it counts. */

/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { Link } from "./link.js" */

// How far a number may be from what it was: an address keeps three decimals, and a film half floats, of 11 bits.
const ADDRESS_LOSES = 0.001 / 2;
const FILM_LOSES = 2 ** -11; // of a number
// What it takes from a number between 4 and 8, and no number counts for less: a code that was carried from one epoch to
// another has lost it at the first, where the number may have been larger.
const FILM_LOSES_LEAST = 4 * FILM_LOSES;

/**
 * Whether two codes are the same, as far as address and film may have changed them.
 * @param {ArrayLike<number>} one @param {ArrayLike<number>} other
 */
export function sameCode(one, other) {
  for (let i = 0; i < one.length; i++) {
    const lost = ADDRESS_LOSES + Math.max(FILM_LOSES_LEAST, FILM_LOSES * Math.abs(other[i]));
    if (!(Math.abs(one[i] - other[i]) <= lost)) return false; // nor is what is not finite
  }
  return true;
}

/**
 * A code at another epoch, if its image is kept: what has been added to the image's own code stays.
 * @param {ArrayLike<number>} z @param {ArrayLike<number>} before the image's own code where z is @param {ArrayLike<number>} after and there
 * @returns {number[]}
 */
export const carried = (z, before, after) => Array.from(z, (value, i) => value - before[i] + after[i]);

/**
 * A point in a run's latent space at an epoch. Its numbers are float32, of which an address has every digit: the same address
 * decodes to the same pixels.
 * @implements {CursorState}
 */
export class Cursor {
  #run;

  /** @param {LiveRun} run @param {CursorState} state */
  constructor(run, { z, epoch, start, keep }) {
    this.#run = run;
    this.z = Array.from(z, Math.fround);
    this.epoch = epoch;
    this.start = start;
    this.keep = keep;
  }

  /** @returns {number} the place among the run's images of the one that stays when the epoch moves, −1 if the code does */
  get kept() {
    return this.keep === "digit" ? this.#run.place(this.start) : -1;
  }

  /** @param {number} epoch */
  at(epoch) {
    const place = this.kept;
    const z = place < 0 ? this.z : carried(this.z, this.#run.mean(this.epoch, place), this.#run.mean(epoch, place));
    return new Cursor(this.#run, { ...this, epoch, z });
  }

  /** @param {ArrayLike<number>} code */
  isAt(code) {
    return sameCode(this.z, code);
  }

  /** @param {LiveRun} run */
  isOf(run) {
    return run === this.#run;
  }

  /** Tell Python. @param {Link} link */
  tell(link) {
    link.send("cursor", { ...this, key: this.#run.key }, this.#run.key);
  }
}

/**
 * Take the cursor that Python sent, if it counts: if Python set it, which its revision tells, or the run is another. Otherwise
 * it is the component's own word coming back, perhaps older than what the hand has done since.
 * @param {{run: LiveRun, link: Link, cursor: Cursor|null, revision: number|null}} view
 * @param {{cursor: CursorState, revision: number}} data
 * @returns {boolean} whether it counted
 */
export function follow(view, { cursor, revision }) {
  if (revision === view.revision && view.cursor?.isOf(view.run)) return false;
  view.revision = revision;
  view.link.forget("cursor");
  view.cursor = new Cursor(view.run, { ...cursor, epoch: view.run.kept(cursor.epoch) });
  return true;
}
