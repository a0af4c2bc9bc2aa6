/**
 * A tour that moves by itself: along one dimension there and back, then along the next.
 */

import { live } from "../shared/live.js";

const TOUR_SPEED = 1.6; // units of z a second, on average
const TOUR_STEP = 1; // seconds between two pictures for those who asked for less motion
const LONGEST_FRAME = 0.05; // seconds; after a pause of the whole browser it goes on where it was

export class Tour {
  /**
   * @param {{begin: function(): {dimension: number, home: number, low: number, high: number},
   *   next: function(number): number, moved: function(number, number), changed: function()}} listener
   *   begin: what a visit of the dimension is like; next: the dimension after one; moved: a value to show;
   *   changed: it started, stopped or came to another dimension
   */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    this.visit = null;
    this.frame = 0;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  get playing() {
    return this.frame !== 0;
  }

  /** Go on with the visit that was paused, if the code is where it was left, or begin one. */
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

  begin(dimension) {
    const { home, low, high } = this.listener.begin(dimension);
    const corners = [home, high, low, home];
    const seconds = corners.slice(1).map((to, leg) => Math.abs(to - corners[leg]) / TOUR_SPEED);
    this.visit = { dimension, corners, seconds, at: 0, value: home };
  }

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

  forward(seconds) {
    const { visit } = this;
    const before = visit.at;
    visit.at += seconds;
    const whole = visit.seconds.reduce((sum, leg) => sum + leg, 0);
    if (visit.at >= whole) {
      this.move(visit.corners.at(-1));
      this.begin(this.listener.next(visit.dimension));
      this.listener.changed();
    } else if (!this.calm.matches) {
      this.move(this.valueAt(visit.at));
    } else if (Math.floor(visit.at / TOUR_STEP) > Math.floor(before / TOUR_STEP)) {
      this.move(this.valueAt(Math.floor(visit.at / TOUR_STEP) * TOUR_STEP));
    }
  }

  move(value) {
    this.visit.value = Math.fround(value);
    this.listener.moved(this.visit.dimension, this.visit.value);
  }

  /** Each leg starts and ends gently. */
  valueAt(seconds) {
    const { corners, seconds: legs } = this.visit;
    let leg = 0;
    while (leg < legs.length - 1 && seconds > legs[leg]) seconds -= legs[leg++];
    const share = legs[leg] > 0 ? Math.min(1, seconds / legs[leg]) : 1;
    return corners[leg] + ((corners[leg + 1] - corners[leg]) * (1 - Math.cos(Math.PI * share))) / 2;
  }
}
