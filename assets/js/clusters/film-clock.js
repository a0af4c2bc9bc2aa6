/** The clock of the films: the slider and the buttons in the hand, and the film that plays. */

import { epochWords, whyOneEpoch } from "../shared/epochs.js";
import { live } from "../shared/live.js";
import { listenToKeys } from "./keys.js";
import { Playback, SECONDS } from "./playback.js";
import { TimeBar } from "./time-bar.js";

/** @import { Film } from "../engine/film.js" */

/**
 * @typedef {object} ClockListener
 * @property {() => void} moved it is elsewhere, which must be drawn at once
 * @property {() => void} moves it must be drawn in the browser's next frame
 * @property {(frame: number) => void} rested it comes to rest, at this frame
 */

export class FilmClock {
  /** @param {HTMLElement} root @param {ClockListener} listener */
  constructor(root, listener) {
    this.listener = listener;
    this.playback = new Playback(SECONDS, {
      changed: () => this.showPlaying(),
      ended: () => this.settle(),
      passed: (milliseconds) => live.recordFrame(milliseconds),
    });
    this.bar = new TimeBar(root, {
      toggled: () => this.toggle(),
      stepped: (by) => this.step(by),
      held: () => this.playback.stop(),
      moved: (at, event) => this.scrub(at, event),
      released: () => this.settle(),
    });
    listenToKeys(root, { toggle: () => this.toggle(), step: (by) => this.step(by) });
  }

  /** @returns {number} the moment, in frames of the first film; a fraction lies between two */
  get at() {
    return this.playback.at;
  }

  /** @param {Film} film whose epochs are told @param {number} last frame @param {number} speed */
  open(film, last, speed) {
    const { playback } = this;
    playback.speed = speed;
    playback.last = last;
    if (playback.at > last) playback.go(last);
    const still = last > 0 ? "" : whyOneEpoch(film.about) || "This layout has one frame so far.";
    this.bar.open(last, still);
  }

  /** Be at a moment, whatever it was doing. @param {number} at */
  go(at) {
    this.playback.stop();
    this.playback.go(at);
  }

  toggle() {
    if (!this.playback.playing) {
      this.playback.play();
      return;
    }
    this.playback.stop();
    this.settle();
  }

  showPlaying() {
    const { playing } = this.playback;
    if (playing) this.bar.betweenEpochs(true);
    this.bar.showPlaying(playing);
    this.listener.moves();
  }

  /** @param {number} at @param {Event} event */
  scrub(at, event) {
    this.go(at);
    this.listener.moved();
    live.recordLatency(performance.now() - event.timeStamp);
  }

  /** @param {number} by */
  step(by) {
    this.go(this.playback.beside(by));
    this.listener.moved();
    this.settle();
  }

  /** Come to rest at the nearest epoch. */
  settle() {
    const frame = this.playback.settle();
    this.bar.betweenEpochs(this.playback.glide !== null);
    this.listener.moves();
    this.listener.rested(frame);
  }

  /** Move on. @param {number} now @returns {boolean} whether there is more to come */
  advance(now) {
    const { playback } = this;
    const gliding = playback.glide !== null;
    const more = playback.advance(now);
    if (gliding && !more) this.bar.betweenEpochs(false);
    return more;
  }

  /** Show the moment. @param {Film} film */
  show(film) {
    this.bar.move(this.playback.at, film);
  }

  /** Say which epoch is the nearest. @param {Film} film @param {number} frame */
  tell({ about, epochs }, frame) {
    const { shown, remark, name } = epochWords(about, epochs[frame]);
    this.bar.tell(frame, shown && remark ? `${name}, ${remark}` : name);
  }
}
