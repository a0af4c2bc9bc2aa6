/** The straight ways through latent space along which a factor grows, each a slider of its own beside the axes. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { explain } from "../shared/terms.js";
import { STEP } from "./spread.js";

/** @import { Direction, Factor, Meant } from "../engine/meaning.js" */
/** @import { LiveRun } from "../engine/run.js" */

const REACH = 3; // standard deviations of the factor, either way

/** @type {Record<Factor, string>} what a picture becomes along it */
const WORDS = {
  thickness: "thicker",
  slant: "more slanted",
  width: "wider",
  height: "taller",
  length: "longer line",
  area: "more ink",
};

/**
 * @typedef {object} DirectionsListener
 * @property {(vector: number[], by: number, event: Event) => void} moved by so many times the vector
 * @property {() => void} released
 */

export class Directions {
  /** @param {HTMLElement} root @param {LiveRun} run @param {DirectionsListener} listener */
  constructor(root, run, listener) {
    const find = finder(root);
    this.run = run;
    this.listener = listener;
    this.details = find(".directions", HTMLDetailsElement);
    this.summary = find(".directions > summary");
    this.list = find(".directions .sliders");
    explain(
      find(".directions > .note"),
      "Each goes straight through all dimensions at once, the way that raises one factor best. One unit is one [standard " +
        "deviation](#sigma) of the factor over the [test images](#test-set). R² says how well a straight way tells the factor at " +
        "all, 1 is perfectly; the angle, how far it is from being one dimension: 0° is that dimension, 90° is none of it.",
    );
    /** @type {{factor: string, input: HTMLInputElement, value: HTMLElement, at: number}[]} */
    this.sliders = [];
    /** @type {Meant["directions"]|null} those that are shown */
    this.found = null;
  }

  /** Those that were found at an epoch, each where the code is. @param {number} epoch */
  show(epoch) {
    const found = this.run.meaning.at(epoch)?.directions ?? {};
    if (found === this.found) return;
    this.found = found;
    const factors = /** @type {Factor[]} */ (Object.keys(WORDS)).filter((factor) => found[factor]);
    this.details.hidden = factors.length === 0;
    this.sliders = [];
    this.summary.textContent = `Directions: ${factors.map((factor) => WORDS[factor]).join(", ")}`;
    this.list.replaceChildren(
      ...factors.map((factor) => this.make(factor, /** @type {Direction} */ (found[factor]), epoch)),
    );
  }

  /** @param {Factor} factor @param {Direction} direction @param {number} epoch @returns {HTMLElement} its row */
  make(factor, { vector, r2, angle, axis }, epoch) {
    const said = `R² ${number(r2)}, ${number(angle, 0)}° from z${axis}`;
    const input = make("input", "", "", {
      type: "range",
      min: -REACH,
      max: REACH,
      step: STEP,
      value: 0,
      "aria-label": `${WORDS[factor]}, ${said}`,
      title: `${factor}; nearest is ${this.run.meaning.called(epoch, axis)}`,
    });
    const value = make("span", "value", number(0), { "aria-hidden": "true" });
    const slider = { factor, input, value, at: 0 };
    /** @param {number} to @param {Event} event */
    const move = (to, event) => {
      const by = to - slider.at;
      slider.at = to;
      this.say(slider);
      this.listener.moved(vector, by, event);
    };
    /** @param {Event} event */
    const home = (event) => {
      input.value = "0";
      move(0, event);
      this.listener.released();
    };
    input.oninput = (event) => move(Number(input.value), event);
    input.onchange = () => this.listener.released();
    input.ondblclick = home;
    input.onkeydown = (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      home(event);
    };
    this.sliders.push(slider);
    this.say(slider);
    const row = make("div", "slider direction");
    const track = make("div", "track");
    track.append(input);
    row.append(
      make("span", "name", WORDS[factor], { "aria-hidden": "true" }),
      track,
      value,
      make("span", "fit", said, { "aria-hidden": "true" }),
    );
    return row;
  }

  /** @param {{input: HTMLInputElement, value: HTMLElement, at: number}} slider */
  say({ input, value, at }) {
    value.textContent = number(at);
    input.setAttribute("aria-valuetext", `${number(at)} standard deviations`);
  }

  /** @returns {Record<string, number>} how far each was followed that was, by factor */
  shift() {
    return Object.fromEntries(this.sliders.filter(({ at }) => at !== 0).map(({ factor, at }) => [factor, at]));
  }

  /** The code is one to which they have led before. @param {Record<string, number>} shift as above */
  place(shift) {
    for (const slider of this.sliders) {
      const at = shift[slider.factor] ?? 0;
      if (at === slider.at) continue;
      slider.at = at;
      slider.input.value = String(at);
      this.say(slider);
    }
  }

  /** The code is another: all begin where it is. */
  reset() {
    this.place({});
  }
}
