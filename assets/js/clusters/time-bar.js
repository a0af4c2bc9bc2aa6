/** The film's slider with the epochs below it, and the buttons beside it. */

import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";

/** @import { Film } from "../engine/film.js" */

/**
 * @typedef {object} TimeListener
 * @property {() => void} toggled play or pause
 * @property {(by: number) => void} stepped to the epoch before or after
 * @property {() => void} held a hand has taken hold of the slider
 * @property {(at: number, event: Event) => void} moved to a moment between the first frame and the last
 * @property {() => void} released
 */

const TICK = 26; // pixels that the number of an epoch needs

export class TimeBar {
  /** @param {HTMLElement} root @param {TimeListener} listener */
  constructor(root, listener) {
    const find = finder(root);
    this.time = find(".time", HTMLInputElement);
    this.ticks = find(".ticks");
    this.play = find(".play", HTMLButtonElement);
    this.back = find(".back", HTMLButtonElement);
    this.forth = find(".forth", HTMLButtonElement);
    this.still = find(".still");
    this.last = 0; // frame
    this.ticked = ""; // what the ticks were last made for
    this.play.onclick = () => listener.toggled();
    this.back.onclick = () => listener.stepped(-1);
    this.forth.onclick = () => listener.stepped(1);
    this.time.onpointerdown = ({ pointerType }) => {
      if (pointerType !== "mouse") return; // a finger may be about to scroll
      listener.held();
      this.betweenEpochs(true);
    };
    this.time.oninput = (event) => listener.moved(Number(this.time.value), event);
    this.time.onchange = () => listener.released();
  }

  /** @param {number} last frame @param {string} still why it cannot be moved, "" if it can */
  open(last, still) {
    this.last = last;
    this.time.max = String(last);
    this.time.disabled = still !== "";
    this.time.title = still;
    disable(this.play, still);
    this.still.textContent = still;
    this.ticks.hidden = still !== "";
    this.ticked = "";
  }

  /** Whether it can stand between two epochs: while a hand looks there, and while the film moves. @param {boolean} can */
  betweenEpochs(can) {
    this.time.step = can ? "any" : "1";
  }

  /** @param {boolean} playing */
  showPlaying(playing) {
    this.play.classList.toggle("playing", playing);
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.play.title = playing ? "Pause (Space)" : "Play (Space)";
  }

  /** @param {number} at @param {Film} film */
  move(at, film) {
    if (Number(this.time.value) !== at) this.time.value = String(at);
    this.showTicks(at, film);
  }

  /** Another epoch is the nearest. @param {number} frame @param {string} text what it is called */
  tell(frame, text) {
    this.time.setAttribute("aria-valuetext", text);
    for (const [place, tick] of Array.from(this.ticks.children).entries())
      tick.classList.toggle("now", place === frame);
    disable(this.back, frame === 0 ? "This is the first epoch." : "");
    disable(this.forth, frame === this.last ? "This is the last epoch." : "");
  }

  /** The epochs, each at its place, with as many numbers as there is room for. @param {number} at @param {Film} film */
  showTicks(at, { epochs, key }) {
    const { last } = this;
    const width = this.ticks.clientWidth;
    const wanted = `${width} ${last} ${key}`;
    if (wanted === this.ticked || !width) return;
    this.ticked = wanted;
    const every = Math.max(1, Math.ceil((TICK * last) / width));
    const made = Array.from({ length: last + 1 }, (_, frame) => {
      const tick = make("span", frame === Math.round(at) ? "now" : "", "", { "data-frame": frame });
      const numbered = frame === last || (frame % every === 0 && last - frame >= every);
      if (numbered) tick.append(make("i", "", String(epochs[frame])));
      tick.style.left = `${last ? (100 * frame) / last : 0}%`;
      return tick;
    });
    this.ticks.replaceChildren(...made);
  }
}
