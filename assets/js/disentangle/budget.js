/** The KL as a budget over the epochs: what it is spent on, in three parts or by dimension, under the ceiling of what can be told. */

import { number } from "../engine/numbers.js";
import { svg, ticks } from "../shared/axes.js";
import { finder, make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { explain } from "../shared/terms.js";
import { isValue, reasonOf } from "./words.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { EpochFigures, Figures } from "../shared/meanings.js" */

const HIGH = 260;
const AREA_EDGE = { left: 40, right: 12, top: 14, bottom: 36 };
const PARTS = /** @type {const} */ ({
  mutual_information: ["part-1", "[mutual information](#index-code) of image and code"],
  total_correlation: ["part-2", "[total correlation](#total-correlation)"],
  dimension_wise_kl: ["part-3", "[dimension-wise KL](#dimension-wise-kl)"],
});
const NAMES = /** @type {(keyof typeof PARTS)[]} */ (Object.keys(PARTS));
const ALONE = 5; // pixels to either side of an epoch that has none beside it
const SHADES = 10; // of dimensions; further ones begin anew

/** @typedef {"parts"|"dimensions"} Spent */
/** @typedef {{kind: string, name: string, words: string, values: (number|null)[], error: number|null}} Layer values: nats, by epoch; words: marked */

/** @param {EpochFigures|undefined} record @param {string} name */
function figureOf(record, name) {
  const part = record?.decomposition;
  if (!part || reasonOf(part)) return null;
  const figure = /** @type {Record<string, import("../shared/meanings.js").Figure>} */ (part)[name];
  return isValue(figure) ? figure : null;
}

export class Budget {
  /**
   * @param {HTMLElement} root @param {LiveRun} run @param {Spent} spent
   * @param {{epoch: (epoch: number) => void, changed: () => void}} listener epoch: one was pressed
   */
  constructor(root, run, spent, listener) {
    this.run = run;
    this.root = root;
    this.spent = spent;
    const find = finder(root);
    this.svg = find(".areas", SVGSVGElement);
    this.list = find(".parts");
    this.note = find(".budget-note");
    /** @type {(pixel: number) => number} */
    this.epochAt = () => run.last;
    chooseRadio(root, "spent", spent);
    for (const radio of radiosOf(root, "spent")) {
      radio.onchange = () => {
        this.spent = radio.value === "dimensions" ? "dimensions" : "parts";
        listener.changed();
      };
    }
    this.svg.onclick = ({ clientX }) =>
      listener.epoch(this.epochAt((clientX - this.svg.getBoundingClientRect().left) / enlarged()));
  }

  /** @param {Figures|null} figures @param {number} epoch that is read @returns {Layer[]} from below */
  layers(figures, epoch) {
    const { run } = this;
    const at = run.epochs.indexOf(epoch);
    if (this.spent === "parts") {
      return NAMES.map((name) => {
        const [kind, words] = PARTS[name];
        const values = run.epochs.map((each) => figureOf(figures?.epochs[each], name)?.value ?? null);
        return { kind, name, words, values, error: figureOf(figures?.epochs[epoch], name)?.standard_error ?? null };
      });
    }
    const { order, passive } = run.about;
    const active = order.slice(0, order.length - passive);
    const layers = active.map((dimension, rank) => ({
      kind: `shade-${rank % SHADES}`,
      name: `z${dimension}`,
      words: run.meaning.called(epoch, dimension),
      values: /** @type {(number|null)[]} */ (run.epochs.map((each) => run.kl(each)[dimension])),
      error: null,
    }));
    if (passive === 0) return layers;
    const rest = order.slice(order.length - passive);
    /** @type {(number|null)[]} */
    const values = run.epochs.map((each) => rest.reduce((sum, dimension) => sum + run.kl(each)[dimension], 0));
    const words = `${passive} that carry nothing at epoch ${run.last}`;
    return at < 0 ? layers : [...layers, { kind: "shade-rest", name: "others", words, values, error: null }];
  }

  /** @param {Figures|null} figures @param {number} epoch that is read */
  show(figures, epoch) {
    const { run, root } = this;
    const layers = this.layers(figures, epoch);
    const known = layers[0]?.values.some((value) => value !== null) ?? false;
    const record = figures?.epochs[epoch];
    const reason = reasonOf(record?.decomposition);
    this.svg.toggleAttribute("hidden", !known);
    this.list.hidden = !known;
    if (!known) {
      this.note.textContent =
        reason || "The three parts of the KL were not measured of this run. By dimension it is known all the same.";
      return;
    }
    const parts = record?.decomposition;
    const ceiling = parts && "ceiling" in parts ? parts.ceiling : undefined;
    this.draw(layers, epoch, this.spent === "parts" ? ceiling : undefined);
    const at = run.epochs.indexOf(epoch);
    const items = layers.map(({ kind, words, values, error }) => {
      const item = make("li");
      const text = make("span");
      explain(text, words);
      const value = values[at];
      const said = value === null ? "–" : `${number(value)}${error ? ` ± ${number(error, 3)}` : ""} nats`;
      item.append(make("i", kind, "", { "aria-hidden": "true" }), text, make("b", "", said));
      return item;
    });
    this.list.replaceChildren(...items);
    const sum = layers.reduce((total, { values }) => total + (values[at] ?? 0), 0);
    const missing = layers[0].values[at] === null;
    const top =
      this.spent === "parts" && ceiling !== undefined
        ? ` Of N images no code can tell more than log N = ${number(ceiling)} nats, the dashed line: with the mutual information ` +
          "there, every image has a code of its own."
        : "";
    const images = record?.images ? `, over ${record.images.toLocaleString("en")} test images` : "";
    explain(
      this.note,
      missing
        ? `At epoch ${epoch} the three parts were not measured.${top}`
        : `At epoch ${epoch} all of it is ${number(sum)} [nats](#nats) an image${images}.${top} Press the chart to go to an epoch.`,
    );
    const listed = layers.map(
      ({ name, values }) => `${name.replaceAll("_", " ")} ${values[at] === null ? "not measured" : number(values[at])}`,
    );
    this.svg.setAttribute(
      "aria-label",
      `The KL over the epochs, stacked. At epoch ${epoch}: ${listed.join(", ")} nats.`,
    );
    root.classList.toggle("by-dimension", this.spent === "dimensions");
  }

  /** @param {Layer[]} layers @param {number} epoch @param {number} [ceiling] nats */
  draw(layers, epoch, ceiling) {
    const { run } = this;
    const { epochs } = run;
    const width = Math.max(260, (this.svg.clientWidth || 700) / enlarged());
    const right = width - AREA_EDGE.right;
    const bottom = HIGH - AREA_EDGE.bottom;
    const sums = epochs.map((_, at) => layers.reduce((sum, { values }) => sum + Math.max(0, values[at] ?? 0), 0));
    const high = 1.04 * Math.max(ceiling ?? 0, ...sums, 0.01);
    const step = epochs.length > 1 ? (right - AREA_EDGE.left) / (epochs.length - 1) : 0;
    /** @param {number} at */
    const x = (at) => (epochs.length > 1 ? AREA_EDGE.left + at * step : (AREA_EDGE.left + right) / 2);
    /** @param {number} value */
    const y = (value) => bottom - (value / high) * (bottom - AREA_EDGE.top);
    /** @type {SVGElement[]} */
    const parts = [];
    const { found, digits } = ticks(0, high, 4);
    for (const value of found) {
      parts.push(svg("line", { class: "grid", x1: AREA_EDGE.left, x2: right, y1: y(value), y2: y(value) }));
      parts.push(svg("text", { x: AREA_EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, digits)));
    }
    const base = epochs.map(() => 0);
    for (const { kind, values } of layers) {
      for (const [from, to] of runsOf(values)) {
        const places = Array.from({ length: to - from + 1 }, (_, i) => from + i);
        const corners = from === to ? [-ALONE, ALONE] : [0];
        const across = places.flatMap((at) => corners.map((by) => ({ at, left: x(at) + by })));
        const upper = across.map(({ at, left }) => [left, y(base[at] + Math.max(0, values[at] ?? 0))]);
        const lower = across.map(({ at, left }) => [left, y(base[at])]).reverse();
        const points = [...upper, ...lower].map((point) => point.map((pixel) => pixel.toFixed(1)).join(","));
        parts.push(svg("polygon", { class: kind, points: points.join(" ") }));
      }
      values.forEach((value, at) => {
        base[at] += Math.max(0, value ?? 0);
      });
    }
    if (ceiling !== undefined) {
      parts.push(svg("line", { class: "ceiling", x1: AREA_EDGE.left, x2: right, y1: y(ceiling), y2: y(ceiling) }));
      parts.push(svg("text", { class: "ceiling-name", x: AREA_EDGE.left + 6, y: y(ceiling) - 4 }, "log N"));
    }
    const place = x(epochs.indexOf(epoch));
    parts.push(svg("line", { class: "mark", x1: place, x2: place, y1: AREA_EDGE.top, y2: bottom }));
    const every = Math.max(1, Math.ceil((28 * epochs.length) / (right - AREA_EDGE.left)));
    epochs.forEach((each, at) => {
      if (at % every && at !== epochs.length - 1) return;
      if (at !== epochs.length - 1 && epochs.length - 1 - at < every) return;
      parts.push(svg("text", { x: x(at), y: HIGH - 20, "text-anchor": "middle" }, String(each)));
    });
    parts.push(svg("text", { x: (AREA_EDGE.left + right) / 2, y: HIGH - 4, "text-anchor": "middle" }, "epoch"));
    parts.push(svg("text", { x: 4, y: 10 }, "nats"));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HIGH}`);
    this.svg.replaceChildren(...parts);
    this.epochAt = (pixel) => {
      const at = step ? Math.round((pixel - AREA_EDGE.left) / step) : 0;
      return epochs[Math.min(epochs.length - 1, Math.max(0, at))];
    };
  }
}

/** @param {(number|null)[]} values @returns {[number, number][]} first and last place of each piece without a gap */
function runsOf(values) {
  /** @type {[number, number][]} */
  const pieces = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const last = pieces.at(-1);
    if (last && last[1] === at - 1) last[1] = at;
    else pieces.push([at, at]);
  });
  return pieces;
}
