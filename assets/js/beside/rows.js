/** The sliders of one of several runs: those that carry most, or are asked for first, and the rest folded away. */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";

/** @import { LiveRun } from "../engine/run.js" */

/** @typedef {{dimension: number, correlation: number|null}} Entry correlation: with the run that leads, null where it has none */
/** @typedef {{input: HTMLInputElement, value: HTMLElement, name: HTMLElement}} Row */

/**
 * @typedef {object} RowsListener
 * @property {(dimension: number, value: number, event: Event) => void} slid
 * @property {() => void} released
 * @property {(dimension: number) => void} reset it shall return to its start
 * @property {(open: boolean) => void} folded
 */

const STEP = 0.05;

export class Rows {
  /** @param {LiveRun} run @param {string} name of the run @param {RowsListener} listener */
  constructor(run, name, listener) {
    this.run = run;
    this.name = name;
    this.listener = listener;
    this.few = make("div", "few");
    this.rest = make("div", "rest");
    this.more = make("details", "more");
    this.more.append(make("summary", "", `All ${run.latentDim}`, { title: "All dimensions" }), this.rest);
    this.more.ontoggle = () => listener.folded(this.more.open);
    /** @type {Map<number, Row>} by dimension */
    this.all = new Map();
  }

  /** @param {(Entry|null)[]} entries from above; null leaves a row empty @param {number} few how many are not folded away */
  lay(entries, few) {
    this.all.clear();
    const rows = entries.map((entry) => (entry ? this.make(entry) : make("div", "row none", "no counterpart")));
    this.few.replaceChildren(...rows.slice(0, few));
    this.rest.replaceChildren(...rows.slice(few));
    this.more.hidden = rows.length <= few;
  }

  /** @param {Entry} entry */
  make({ dimension, correlation }) {
    const { listener, run } = this;
    const row = make("div", "row");
    const head = make("div", "head");
    const name = make("span", "name");
    const strength = make("span", "strength", correlation === null ? "" : `r ${number(correlation)}`);
    strength.title = "Rank correlation of the two dimensions' means; with a minus they grow opposite ways";
    const value = make("span", "value", "", { "aria-hidden": "true" });
    head.append(name, strength, value);
    const { reach } = run.about;
    const input = make("input", "", "", { type: "range", min: -reach, max: reach, step: STEP });
    input.oninput = (event) => listener.slid(dimension, Number(input.value), event);
    input.onchange = () => listener.released();
    input.ondblclick = () => listener.reset(dimension);
    input.onkeydown = (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      listener.reset(dimension);
    };
    row.append(head, input);
    this.all.set(dimension, { input, value, name });
    return row;
  }

  /** @param {number} dimension @param {ArrayLike<number>} code @param {ArrayLike<number>} base to which a reset returns */
  showValue(dimension, code, base) {
    const row = this.all.get(dimension);
    if (!row) return;
    const { reach } = this.run.about;
    const value = code[dimension];
    const text = number(value);
    if (Number(row.input.value) !== value) row.input.value = String(Math.min(reach, Math.max(-reach, value)));
    row.value.textContent = text;
    row.input.setAttribute("aria-valuetext", text);
    row.input.style.setProperty(
      "--start",
      String((Math.min(reach, Math.max(-reach, base[dimension])) + reach) / (2 * reach)),
    );
  }

  /** @param {ArrayLike<number>} code @param {ArrayLike<number>} base */
  showValues(code, base) {
    for (const dimension of this.all.keys()) this.showValue(dimension, code, base);
  }

  /** What the dimensions are called. @param {number} epoch */
  showNames(epoch) {
    const { meaning } = this.run;
    for (const [dimension, { input, name }] of this.all) {
      const { text, short, kind } = meaning.name(epoch, dimension);
      name.replaceChildren(make("b", "", `z${dimension}`), ` ${short || text}`);
      name.title = text;
      name.classList.toggle("nothing", kind === "nothing");
      input.setAttribute("aria-label", `${this.name}: z${dimension}${text && `, ${text}`}`);
    }
  }
}
