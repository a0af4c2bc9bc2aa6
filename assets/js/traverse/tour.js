/**
 * A tour that moves by itself: along one dimension there and back, then along the next.
 */

import { live } from "../shared/live.js";

const TOUR_SPEED = 1.6; // units of z a second, on average
const TOUR_STEP = 1; // seconds between two pictures for those who asked for less motion
const LONGEST_FRAME = 0.05; // seconds; after a pause of the whole browser it goes on where it was

/**
 * @typedef {object} TourListener
 * @property {(dimension: number) => {home: number, low: number, high: number}} begin what a visit of a dimension is like
 * @property {(dimension: number) => number} next the dimension after one
 * @property {(dimension: number, value: number) => void} moved there is a value to show
 * @property {() => void} changed it started, stopped or came to another dimension
 */

/**
 * @typedef {object} Visit
 * @property {number} dimension
 * @property {number[]} corners values from which it goes to the next, and the last
 * @property {number[]} seconds that each such leg takes
 * @property {number} at how many seconds it has gone on
 * @property {number} value the one shown
 */

export class Tour {
  /** @param {HTMLElement} root @param {TourListener} listener */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    /** @type {Visit|null} */
    this.visit = null;
    this.frame = 0; // that is asked for, 0 for none
    this.last = 0; // when the frame before was, 0 for none
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get playing() {
    return this.frame !== 0;
  }

  /**
   * Go on with the visit that was paused, if the code is where it was left, or begin one.
   * @param {number} dimension @param {number} value
   */
  play(dimension, value) {
    if (this.visit?.dimension !== dimension || this.visit.value !== value) this.begin(dimension);
    this.last = 0;
    this.frame = requestAnimationFrame((now) => this.advance(now));
    this.listener.changed();
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.listener.changed();
  }

  /** Stand still without a word if it moves, because a hand has taken over. */
  stop() {
    if (this.playing) this.pause();
  }

  /** @param {number} dimension */
  begin(dimension) {
    const { home, low, high } = this.listener.begin(dimension);
    const corners = [home, high, low, home];
    const seconds = corners.slice(1).map((to, leg) => Math.abs(to - corners[leg]) / TOUR_SPEED);
    this.visit = { dimension, corners, seconds, at: 0, value: home };
  }

  /** @param {number} now */
  advance(now) {
    if (!this.root.isConnected) {
      this.pause(); // with all that it changes: nothing may hold on to the links of other pages
      return;
    }
    this.frame = requestAnimationFrame((next) => this.advance(next));
    if (this.last) {
      live.recordFrame(now - this.last);
      this.forward(Math.min(LONGEST_FRAME, (now - this.last) / 1000));
    }
    this.last = now;
  }

  /** @param {number} seconds */
  forward(seconds) {
    const { visit } = this;
    if (!visit) return;
    const before = visit.at;
    visit.at += seconds;
    const whole = visit.seconds.reduce((sum, leg) => sum + leg, 0);
    if (visit.at >= whole) {
      this.move(visit, visit.corners[visit.corners.length - 1]);
      this.begin(this.listener.next(visit.dimension));
      this.listener.changed();
    } else if (!this.calm.matches) {
      this.move(visit, valueAt(visit, visit.at));
    } else if (Math.floor(visit.at / TOUR_STEP) > Math.floor(before / TOUR_STEP)) {
      this.move(visit, valueAt(visit, Math.floor(visit.at / TOUR_STEP) * TOUR_STEP));
    }
  }

  /** @param {Visit} visit @param {number} value */
  move(visit, value) {
    visit.value = Math.fround(value);
    this.listener.moved(visit.dimension, visit.value);
  }
}

/** Each leg starts and ends gently. @param {Visit} visit @param {number} seconds since it began */
function valueAt({ corners, seconds: legs }, seconds) {
  let leg = 0;
  let left = seconds;
  while (leg < legs.length - 1 && left > legs[leg]) left -= legs[leg++];
  const share = legs[leg] > 0 ? Math.min(1, left / legs[leg]) : 1;
  return corners[leg] + ((corners[leg + 1] - corners[leg]) * (1 - Math.cos(Math.PI * share))) / 2;
}
