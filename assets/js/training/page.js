/**
 * How a run was trained, or is being: its curves, read at an epoch that the person chooses, and its newest pictures.
 *
 * New epochs arrive as new data. What the person set, where the curves begin and where they are read, stays.
 */

import { csvRow } from "../engine/csv.js";
import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";
import { save } from "../shared/files.js";
import { component } from "../shared/mounting.js";
import { explain } from "../shared/terms.js";
import { Chart, upTo } from "./chart.js";
import { Dimensions } from "./dimensions.js";

const MEASURES = ["reconstruction", "kl", "loss"];
const ORDINALS = ["first", "second"];

class Training {
  constructor(root) {
    this.root = root;
    this.dimensions = new Dimensions(() => this.draw());
    this.charts = {
      reconstruction: new Chart("Reconstruction", "nats an image"),
      kl: new Chart("KL", "nats an image"),
      loss: new Chart("Loss", "nats an image"),
      dimensions: this.dimensions.chart,
      active: new Chart("Active units", "", { height: this.dimensions.chart.height }),
    };
    const find = (selector) => root.querySelector(selector);
    find(".charts").replaceChildren(...Object.values(this.charts).map((chart) => chart.root));
    this.reading = find(".reading");
    this.start = find(".start");
    this.reading.oninput = () => this.read(Number(this.reading.value));
    this.start.oninput = () => {
      this.from = Number(this.start.value);
      this.draw();
    };
    for (const chart of Object.values(this.charts)) {
      chart.svg.addEventListener("pointermove", (event) => {
        const epoch = Math.round(chart.epochAt(event.clientX - chart.svg.getBoundingClientRect().left));
        const position = Math.min(this.last, Math.max(this.shownFrom(), upTo(this.epochs, epoch)));
        if (position !== this.readAt()) this.read(position);
      });
    }
    find(".csv").onclick = () => save(`${this.data.name}-curves.csv`, [this.csv()], "text/csv");
    find(".png").onclick = () => this.savePng();
    new ResizeObserver(() => this.data && root.isConnected && this.draw()).observe(find(".charts"));
  }

  /** @returns {number} the last position in the epochs of all runs that are shown */
  get last() {
    return this.epochs.length - 1;
  }

  /** Where in them the newest epoch of the run that is looked at stands. */
  get newest() {
    return this.epochs.indexOf(this.data.epochs.at(-1));
  }

  /** Read at a position in the epochs. The newest of the run means "the newest", which moves on. */
  read(position) {
    this.at = position === this.newest ? null : position;
    this.draw();
  }

  readAt() {
    return Math.min(this.at ?? this.newest, this.last);
  }

  /** Before any training the reconstruction is so far off that it would flatten all that follows. */
  shownFrom() {
    return Math.min(this.from ?? (this.last > 2 ? 1 : 0), Math.max(0, this.last - 1));
  }

  receive(data) {
    if (this.data?.name !== data.name) {
      this.at = this.from = null;
      this.dimensions.pick(null);
    }
    this.data = data;
    this.runs = data.other ? [data, data.other] : [data];
    this.epochs = [...new Set(this.runs.flatMap(({ epochs }) => epochs))].sort((a, b) => a - b);
    this.draw();
    this.showRuns();
    this.showPictures();
    this.root.removeAttribute("aria-busy");
  }

  draw() {
    const { data, charts, runs, epochs } = this;
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
    const [first, read] = [epochs[from], epochs[at]];
    const curve = (which, split, values) => ({
      kind: `${split} ${ORDINALS[which]}`,
      epochs: runs[which].epochs,
      values,
      label: split === "test" && runs.length > 1 ? String(which + 1) : "",
    });
    for (const name of MEASURES) {
      const series = ["train", "test"].flatMap((split) =>
        runs.map(({ curves }, which) => curve(which, split, curves[name][split])).reverse(),
      );
      charts[name].draw(series, first, read);
      this.sayMeasure(name, read);
    }
    this.dimensions.draw(data, first, read);
    const series = runs.map(({ active }, which) => curve(which, "test", active)).reverse();
    charts.active.draw(series, first, read, { zero: true, whole: true });
    const found = runs.map((run) => this.valueAt(run, run.active, read));
    const of = runs.map(({ dimensions }) => dimensions.length);
    charts.active.say(
      runs.length > 1
        ? found.map(({ value, after }, which) => `${which + 1}: ${value} of ${of[which]}${after}`).join(" · ")
        : `${found[0].value} of ${of[0]}`,
      `${found.map(({ value, epoch }, which) => `${this.whose(which)}${value} of ${of[which]} latent dimensions at epoch ${epoch}`).join("; ")}.`,
    );
    this.showLegend();
  }

  /** A run's value at an epoch, or at its last where it has not come so far; and how that is said. */
  valueAt({ epochs }, values, read) {
    const place = upTo(epochs, read);
    return { value: values[place], epoch: epochs[place], after: epochs[place] === read ? "" : ` at ${epochs[place]}` };
  }

  /** Whose a figure is, where two runs are shown. */
  whose(which) {
    return this.runs.length > 1 ? `${this.runs[which].name}: ` : "";
  }

  sayMeasure(name, read) {
    const { runs, charts } = this;
    const found = runs.map((run) => ["test", "train"].map((split) => this.valueAt(run, run.curves[name][split], read)));
    const short = ([test, train], which) =>
      runs.length > 1
        ? `${which + 1}: ${number(test.value)}${test.after}`
        : `test ${number(test.value)} · train ${number(train.value)}`;
    const long = ([test, train], which) =>
      `${this.whose(which)}${number(test.value)} nats an image on the test set and ${number(train.value)} in training, at epoch ` +
      `${test.epoch}; ${number(runs[which].curves[name].test[0])} on the test set at epoch ${runs[which].epochs[0]}`;
    charts[name].say(found.map(short).join(" · "), `${found.map(long).join(". ")}.`);
  }

  showLegend() {
    const { data, runs } = this;
    const [test, train] = data.images;
    const two = runs.length > 1;
    const loss =
      two && data.weight !== data.other.weight
        ? ": with another weight of the KL, another sum, which says nothing of which run is better"
        : "";
    const notes = two && data.other.note ? ` ${data.other.note}` : "";
    explain(
      this.root.querySelector(".legend"),
      `[Nats](#nats) an image. Solid: [test set](#test-set), ${test} images, after the epoch. Dashed: ${train} training ` +
        `images, as a mean over the epoch. [Loss](#loss): what training lowers${loss}.${notes} “KL of each dimension”` +
        `${two ? ` is that of ${data.name}` : ""}: coloured by rank at the last epoch; what carries nothing, below ` +
        `${data.passive_below} nats, is grey.`,
    );
  }

  /** Which curves are whose. */
  showRuns() {
    const list = this.root.querySelector(".runs");
    list.hidden = this.runs.length < 2;
    if (list.hidden) return;
    const items = this.runs.map(({ name, weight, epochs }, which) => {
      const item = make("li", ORDINALS[which]);
      item.append(make("b", "", String(which + 1)), ` ${name}, ${weight}, epoch ${epochs.at(-1)}`);
      return item;
    });
    list.replaceChildren(...items);
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
    const [most] = this.runs.map(({ dimensions }) => dimensions.length).sort((a, b) => b - a);
    const splits = ["test", "train"].flatMap((split) => ["loss", "reconstruction", "kl"].map((name) => [split, name]));
    const head = ["epoch", ...splits.map(([split, name]) => `${split}_${name}_nats`), "active_units"];
    for (let dimension = 0; dimension < most; dimension++) head.push(`test_kl_z${dimension}_nats`);
    const rows = this.runs.flatMap(({ name: run, weight, epochs, curves, active, dimensions }) =>
      epochs.map((epoch, i) => {
        const kl = Array.from({ length: most }, (_, dimension) => dimensions[dimension]?.[i] ?? null);
        return [run, weight, epoch, ...splits.map(([split, name]) => curves[name][split][i]), active[i], ...kl];
      }),
    );
    return [["run", "weight", ...head], ...rows].map(csvRow).join("");
  }

  /** All charts on one sheet, in the colours of the theme. */
  async savePng() {
    const scale = 2;
    const charts = this.root.querySelector(".charts").getBoundingClientRect();
    const style = getComputedStyle(this.root);
    const line = 24; // a line above them for each run
    const edge = 16;
    const frame = {
      left: charts.left - edge,
      top: charts.top - edge - this.runs.length * line,
      width: charts.width + 2 * edge,
      height: charts.height + 2 * edge + this.runs.length * line,
    };
    const sheet = make("canvas");
    sheet.width = frame.width * scale;
    sheet.height = frame.height * scale;
    const context = sheet.getContext("2d");
    context.scale(scale, scale);
    context.fillStyle = style.getPropertyValue("--st-background-color") || "#fff";
    context.fillRect(0, 0, frame.width, frame.height);
    context.font = `600 14px ${style.fontFamily}`;
    this.runs.forEach(({ name, weight, epochs }, which) => {
      const number = this.runs.length > 1 ? `${which + 1}  ` : "";
      context.fillStyle = this.runs.length > 1 ? style.getPropertyValue(`--${ORDINALS[which]}`) : style.color;
      context.fillText(
        `${number}${name}, ${weight}, epoch ${epochs.at(-1)}`,
        edge,
        edge + line * which + 15,
        charts.width,
      );
    });
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
        for (const name of [
          "fill",
          "stroke",
          "stroke-width",
          "stroke-dasharray",
          "opacity",
          "font-size",
          "font-family",
        ]) {
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
