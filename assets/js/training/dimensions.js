/** The KL of every dimension over the epochs: the order is what they carry at the last epoch, and any can be singled out. */

import { number } from "../engine/numbers.js";
import { enlarged } from "../shared/enlarged.js";
import { Chart } from "./chart.js";
import { upTo } from "./curves.js";

/** @import { RunCurves } from "./curves.js" */

// From the one that carries most to the one that carries least, each readable as text on its ground.
const RANKS = {
  light: ["#3b0f70", "#8c2981", "#bd3a5c", "#a85a00"],
  dark: ["#fbe45b", "#f9a35c", "#f0839b", "#a994ff"],
};
const TALL = 300;
const LABELS = 104; // pixels right of the curves
const NEAR = 24; // pixels from a curve within which a pointer means it

export class Dimensions {
  /** @param {() => void} changed it must be drawn anew */
  constructor(changed) {
    this.changed = changed;
    this.chart = new Chart("KL of each dimension", "nats", { wide: true, height: TALL, right: LABELS });
    /** @type {number|null} the dimension that is singled out */
    this.picked = null;
    /** @type {RunCurves|null} */
    this.data = null;
    this.read = 0; // the position in its epochs that is read
    /** @type {number[]} its dimensions, those that carry most at the last epoch first */
    this.order = [];
    const { svg } = this.chart;
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("pointermove", (event) => this.point(event));
    svg.onpointerleave = () => this.pick(null);
    svg.onblur = () => this.pick(null);
    svg.onkeydown = (event) => this.press(event);
  }

  /** Single one dimension out, or none by null. @param {number|null} dimension */
  pick(dimension) {
    if (dimension === this.picked) return;
    this.picked = dimension;
    if (this.data) this.changed();
  }

  /** The dimension whose label or curve is nearest to the pointer. @param {PointerEvent} event */
  point({ clientX, clientY }) {
    const { chart, data, order } = this;
    if (!data) return;
    const { left, top } = chart.svg.getBoundingClientRect();
    const [across, height] = [clientX - left, clientY - top].map((pixels) => pixels / enlarged());
    const at = upTo(data.epochs, Math.round(chart.epochAt(across)));
    const labelled = new Map(chart.places.map(({ label, top: place }) => [label, place]));
    /** @param {number} dimension */
    const far = (dimension) => {
      const place =
        across > chart.right ? labelled.get(`z${dimension}`) : chart.heightOf(data.dimensions[dimension][at]);
      return Math.abs((place ?? Infinity) - height);
    };
    const nearest = order.reduce((best, dimension) => (far(dimension) < far(best) ? dimension : best));
    this.pick(far(nearest) <= NEAR ? nearest : null);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (event.key === "Escape") this.pick(null);
    if (!step) return;
    event.preventDefault();
    const place = this.picked === null ? -1 : this.order.indexOf(this.picked);
    this.pick(this.order[Math.min(this.order.length - 1, Math.max(0, place + step))]);
  }

  /** @param {RunCurves} data @param {number} first epoch shown @param {number} epoch that is read */
  draw(data, first, epoch) {
    const { chart } = this;
    const { dimensions, epochs } = data;
    const newest = dimensions.map((values) => values[values.length - 1]);
    this.data = data;
    this.read = upTo(epochs, epoch);
    this.order = [...newest.keys()].sort((a, b) => newest[b] - newest[a]);
    if (this.picked !== null && this.picked >= dimensions.length) this.picked = null;
    const active = this.order.filter((dimension) => newest[dimension] >= data.passive_below);
    const passive = this.order.length - active.length;
    const room = chart.room - (passive ? 1 : 0);
    const named = active.length > room ? room - 1 : active.length;
    const colours = rankColours(active.length, isDark(chart.root));
    /** @param {number} dimension @param {string} kind */
    const kindOf = (dimension, kind) =>
      `${kind} ${this.picked === null ? "" : this.picked === dimension ? "picked" : "other"}`;
    const series = this.order.map((dimension, rank) => {
      let label = rank < named ? `z${dimension}` : "";
      if (rank === named && rank < active.length) label = `and ${active.length - named} more`;
      if (rank === active.length) label = `${passive} carry nothing`;
      const kind = kindOf(dimension, rank < active.length ? "ranked" : "passive");
      return { kind, epochs, values: dimensions[dimension], label, colour: colours[rank] ?? "" };
    });
    chart.draw(series.reverse(), first, epochs[this.read], { zero: true });
    this.say(data, epochs[this.read], passive);
  }

  /** @param {RunCurves} data @param {number} epoch that is read @param {number} passive how many carry nothing */
  say(data, epoch, passive) {
    const { chart, read, order, picked } = this;
    /** @param {number} dimension */
    const value = (dimension) => number(data.dimensions[dimension][read], 2);
    const now = order.toSorted((a, b) => data.dimensions[b][read] - data.dimensions[a][read]);
    const listed = now.map((dimension) => `z${dimension} ${value(dimension)}`);
    const one =
      picked === null
        ? ""
        : `z${picked}: ${number(data.dimensions[picked][read], 3)} nats, rank ${now.indexOf(picked) + 1} of ${now.length}`;
    const nothing = passive ? ` ${passive} carry nothing at the last epoch, below ${data.passive_below} nats.` : "";
    chart.say(
      one || `${listed.slice(0, 3).join(" · ")} nats`,
      `${listed.join(", ")} nats, at epoch ${epoch}.${nothing} Arrow keys single one out.`,
    );
  }
}

/** @param {Element} element */
function isDark(element) {
  const text = getComputedStyle(element).color.match(/[\d.]+/g) ?? [];
  const [red, green, blue] = text.map(Number);
  return 0.3 * red + 0.6 * green + 0.1 * blue > 128;
}

/** @param {number} count @param {boolean} dark @returns {string[]} as many colours, evenly from the first of the stops to the last */
function rankColours(count, dark) {
  const stops = RANKS[dark ? "dark" : "light"].map((colour) =>
    [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)),
  );
  return Array.from({ length: count }, (_, rank) => {
    const place = (rank / Math.max(1, count - 1)) * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(place));
    const mixed = stops[stop].map((from, channel) =>
      Math.round(from + (stops[stop + 1][channel] - from) * (place - stop)),
    );
    return `rgb(${mixed.join(", ")})`;
  });
}
