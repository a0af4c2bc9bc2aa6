/** A chart of curves over the epochs, drawn as SVG: of one run or of two, or of a run's dimensions in the order of what they carry. */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";

const HEIGHT = 190;
const MARGIN = { left: 38, right: 26, top: 8, bottom: 32 };
const LABEL = 12; // pixels from one label to the next, of those at the curves' ends

const svg = (tag, attributes = {}, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
};

/** Round numbers that cover a range, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + 1e-9 * step; value += step) found.push(value);
  return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/**
 * Places as near to the wanted ones as they can be with a gap between them, within bounds: neighbours that are too near
 * move as one.
 * @param {number[]} wanted in ascending order
 */
function apart(wanted, gap, low, high) {
  const blocks = [];
  wanted.forEach((place, i) => {
    let block = { sum: place - i * gap, count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).count > block.sum / block.count) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, count: before.count + block.count };
    }
    blocks.push(block);
  });
  const most = Math.max(low, high - (wanted.length - 1) * gap);
  const shifts = blocks.flatMap(({ sum, count }) => Array(count).fill(Math.min(most, Math.max(low, sum / count))));
  return shifts.map((shift, i) => shift + i * gap);
}

/** Where in a run's epochs the last one up to an epoch stands. */
export const upTo = (epochs, epoch) =>
  Math.max(
    0,
    epochs.findLastIndex((each) => each <= epoch),
  );

export class Chart {
  /** @param {{wide?: boolean, height?: number, right?: number}} shape right: pixels for labels at the curves' ends */
  constructor(title, unit, { wide = false, height = HEIGHT, right = MARGIN.right } = {}) {
    Object.assign(this, { title, unit, height, margin: right });
    this.root = make("figure", wide ? "chart wide" : "chart");
    const caption = make("figcaption");
    this.value = make("output");
    caption.append(make("span", "", title), this.value);
    this.svg = svg("svg", { role: "img" });
    this.svg.style.height = `${height}px`;
    this.root.append(caption, this.svg);
  }

  /**
   * @param {{kind: string, epochs: number[], values: number[], label?: string, colour?: string}[]} series later ones lie
   *   above those before
   * @param {number} first epoch shown @param {number} read epoch that is read
   */
  draw(series, first, read, { zero = false, whole = false } = {}) {
    const { height } = this;
    const width = Math.max(160, this.svg.clientWidth || 320);
    const right = width - this.margin;
    const bottom = height - MARGIN.bottom;
    const shown = series.flatMap(({ epochs, values }) => values.filter((_, i) => epochs[i] >= first));
    let low = zero ? 0 : Math.min(...shown);
    let high = Math.max(...shown);
    if (high - low < 1e-6) {
      high += whole || zero ? 1 : 0.5;
      if (!zero) low -= 0.5;
    }
    const end = Math.max(first + 1, ...series.map(({ epochs }) => epochs.at(-1)));
    const x = (epoch) => MARGIN.left + ((epoch - first) / (end - first)) * (right - MARGIN.left);
    const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - MARGIN.top);
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
      if (label) labelled.push({ kind, label, colour, left: x(epochs.at(-1)), top: y(values.at(-1)) });
    }
    parts.push(...this.labels(labelled, right));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    this.epochAt = (pixel) => first + ((pixel - MARGIN.left) / (right - MARGIN.left)) * (end - first);
    this.heightOf = y;
    this.right = right;
  }

  /** What stands at the ends of the curves, none on another; a line leads from a curve to a label that is not beside it. */
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

  say(text, long) {
    this.value.textContent = text;
    this.svg.setAttribute("aria-label", `${this.title}: ${long}`);
  }
}
