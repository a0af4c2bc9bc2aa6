/** Several pictures, of which a frame has time for a few: the one under the hand first, the others in turn. */

import { live } from "../shared/live.js";

const SLICE_MS = 8; // of a frame that may have gone by before another picture is begun

export class Turns {
  /** @param {number} count of pictures @param {(at: number) => void} draw one of them, as it is to be now */
  constructor(count, draw) {
    this.count = count;
    this.draws = draw;
    /** @type {Set<number>} those that are not drawn as they are to be */
    this.late = new Set();
    this.turn = 0; // the one that is looked at first
    this.frame = 0;
    /** @type {number|null} when the input event was that is not drawn everywhere yet */
    this.since = null;
  }

  /** @param {Event} [event] whose latency counts */
  drawAll(event) {
    const every = Array.from({ length: this.count }, (_, at) => at);
    this.draw(every, event, false);
  }

  /**
   * Draw some of them: the first at once, and the others in this frame or those to come.
   * @param {number[]} which @param {Event} [event] what made them so, if its latency counts
   * @param {boolean} [hand] whether the first is under the hand
   */
  draw(which, event, hand = true) {
    for (const at of which) this.late.add(at);
    if (event) this.since ??= event.timeStamp;
    const end = performance.now() + SLICE_MS;
    cancelAnimationFrame(this.frame);
    if (hand && this.late.delete(which[0])) this.draws(which[0]);
    // What an input event asks for comes in the same frame as the event, whose time is used up.
    if (this.drawLate(end)) this.frame = requestAnimationFrame(() => this.drawSoon());
  }

  drawSoon() {
    this.frame = requestAnimationFrame(() => this.drawLate(performance.now() + SLICE_MS) && this.drawSoon());
  }

  /** @param {number} end of the time that this frame has @returns {boolean} whether some are left */
  drawLate(end) {
    for (let step = 0; step < this.count && this.late.size && performance.now() < end; step++) {
      const at = this.turn;
      this.turn = (at + 1) % this.count;
      if (this.late.delete(at)) this.draws(at);
    }
    if (this.late.size) return true;
    if (this.since !== null) live.recordLatency(performance.now() - this.since);
    this.since = null;
    return false;
  }

  /** Nothing more is drawn. */
  close() {
    cancelAnimationFrame(this.frame);
    this.late.clear();
  }
}
