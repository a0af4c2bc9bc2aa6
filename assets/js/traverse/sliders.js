/** The sliders, one for every latent dimension, in the order of what they carry. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { explain } from "../shared/terms.js";
import { STEP } from "./spread.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Spread } from "./spread.js" */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {object} Slider
 * @property {HTMLInputElement} input
 * @property {HTMLElement} row that it stands in
 * @property {HTMLButtonElement} name its number, and what it is called
 * @property {HTMLElement} value as a text
 * @property {HTMLElement} bar of its KL
 * @property {HTMLElement} nats its KL as a text
 * @property {SVGPathElement} histogram
 */

/**
 * @typedef {object} SlidersListener
 * @property {(dimension: number, value: number, event: Event) => void} slid
 * @property {() => void} released
 * @property {(dimension: number) => void} chosen it is the one that is looked at
 * @property {(dimension: number) => void} reset it shall return to its start
 * @property {(dimension: number) => void} asked what it means
 */

export class Sliders {
  /** @param {HTMLElement} root @param {LiveRun} run @param {Spread} spread @param {SlidersListener} listener */
  constructor(root, run, spread, listener) {
    this.run = run;
    this.spread = spread;
    this.listener = listener;
    /** @type {number|null} the epoch whose data are shown behind them */
    this.dataShown = null;
    /** @type {Slider[]} by dimension */
    this.all = Array.from({ length: run.latentDim }, (_, dimension) => this.make(dimension));
    this.lay(root);
  }

  /** Put them into the page: those that carry something, and folded away those that carry nothing. @param {HTMLElement} root */
  lay(root) {
    const { about } = this.run;
    const { order, passive_below: threshold, passive } = about;
    const find = finder(root);
    const rows = order.map((dimension) => this.all[dimension].row);
    const active = rows.slice(0, rows.length - passive);
    find(".sliders.active").replaceChildren(...active);
    find(".passive .sliders").replaceChildren(...rows.slice(rows.length - passive));
    const details = find(".passive", HTMLDetailsElement);
    details.hidden = passive === 0;
    details.open = active.length === 0;
    const images = about.probe_images.toLocaleString("en");
    explain(
      find(".data-note"),
      `Grey: where the codes of ${images} [test images](#test-set) lie at this epoch. The rail is thick over 99 % of the ` +
        "[aggregate posterior](#aggregate-posterior), the codes that the [decoder](#decoder) learned from; ⚠ marks a value beyond.",
    );
    explain(find("#all-title"), active.length ? "All [active](#active) dimensions" : "All dimensions");
    const many = passive === 1 ? "1 dimension carries" : `${passive} dimensions carry`;
    const { at } = epochWords(about, this.run.last);
    find(".passive > summary").textContent = `${many} nothing${at} (KL below ${threshold} nats)`;
  }

  /** @param {number} dimension @returns {Slider} */
  make(dimension) {
    const { listener } = this;
    const row = make("div", "slider");
    const input = make("input", "", "", {
      type: "range",
      min: -this.spread.reach,
      max: this.spread.reach,
      step: STEP,
      "aria-describedby": "reset-hint",
    });
    const value = make("span", "value", "", { "aria-hidden": "true" });
    const kl = make("span", "kl", "", { "aria-hidden": "true" });
    const bar = make("span", "bar");
    const nats = make("span", "nats");
    kl.append(bar, nats);
    const density = document.createElementNS(SVG, "svg");
    density.setAttribute("viewBox", `0 0 ${this.spread.bins} 255`);
    density.setAttribute("preserveAspectRatio", "none");
    density.setAttribute("aria-hidden", "true");
    const histogram = document.createElementNS(SVG, "path");
    density.append(histogram);
    const track = make("div", "track");
    track.append(density, input);
    // No stop for the Tab key, which would have two in each row: on the slider, Enter does the same.
    const name = make("button", "name", "", { type: "button", tabindex: -1 });
    name.append(make("span", "", `z${dimension}`), make("span", "called"));
    name.onclick = () => listener.asked(dimension);
    row.append(name, track, value, kl);
    this.listen(input, dimension);
    return { input, row, name, value, bar, nats, histogram };
  }

  /** @param {HTMLInputElement} input @param {number} dimension */
  listen(input, dimension) {
    const { listener } = this;
    input.oninput = (event) => listener.slid(dimension, Number(input.value), event);
    input.onchange = () => listener.released();
    input.onfocus = () => listener.chosen(dimension);
    input.onpointerdown = ({ pointerType }) => {
      if (pointerType === "mouse") listener.chosen(dimension); // a finger may be about to scroll
    };
    input.ondblclick = () => listener.reset(dimension);
    input.onkeydown = (event) => {
      if (!["Delete", "Backspace", "Enter"].includes(event.key)) return;
      event.preventDefault();
      if (event.key === "Enter") listener.asked(dimension);
      else listener.reset(dimension);
    };
  }

  /** @param {number} value @returns {string} where it stands on a slider, as a share of its length */
  along(value) {
    const { reach } = this.spread;
    return String((this.spread.clamp(value) + reach) / (2 * reach));
  }

  /** Which one is looked at. @param {number} chosen */
  mark(chosen) {
    this.all.forEach(({ row }, dimension) => {
      row.classList.toggle("chosen", dimension === chosen);
    });
  }

  /** @param {number} dimension @param {number} epoch @param {ArrayLike<number>} code @param {ArrayLike<number>} base to which a reset returns */
  showValue(dimension, epoch, code, base) {
    const { input, row, value } = this.all[dimension];
    const z = code[dimension];
    const beyond = Math.abs(z) > this.spread.reach;
    const outside = this.spread.isOutside(epoch, dimension, z);
    const text = number(z);
    if (Number(input.value) !== z) input.value = String(this.spread.clamp(z));
    value.textContent = text;
    row.classList.toggle("beyond", beyond);
    row.classList.toggle("outside", outside);
    const remark = beyond ? "beyond the end of the slider" : outside ? "outside the data" : "";
    if (row.title !== remark) row.title = remark;
    input.setAttribute("aria-valuetext", remark ? `${text}, ${remark}` : text);
    row.style.setProperty("--start", this.along(base[dimension]));
  }

  /** @param {number} epoch @param {ArrayLike<number>} code @param {ArrayLike<number>} base */
  showValues(epoch, code, base) {
    for (let dimension = 0; dimension < this.all.length; dimension++) this.showValue(dimension, epoch, code, base);
  }

  /** @param {number} dimension @returns {string} its value as it is spoken */
  spoken(dimension) {
    return this.all[dimension].input.getAttribute("aria-valuetext") ?? "";
  }

  /** What every dimension carries, and what it is called. @param {number} epoch */
  showKl(epoch) {
    const { about, meaning } = this.run;
    const kl = this.run.kl(epoch);
    this.all.forEach(({ input, name, bar, nats }, dimension) => {
      const rounded = number(kl[dimension]);
      const { text, short, kind } = meaning.name(epoch, dimension);
      nats.textContent = rounded;
      bar.style.setProperty("--share", String(Math.min(1, kl[dimension] / about.largest_kl)));
      name.className = `name ${kind}`;
      name.querySelector(".called")?.replaceChildren(short);
      name.title = text ? `${text}: what was measured` : "What is known of it";
      name.setAttribute("aria-label", `z${dimension}${text && `, ${text}`}: what is known of it`);
      input.setAttribute("aria-label", [`z${dimension}`, ...(text ? [text] : []), `${rounded} nats`].join(", "));
    });
  }

  /** The histograms behind them, and the piece of each that holds the data. @param {number} epoch @returns {boolean} whether they were others */
  showData(epoch) {
    if (this.dataShown === epoch) return false;
    this.dataShown = epoch;
    this.all.forEach(({ row, histogram }, dimension) => {
      histogram.setAttribute("d", this.spread.histogram(epoch, dimension));
      const [low, high] = this.spread.range(epoch, dimension);
      row.style.setProperty("--low", this.along(low));
      row.style.setProperty("--high", this.along(high));
    });
    return true;
  }
}
