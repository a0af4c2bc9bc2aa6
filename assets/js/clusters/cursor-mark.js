/** Where the cursor is on the map, at every frame of the film. */

import { nearestPlace } from "../engine/numbers.js";
import { Cursor, carried, sameCode } from "../shared/cursor.js";

/** @import { Film } from "../engine/film.js" */
/** @import { Sides } from "./sides.js" */

/**
 * The cursor at a frame: its code there, and by which points its place is found; their weights add up to 1.
 * @typedef {{z: ArrayLike<number>, exact: boolean, near: {point: number, weight: number}[]}} CursorPlace exact: it is an
 *   image's own code
 * @typedef {{xs: Float32Array, ys: Float32Array}} Drawn where a map has drawn its points
 * @typedef {{place: () => [number, number], exact: boolean, point: number}} CursorMark place: in pixels, once the map is
 *   drawn;
 *   point: the one that it is, −1 if it is none
 */

const NEAREST = 15; // codes by which a place for the cursor is found

export class CursorOnMap {
  /** @param {Sides} sides @param {Cursor} cursor */
  constructor(sides, cursor) {
    const { kind, index } = cursor.start;
    this.sides = sides;
    this.cursor = cursor;
    this.frame = nearestPlace(sides.first.epochs, cursor.epoch); // at which it is
    // The point of the image that it set out from, −1 if it is none.
    this.anchor = kind === "digit" && index !== undefined ? sides.first.point(index) : -1;
    /** @type {Map<number, CursorPlace>} by frame */
    this.places = new Map();
  }

  /**
   * The cursor at a frame. What has been added to an image's own code stays while the epoch moves, if the cursor keeps its
   * image.
   * @param {number} frame
   */
  at(frame) {
    const found = this.places.get(frame) ?? this.find(frame);
    this.places.set(frame, found);
    return found;
  }

  /** @param {number} frame @returns {CursorPlace} */
  find(frame) {
    const { cursor, anchor } = this;
    const { first: film } = this.sides;
    let { z } = cursor;
    if (anchor >= 0 && cursor.keep === "digit" && frame !== this.frame) {
      z = carried(z, film.mean(this.frame, anchor), film.mean(frame, anchor));
    } else if (cursor.start.kind === "drawing") {
      z = cursor.at(this.sides.decoder(frame)).z; // no film has it, but the run's encoders
    }
    const exact = anchor >= 0 && sameCode(z, film.mean(frame, anchor));
    if (exact) return { z, exact, near: [{ point: anchor, weight: 1 }] };
    const near = nearestCodes(film, frame, z, Math.min(NEAREST, film.points));
    const weights = near.map(({ square }) => 1 / Math.sqrt(square + 1e-9));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { z, exact, near: near.map(({ point }, place) => ({ point, weight: weights[place] / sum })) };
  }

  /** @param {number} frame @returns {Uint8Array|null} the drawing, where the cursor is on its own code */
  drawing(frame) {
    const { run } = this.sides;
    const { start } = this.cursor;
    const place = start.kind === "drawing" ? run.place(start) : -1;
    const own = place >= 0 && sameCode(this.at(frame).z, run.mean(this.sides.decoder(frame), place));
    return own ? run.image(place) : null;
  }

  /**
   * How the first map marks it.
   * @param {number} at frame; a fraction lies between two @param {Drawn} drawn
   * @returns {CursorMark}
   */
  mark(at, { xs, ys }) {
    const frame = Math.floor(at);
    const share = at - frame;
    /** @type {[CursorPlace, number][]} */
    const ends = [[this.at(frame), 1 - share]];
    if (share > 0) ends.push([this.at(frame + 1), share]);
    const exact = ends.every(([end]) => end.exact);
    const place = () => {
      /** @type {[number, number]} */
      const sum = [0, 0];
      for (const [{ near }, part] of ends) {
        for (const { point, weight } of near) {
          sum[0] += xs[point] * weight * part;
          sum[1] += ys[point] * weight * part;
        }
      }
      return sum;
    };
    return { place, exact, point: exact ? this.anchor : -1 };
  }

  /**
   * How another map marks it: another run's latent space has no such code, but it may have the image.
   * @param {number} side @param {number} at @param {Drawn} drawn
   * @returns {CursorMark|null}
   */
  otherMark(side, at, { xs, ys }) {
    const exact = this.at(Math.floor(at)).exact && this.at(Math.ceil(at)).exact;
    const point = exact ? this.sides.all[side].pointOf(this.anchor) : -1;
    return point < 0 ? null : { place: () => [xs[point], ys[point]], exact: true, point };
  }

  /** Take the cursor along to a frame. @param {number} frame */
  carry(frame) {
    const { run, first } = this.sides;
    const { start, keep } = this.cursor;
    const { z, exact } = this.at(frame);
    const epoch = this.sides.decoder(frame);
    const place = keep === "digit" && exact ? run.place(start) : -1; // of which the run knows the code to its last digit
    const code = Array.from(place >= 0 ? run.mean(epoch, place) : z);
    this.cursor = new Cursor(run, { z: code, epoch, start, keep });
    this.frame = nearestPlace(first.epochs, epoch);
  }

  /**
   * A cursor on a point of the first film.
   * @param {number} frame @param {number} point
   * @returns {Cursor|null} where its code is finite
   */
  onPoint(frame, point) {
    const { run, first } = this.sides;
    const epoch = this.sides.decoder(frame);
    const start = { kind: /** @type {const} */ ("digit"), index: first.indices[point] };
    const place = run.place(start);
    const z = Array.from(place >= 0 ? run.mean(epoch, place) : first.mean(frame, point)); // which Python knows exactly
    return z.every(Number.isFinite) ? new Cursor(run, { z, epoch, start, keep: this.cursor.keep }) : null;
  }

  /** A cursor on a code that no image has. @param {number} frame @param {Float32Array} z */
  onCode(frame, z) {
    const code = Array.from(z);
    const start = { kind: /** @type {const} */ ("code"), code };
    return new Cursor(this.sides.run, { z: code, epoch: this.sides.decoder(frame), start, keep: this.cursor.keep });
  }
}

/**
 * The points whose codes lie nearest to a code, nearest first.
 * @param {Film} film @param {number} frame @param {ArrayLike<number>} code @param {number} count
 */
function nearestCodes(film, frame, code, count) {
  const squares = new Float32Array(film.points);
  for (let dimension = 0; dimension < film.latentDim; dimension++) {
    const values = film.values(`z${dimension}`, frame);
    if (!values) continue;
    for (let point = 0; point < squares.length; point++) squares[point] += (values[point] - code[dimension]) ** 2;
  }
  /** @type {{point: number, square: number}[]} */
  const found = [];
  for (let point = 0; point < squares.length; point++) {
    const square = squares[point];
    if (found.length === count && square >= found[count - 1].square) continue;
    const at = found.findIndex((each) => each.square > square);
    found.splice(at < 0 ? found.length : at, 0, { point, square });
    found.length = Math.min(found.length, count);
  }
  return found;
}
