/**
 * How a run was trained, or is being: its curves, read at an epoch that the person chooses, and its newest pictures.
 *
 * New epochs arrive as new data. What the person set, where the curves begin and where they are read, stays.
 */

import { component, make, number, save } from "./common.js";
import { explain } from "./terms.js";
import { csvRow } from "./csv.js";

const HEIGHT = 190;
const MARGIN = { left: 38, right: 26, top: 8, bottom: 32 };

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

/** One chart over the epochs. */
class Chart {
  constructor(title, unit, wide = false) {
    this.title = title;
    this.unit = unit;
    this.root = make("figure", wide ? "chart wide" : "chart");
    const caption = make("figcaption");
    this.value = make("output");
    caption.append(make("span", "", title), this.value);
    this.svg = svg("svg", { role: "img" });
    this.root.append(caption, this.svg);
  }

  /**
   * @param {number[]} epochs @param {{name: string, kind: string, values: number[], label?: string}[]} series
   * @param {number} from position of the first epoch shown @param {number} at position of the epoch read
   */
  draw(epochs, series, from, at, { zero = false, whole = false, last }) {
    const width = Math.max(160, this.svg.clientWidth || 320);
    const shown = series.flatMap(({ values }) => values.slice(from));
    let low = zero ? 0 : Math.min(...shown);
    let high = Math.max(...shown);
    if (high - low < 1e-6) {
      high += whole || zero ? 1 : 0.5;
      if (!zero) low -= 0.5;
    }
    const first = epochs[from];
    const end = Math.max(epochs.at(-1), first + 1, last);
    const x = (epoch) => MARGIN.left + ((epoch - first) / (end - first)) * (width - MARGIN.left - MARGIN.right);
    const y = (value) => HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const parts = [];
    const vertical = ticks(low, high, 4);
    const horizontal = ticks(first, end, Math.min(6, width / 70));
    const right = width - MARGIN.right;
    for (const value of vertical.found) {
      if (whole && !Number.isInteger(value)) continue;
      parts.push(svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }));
      parts.push(svg("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, vertical.digits)));
    }
    for (const epoch of horizontal.found) {
      if (!Number.isInteger(epoch)) continue;
      parts.push(svg("text", { x: x(epoch), y: HEIGHT - 16, "text-anchor": "middle" }, String(epoch)));
    }
    parts.push(svg("text", { x: (MARGIN.left + right) / 2, y: HEIGHT - 2, "text-anchor": "middle" }, "epoch"));
    if (at >= from) {
      const place = x(epochs[at]);
      parts.push(svg("line", { class: "mark", x1: place, x2: place, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
    }
    let labelled = Infinity;
    for (const { kind, values, label } of series) {
      const points = values.slice(from).map((value, i) => `${x(epochs[from + i]).toFixed(1)},${y(value).toFixed(1)}`);
      parts.push(svg("polyline", { class: `curve ${kind}`, points: points.join(" ") }));
      if (at >= from) parts.push(svg("circle", { class: `point ${kind}`, cx: x(epochs[at]), cy: y(values[at]), r: 3 }));
      // Series come from the largest down; a label that would cover the one above is left out.
      const height = y(values.at(-1));
      if (label && Math.abs(height - labelled) > 11) {
        parts.push(svg("text", { x: x(epochs.at(-1)) + 6, y: height + 4 }, label));
        labelled = height;
      }
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.svg.replaceChildren(...parts);
    this.scale = (place) => first + ((place - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (end - first);
  }

  say(text, long) {
    this.value.textContent = text;
    this.svg.setAttribute("aria-label", `${this.title}: ${long}`);
  }
}

class Training {
  constructor(root) {
    this.root = root;
    this.charts = {
      reconstruction: new Chart("Reconstruction", "nats an image"),
      kl: new Chart("KL", "nats an image"),
      loss: new Chart("Loss", "nats an image"),
      dimensions: new Chart("KL of each dimension", "nats", true),
      active: new Chart("Active units", ""),
    };
    const find = (selector) => root.querySelector(selector);
    find(".charts").replaceChildren(...Object.values(this.charts).map((chart) => chart.root));
    this.reading = find(".reading");
    this.start = find(".start");
    this.reading.oninput = () => this.draw((this.at = this.position(this.reading)));
    this.start.oninput = () => this.draw((this.from = this.position(this.start)));
    for (const chart of Object.values(this.charts)) {
      chart.svg.onpointermove = (event) => {
        const epoch = Math.round(chart.scale(event.clientX - chart.svg.getBoundingClientRect().left));
        const position = Math.min(this.last, Math.max(this.shownFrom(), epoch - this.data.epochs[0]));
        if (position === this.readAt()) return;
        this.at = position === this.last ? null : position;
        this.draw();
      };
    }
    find(".csv").onclick = () => save(`${this.data.name}-curves.csv`, [this.csv()], "text/csv");
    find(".png").onclick = () => this.savePng();
    new ResizeObserver(() => this.data && this.draw()).observe(find(".charts"));
  }

  get last() {
    return this.data.epochs.length - 1;
  }

  /** The end of a slider means "the newest", which moves on. */
  position(input) {
    return input === this.reading && Number(input.value) === this.last ? null : Number(input.value);
  }

  readAt() {
    return Math.min(this.at ?? this.last, this.last);
  }

  /** Before any training the reconstruction is so far off that it would flatten all that follows. */
  shownFrom() {
    return Math.min(this.from ?? (this.last > 2 ? 1 : 0), Math.max(0, this.last - 1));
  }

  receive(data) {
    if (this.data?.name !== data.name) this.at = this.from = null;
    this.data = data;
    this.draw();
    this.showPictures();
    this.root.removeAttribute("aria-busy");
  }

  draw() {
    const { data, charts } = this;
    const { epochs, curves } = data;
    const from = this.shownFrom();
    const at = this.readAt();
    for (const [input, value, most] of [
      [this.reading, at, this.last],
      [this.start, from, Math.max(1, this.last - 1)],
    ]) {
      input.max = most;
      input.value = value;
      input.setAttribute("aria-valuetext", `epoch ${epochs[value]}`);
    }
    this.root.querySelector(".at").textContent = epochs[at];
    this.root.querySelector(".from").textContent = epochs[from];
    const options = { last: this.last < 1 ? 1 : 0 };
    for (const name of ["reconstruction", "kl", "loss"]) {
      const series = ["train", "test"].map((kind) => ({ name: kind, kind, values: curves[name][kind] }));
      charts[name].draw(epochs, series, from, at, options);
      const [train, test] = ["train", "test"].map((kind) => number(curves[name][kind][at], 2));
      charts[name].say(
        `test ${test} · train ${train}`,
        `${test} nats an image on the test set and ${train} in training, at epoch ${epochs[at]}; ` +
          `${number(curves[name].test[0], 2)} on the test set at epoch ${epochs[0]}.`,
      );
    }
    const newest = data.dimensions.map((values) => values.at(-1));
    const order = newest.map((_, j) => j).sort((a, b) => newest[b] - newest[a]);
    const series = order.map((j) => {
      const passive = newest[j] < data.passive_below;
      return { kind: passive ? "passive" : "active", values: data.dimensions[j], label: passive ? "" : `z${j}` };
    });
    charts.dimensions.draw(epochs, series, from, at, { ...options, zero: true });
    const now = order.toSorted((a, b) => data.dimensions[b][at] - data.dimensions[a][at]);
    const values = (count) => now.slice(0, count).map((j) => `z${j} ${number(data.dimensions[j][at], 2)}`);
    charts.dimensions.say(`${values(3).join(" · ")} nats`, `${values(now.length).join(", ")} nats, at epoch ${epochs[at]}.`);
    charts.active.draw(epochs, [{ kind: "active", values: data.active }], from, at, { ...options, zero: true, whole: true });
    const active = `${data.active[at]} of ${data.dimensions.length}`;
    charts.active.say(active, `${active} latent dimensions at epoch ${epochs[at]}.`);
    const [test, train] = data.images;
    explain(
      this.root.querySelector(".legend"),
      `[Nats](#nats) an image. Solid: [test set](#test-set), ${test} images, after the epoch. Dashed: ${train} training ` +
        `images, as a mean over the epoch. Grey in “KL of each dimension”: below ${data.passive_below} nats. ` +
        "[Loss](#loss): what training lowers.",
    );
  }

  showPictures() {
    const { pictures, problem } = this.data;
    const find = (selector) => this.root.querySelector(selector);
    find(".pictures").style.visibility = pictures ? "" : "hidden";
    find(".problem").hidden = !problem;
    find(".problem").textContent = problem ?? "";
    if (!pictures) return;
    const show = (name, caption, said, alt) => {
      const image = find(`.${name}`);
      const source = `data:image/png;base64,${pictures[name]}`;
      if (image.src !== source) image.src = source;
      image.alt = alt;
      explain(find(said), caption);
    };
    const labels = pictures.labels.join(", ");
    show(
      "reconstructions",
      `Test images, and below them their reconstructions at epoch ${pictures.epoch}`,
      ".said",
      `Eight test images (${labels}) above the images that the network makes of their codes' means at epoch ${pictures.epoch}.`,
    );
    show(
      "samples",
      `Decoded noise: the same 16 codes from [N(0, I)](#normal) at epoch ${pictures.epoch}`,
      ".said-samples",
      `Sixteen images decoded from random codes, which stay the same over the epochs, at epoch ${pictures.epoch}.`,
    );
  }

  csv() {
    const { epochs, curves, dimensions, active } = this.data;
    const columns = ["test", "train"].flatMap((split) =>
      ["loss", "reconstruction", "kl"].map((name) => [`${split}_${name}_nats`, curves[name][split]]),
    );
    columns.unshift(["epoch", epochs]);
    columns.push(["active_units", active], ...dimensions.map((values, j) => [`test_kl_z${j}_nats`, values]));
    const rows = epochs.map((_, i) => columns.map(([, values]) => values[i]));
    return [columns.map(([name]) => name), ...rows].map(csvRow).join("");
  }

  /** All charts on one sheet, in the colours of the theme. */
  async savePng() {
    const scale = 2;
    const frame = this.root.querySelector(".charts").getBoundingClientRect();
    const sheet = make("canvas");
    sheet.width = frame.width * scale;
    sheet.height = frame.height * scale;
    const context = sheet.getContext("2d");
    context.scale(scale, scale);
    const style = getComputedStyle(this.root);
    context.fillStyle = style.getPropertyValue("--st-background-color") || "#fff";
    context.fillRect(0, 0, frame.width, frame.height);
    for (const chart of Object.values(this.charts)) {
      const box = chart.svg.getBoundingClientRect();
      const title = chart.root.getBoundingClientRect();
      context.fillStyle = style.color;
      context.font = `600 14px ${style.fontFamily}`;
      const unit = chart.unit ? `, ${chart.unit}` : "";
      context.fillText(`${chart.title}${unit}`, title.left - frame.left, title.top - frame.top + 15);
      const copy = chart.svg.cloneNode(true);
      const from = chart.svg.querySelectorAll("*");
      copy.querySelectorAll("*").forEach((element, i) => {
        const computed = getComputedStyle(from[i]);
        for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family"]) {
          element.style.setProperty(name, computed.getPropertyValue(name));
        }
      });
      copy.setAttribute("width", box.width * scale);
      copy.setAttribute("height", box.height * scale);
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
      await image.decode();
      context.drawImage(image, box.left - frame.left, box.top - frame.top, box.width, box.height);
    }
    sheet.toBlob((blob) => save(`${this.data.name}-curves.png`, [blob], "image/png"), "image/png");
  }
}

export default component(".training", Training);
