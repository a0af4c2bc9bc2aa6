/** The clock of a film: where it is between its epochs, and how it moves on as it plays and comes to rest. */

/** @typedef {{epochs: number[]}} Epochs of a film, or of what else has some */

export const SECONDS = 0.6; // from one epoch to the next, at the speed of 1
export const GLIDE_MS = 200; // from between two epochs to the nearer one
export const FINAL_SECONDS = 1.5; // for which the last epoch stays in a saved film, before it begins again
const LONGEST_FRAME = 0.1; // seconds; after a pause of the whole browser the film goes on where it was

/** Of a movement that begins and ends gently: how much of the way after which share of the time. @param {number} share */
export const gently = (share) => share * share * (3 - 2 * share);

/**
 * Where a film is on its way from frame to frame when time runs evenly: it starts gently from each and comes gently to
 * the next. At speed that would only stutter.
 * @param {number} time in frames @param {number} speed
 */
export function eased(time, speed) {
  const frame = Math.floor(time);
  const share = time - frame;
  return frame + share + (gently(share) - share) / Math.max(1, speed);
}

/** The epoch at a moment of a film; between two epochs, a number between them. @param {Epochs} film @param {number} at */
export function epochAt({ epochs }, at) {
  const frame = Math.min(Math.floor(at), epochs.length - 1);
  const next = Math.min(frame + 1, epochs.length - 1);
  return epochs[frame] + (epochs[next] - epochs[frame]) * (at - frame);
}

/** The moment of a film at an epoch, which may lie between two of its own. @param {Epochs} film @param {number} epoch */
export function momentAt({ epochs }, epoch) {
  const after = epochs.findIndex((kept) => kept >= epoch);
  if (after < 0) return epochs.length - 1;
  if (after === 0) return 0;
  return after - 1 + (epoch - epochs[after - 1]) / (epochs[after] - epochs[after - 1]);
}

export class Playback {
  /**
   * @param {number} seconds from frame to frame, at the speed of 1
   * @param {{changed: () => void, ended: () => void, passed?: (milliseconds: number) => void}} listener changed: it began
   *   or
   *   ceased to play; ended: it has come to the last frame; passed: told how long a frame of the screen took
   */
  constructor(seconds, listener) {
    this.seconds = seconds;
    this.listener = listener;
    this.speed = 1;
    this.last = 0; // frame
    this.at = 0; // frame; a fraction lies between two
    this.time = 0; // the same as if time ran evenly
    this.playing = false;
    this.before = 0; // when the frame before was, 0 if there was none
    /** @type {{from: number, to: number, began: number}|null} while it comes to rest */
    this.glide = null;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Go to a moment at once. @param {number} at */
  go(at) {
    this.at = this.time = Math.min(this.last, Math.max(0, at));
    this.glide = null;
  }

  /** Play on, or from the start if it has come to its end. */
  play() {
    if (this.last < 1 || this.playing) return;
    if (this.glide) this.go(this.at);
    if (this.at >= this.last - 1e-3) this.go(0);
    this.playing = true;
    this.before = 0;
    this.listener.changed();
  }

  /** Stand still where it is, because a hand has taken over. */
  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.listener.changed();
  }

  /** @param {number} by 1 or −1, or infinitely many @returns {number} the frame after or before this moment */
  beside(by) {
    const from = by < 0 ? Math.ceil(this.at - 1e-3) : Math.floor(this.at + 1e-3);
    return Math.min(this.last, Math.max(0, from + by));
  }

  /** Come to rest at the nearest frame. @returns {number} that frame */
  settle() {
    const goal = Math.round(this.at);
    if (goal !== this.at) this.glide = { from: this.at, to: goal, began: performance.now() };
    return goal;
  }

  /** Move on. @param {number} now @returns {boolean} whether there is more to come */
  advance(now) {
    if (this.playing) this.playOn(now);
    else if (this.glide) this.glideOn(now, this.glide);
    return this.playing || this.glide !== null;
  }

  /** @param {number} now */
  playOn(now) {
    if (this.before) {
      this.listener.passed?.(now - this.before);
      this.time += (Math.min(LONGEST_FRAME, (now - this.before) / 1000) * this.speed) / this.seconds;
    }
    this.before = now;
    if (this.time < this.last) {
      this.at = this.calm.matches ? Math.floor(this.time) : eased(this.time, this.speed);
      return;
    }
    this.go(this.last);
    this.stop();
    this.listener.ended();
  }

  /** @param {number} now @param {{from: number, to: number, began: number}} glide */
  glideOn(now, { from, to, began }) {
    const share = this.calm.matches ? 1 : Math.min(1, Math.max(0, (now - began) / GLIDE_MS));
    if (share === 1) this.go(to);
    else this.at = this.time = from + (to - from) * gently(share);
  }
}
