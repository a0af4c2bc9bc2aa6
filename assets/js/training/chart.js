/** A chart of curves over the epochs, drawn as SVG: of one run or of two, or of a run's dimensions in the order of what they carry. */

import { number } from "../engine/numbers.js";
import { svg, ticks } from "../shared/axes.js";
import { make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { upTo } from "./curves.js";

const HEIGHT = 190;
const MARGIN = { left: 38, right: 26, top: 8, bottom: 32 };
const LABEL = 12; // pixels from one label to the next, of those at the curves' ends

/**
 * @typedef {object} Curve
 * @property {string} kind its classes, by which it is coloured and dashed
 * @property {number[]} epochs
 * @property {number[]} values
 * @property {string} [label] what stands at its end
 * @property {string} [colour] where its kind does not tell it
 */

/** @typedef {{kind: string, label: string, colour: string, left: number, top: number}} Label where its curve ends */

/**
 * Places as near to the wanted ones as they can be with a gap between them, within bounds: neighbours that are too near
 * move as one.
 * @param {number[]} wanted in ascending order @param {number} gap @param {number} low @param {number} high
 */
function apart(wanted, gap, low, high) {
  /** @type {{sum: number, count: number}[]} */
  const blocks = [];
  for (const [i, place] of wanted.entries()) {
    let block = { sum: place - i * gap, count: 1 };
    let before = blocks.at(-1);
    while (before && before.sum / before.count > block.sum / block.count) {
      blocks.pop();
      block = { sum: before.sum + block.sum, count: before.count + block.count };
      before = blocks.at(-1);
    }
    blocks.push(block);
  }
  const most = Math.max(low, high - (wanted.length - 1) * gap);
  const shifts = blocks.flatMap(({ sum, count }) => Array(count).fill(Math.min(most, Math.max(low, sum / count))));
  return shifts.map((shift, i) => shift + i * gap);
}

export class Chart {
  /**
   * @param {string} title @param {string} unit "" of what has none
   * @param {{wide?: boolean, height?: number, right?: number}} [shape] right: pixels for labels at the curves' ends
   */
  constructor(title, unit, { wide = false, height = HEIGHT, right = MARGIN.right } = {}) {
    this.title = title;
    this.unit = unit;
    this.height = height;
    this.margin = right;
    this.root = make("figure", wide ? "chart wide" : "chart");
    const caption = make("figcaption");
    this.value = make("output");
    caption.append(make("span", "", title), this.value);
    this.svg = svg("svg", { role: "img" });
    this.svg.style.setProperty("--height", `${height / 16}rem`); // as far as the style leaves it
    this.root.append(caption, this.svg);
    /** @type {(pixel: number) => number} */
    this.epochAt = () => 0;
    /** @type {(value: number) => number} the pixel at which it stands */
    this.heightOf = () => 0;
    this.right = 0; // the pixel at which the curves end
    /** @type {{label: string, top: number}[]} where the labels stand */
    this.places = [];
  }

  /**
   * @param {Curve[]} series later ones lie above those before
   * @param {number} first epoch shown @param {number} read epoch that is read
   * @param {{zero?: boolean, whole?: boolean}} [values] zero: the lowest is shown as 0; whole: they are whole numbers
   */
  draw(series, first, read, { zero = false, whole = false } = {}) {
    const height = this.svg.clientHeight / enlarged() || this.height;
    this.height = height;
    const width = Math.max(160, (this.svg.clientWidth || 320) / enlarged());
    const right = width - this.margin;
    const bottom = height - MARGIN.bottom;
    const shown = series.flatMap(({ epochs, values }) => values.filter((_, i) => epochs[i] >= first));
    let low = zero ? 0 : Math.min(...shown);
    let high = Math.max(...shown);
    if (high - low < 1e-6) {
      high += whole || zero ? 1 : 0.5;
      if (!zero) low -= 0.5;
    }
    const end = Math.max(first + 1, ...series.map(({ epochs }) => epochs[epochs.length - 1]));
    /** @param {number} epoch */
    const x = (epoch) => MARGIN.left + ((epoch - first) / (end - first)) * (right - MARGIN.left);
    /** @param {number} value */
    const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.top);
    /** @type {SVGElement[]} */
    const parts = [];
    const vertical = ticks(low, high, 4);
    const horizontal = ticks(first, end, Math.min(6, width / 70));
    for (const value of vertical.found) {
      if (whole && !Number.isInteger(value)) continue;
      parts.push(svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }));
      parts.push(
        svg("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, vertical.digits)),
      );
    }
    for (const epoch of horizontal.found) {
      if (!Number.isInteger(epoch)) continue;
      parts.push(svg("text", { x: x(epoch), y: height - 16, "text-anchor": "middle" }, String(epoch)));
    }
    parts.push(svg("text", { x: (MARGIN.left + right) / 2, y: height - 2, "text-anchor": "middle" }, "epoch"));
    const place = x(read);
    parts.push(svg("line", { class: "mark", x1: place, x2: place, y1: MARGIN.top, y2: bottom }));
    /** @type {Label[]} */
    const labelled = [];
    for (const { kind, epochs, values, label, colour = "" } of series) {
      const from = epochs.findIndex((epoch) => epoch >= first);
      if (from < 0) continue; // it has not come so far yet
      const points = values.slice(from).map((value, i) => `${x(epochs[from + i]).toFixed(1)},${y(value).toFixed(1)}`);
      const at = Math.max(from, upTo(epochs, read));
      const style = colour && `stroke: ${colour}`;
      parts.push(svg("polyline", { class: `curve ${kind}`, points: points.join(" "), style }));
      parts.push(
        svg("circle", {
          class: `point ${kind}`,
          cx: x(epochs[at]),
          cy: y(values[at]),
          r: 3,
          style: colour && `fill: ${colour}`,
        }),
      );
      if (label)
        labelled.push({ kind, label, colour, left: x(epochs[epochs.length - 1]), top: y(values[values.length - 1]) });
    }
    parts.push(...this.labels(labelled, right));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    this.epochAt = (pixel) => first + ((pixel - MARGIN.left) / (right - MARGIN.left)) * (end - first);
    this.heightOf = y;
    this.right = right;
  }

  /**
   * What stands at the ends of the curves, none on another; a line leads from a curve to a label that is not beside it.
   * @param {Label[]} labelled @param {number} right the pixel at which the curves end
   * @returns {SVGElement[]}
   */
  labels(labelled, right) {
    const sorted = labelled.toSorted((a, b) => a.top - b.top);
    const tops = apart(
      sorted.map(({ top }) => top),
      LABEL,
      MARGIN.top,
      this.height - MARGIN.bottom,
    );
    this.places = sorted.map(({ label }, i) => ({ label, top: tops[i] }));
    return sorted.flatMap(({ kind, label, colour, left, top }, i) => {
      const alone = left < right - 1; // a run that ended before the chart does has its label where it ended
      const from = alone ? left : right;
      const text = svg(
        "text",
        { class: `end ${kind}`, x: from + (alone ? 6 : 14), y: tops[i] + 4, style: colour && `fill: ${colour}` },
        label,
      );
      const line = {
        class: `lead ${kind}`,
        x1: from + 2,
        y1: top,
        x2: from + 12,
        y2: tops[i],
        style: colour && `stroke: ${colour}`,
      };
      return alone ? [text] : [svg("line", line), text];
    });
  }

  /** How many labels there is room for. */
  get room() {
    return Math.floor((this.height - MARGIN.top - MARGIN.bottom) / LABEL) + 1;
  }

  /** @param {string} text beside the title @param {string} long for who does not see the chart */
  say(text, long) {
    this.value.textContent = text;
    this.svg.setAttribute("aria-label", `${this.title}: ${long}`);
  }
}
