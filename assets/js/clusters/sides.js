/** The runs that are shown, one or two side by side, with their films. The first one's epochs are the clock's. */

import { nearestPlace } from "../engine/numbers.js";
import { epochAt, momentAt } from "./playback.js";

/** @import { Film, FilmAbout, Kind } from "../engine/film.js" */
/** @import { LiveRun } from "../engine/run.js" */

/**
 * @typedef {object} Side
 * @property {LiveRun} run
 * @property {Film} film
 * @property {FilmAbout} about the film's
 * @property {(point: number) => number} pointOf this film's point of a point of the first film: that of the same image;
 *   −1 if
 *   it has none
 */

export class Sides {
  /** @param {{run: LiveRun, film: Film}[]} shown */
  constructor(shown) {
    const [{ run, film: first }] = shown;
    this.run = run;
    this.first = first;
    /** @type {Side[]} */
    this.all = shown.map((each) => ({
      ...each,
      about: each.film.about,
      pointOf: (point) => each.film.point(first.indices[point]),
    }));
    this.identity = shown.map((each) => `${each.run.key} ${each.film.key}`).join();
    /** @type {Kind} of layout that is shown */
    this.kind = "umap";
  }

  /** @param {{run: LiveRun, film: Film}[]} shown @returns {boolean} whether these are the same, as they are now */
  areOf(shown) {
    const same = shown.every(({ run, film }, place) => {
      const side = this.all[place];
      return run === side?.run && film.key === side.film.key;
    });
    return same && shown.length === this.all.length;
  }

  /** @param {number} place @returns {Kind} of layout that this side shows: not every film has each */
  kindOf(place) {
    return this.all[place].film.kinds.has(this.kind) ? this.kind : "pca_last";
  }

  /** @param {number} place @returns {number} how many frames it has */
  framesOf(place) {
    return this.all[place].film.kinds.get(this.kindOf(place))?.frames ?? 0;
  }

  /** @returns {number} the last frame of the first film */
  get last() {
    return this.framesOf(0) - 1;
  }

  /**
   * @param {number} place @param {number} at moment of the first film @param {number} [frames] of this side's kind of
   *   layout
   * @returns {number} the moment of this side's film
   */
  momentOf(place, at, frames = this.framesOf(place)) {
    if (place === 0) return at;
    return Math.min(momentAt(this.all[place].film, epochAt(this.first, at)), frames - 1);
  }

  /** The frame that each side shows at a moment, or is nearest to. @param {number} at */
  frames(at) {
    return this.all.map((_, place) => Math.round(this.momentOf(place, at)));
  }

  /** The decoders' epochs for these frames: of very long runs the browser has not all. @param {number[]} frames */
  decoders(frames) {
    return this.all.map(({ run, film }, place) => run.epochs[nearestPlace(run.epochs, film.epochs[frames[place]])]);
  }

  /** @param {number} frame of the first film @returns {number} the epoch of its decoder */
  decoder(frame) {
    return this.run.epochs[nearestPlace(this.run.epochs, this.first.epochs[frame])];
  }

  /** @param {number} point of the first film */
  nameOf(point) {
    const { indices, labels, about } = this.first;
    return `Test image ${indices[point]}, class ${about.class_names[labels[point]]}`;
  }
}
