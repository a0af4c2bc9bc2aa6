/** The KL of every dimension over the epochs: the order is what they carry at the last epoch, and any can be singled out. */

import { number } from "../engine/numbers.js";
import { Chart, upTo } from "./chart.js";

// From the one that carries most to the one that carries least, each readable as text on its ground.
const RANKS = {
  light: ["#3b0f70", "#8c2981", "#bd3a5c", "#a85a00"],
  dark: ["#fbe45b", "#f9a35c", "#f0839b", "#a994ff"],
};
const TALL = 300;
const LABELS = 104; // pixels right of the curves
const NEAR = 24; // pixels from a curve within which a pointer means it

export class Dimensions {
  /** @param {function()} changed it must be drawn anew */
  constructor(changed) {
    this.changed = changed;
    this.chart = new Chart("KL of each dimension", "nats", { wide: true, height: TALL, right: LABELS });
    this.picked = null;
    const { svg } = this.chart;
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("pointermove", (event) => this.point(event));
    svg.onpointerleave = svg.onblur = () => this.pick(null);
    svg.onkeydown = (event) => this.press(event);
  }

  /** Single one dimension out, or none by null. */
  pick(dimension) {
    if (dimension === this.picked) return;
    this.picked = dimension;
    if (this.data) this.changed();
  }

  /** The dimension whose label or curve is nearest to the pointer. */
  point({ clientX, clientY }) {
    const { chart, data, order } = this;
    const { left, top } = chart.svg.getBoundingClientRect();
    const height = clientY - top;
    const at = upTo(data.epochs, Math.round(chart.epochAt(clientX - left)));
    const labelled = new Map(chart.places.map(({ label, top: place }) => [label, place]));
    const far = (dimension) => {
      const place =
        clientX - left > chart.right ? labelled.get(`z${dimension}`) : chart.heightOf(data.dimensions[dimension][at]);
      return Math.abs((place ?? Infinity) - height);
    };
    const nearest = order.reduce((best, dimension) => (far(dimension) < far(best) ? dimension : best));
    this.pick(far(nearest) <= NEAR ? nearest : null);
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.pick(null);
    if (!step) return;
    event.preventDefault();
    const place = this.picked === null ? -1 : this.order.indexOf(this.picked);
    this.pick(this.order[Math.min(this.order.length - 1, Math.max(0, place + step))]);
  }

  /** @param {object} data of the run @param {number} first epoch shown @param {number} epoch that is read */
  draw(data, first, epoch) {
    const { chart } = this;
    const { dimensions, epochs } = data;
    const newest = dimensions.map((values) => values.at(-1));
    this.data = data;
    this.read = upTo(epochs, epoch);
    this.order = [...newest.keys()].sort((a, b) => newest[b] - newest[a]);
    if (this.picked >= dimensions.length) this.picked = null;
    const active = this.order.filter((dimension) => newest[dimension] >= data.passive_below);
    const passive = this.order.length - active.length;
    const room = chart.room - (passive ? 1 : 0);
    const named = active.length > room ? room - 1 : active.length;
    const colours = rankColours(active.length, isDark(chart.root));
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
    this.say(epochs[this.read], passive);
  }

  say(epoch, passive) {
    const { chart, data, read, order, picked } = this;
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

function isDark(element) {
  const [red, green, blue] = getComputedStyle(element)
    .color.match(/[\d.]+/g)
    .map(Number); // of the text
  return 0.3 * red + 0.6 * green + 0.1 * blue > 128;
}

/** @returns {string[]} as many colours, evenly from the first of the stops to the last */
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
