/**
 * How a run was trained, or is being: its curves, read at an epoch that the person chooses, and its newest pictures.
 *
 * New epochs arrive as new data. What the person set, where the curves begin and where they are read, stays.
 */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { save } from "../shared/files.js";
import { component } from "../shared/mounting.js";
import { explain } from "../shared/terms.js";
import { Chart } from "./chart.js";
import { curvesCsv, upTo, valueAt } from "./curves.js";
import { Dimensions } from "./dimensions.js";
import { showPictures } from "./pictures.js";
import { saveCharts } from "./save.js";

/** @import { Curve } from "./chart.js" */
/** @import { CurveName, Reading, RunCurves, Split } from "./curves.js" */
/** @import { TrainingPictures } from "./pictures.js" */

/**
 * @typedef {object} Compared
 * @property {RunCurves & {note: string}} [other] a run to compare with; note: why the two cannot be, "" where they can
 * @property {TrainingPictures} [pictures]
 * @property {string} [problem] why there are no pictures, in a sentence
 * @typedef {RunCurves & Compared} TrainingData
 */

/** @type {CurveName[]} */
const MEASURES = ["reconstruction", "kl", "loss"];
/** @type {Split[]} */
const DASHED_FIRST = ["train", "test"];
const ORDINALS = ["first", "second"]; // and the CSS variables of the runs' colours

class Training {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    /** @type {TrainingData|null} */
    this.data = null;
    /** @type {RunCurves[]} that run, and the one beside it */
    this.runs = [];
    /** @type {number[]} of all of them */
    this.epochs = [];
    /** @type {number|null} the position in them that is read, null for the newest */
    this.at = null;
    /** @type {number|null} the position from which they are shown, null until it is chosen */
    this.from = null;
    this.dimensions = new Dimensions(() => this.draw());
    this.charts = {
      reconstruction: new Chart("Reconstruction", "nats an image"),
      kl: new Chart("KL", "nats an image"),
      loss: new Chart("Loss", "nats an image"),
      dimensions: this.dimensions.chart,
      active: new Chart("Active units", "", { height: this.dimensions.chart.height }),
    };
    const { find } = this;
    find(".charts").replaceChildren(...Object.values(this.charts).map((chart) => chart.root));
    this.reading = find(".reading", HTMLInputElement);
    this.start = find(".start", HTMLInputElement);
    this.reading.oninput = () => this.read(Number(this.reading.value));
    this.start.oninput = () => {
      this.from = Number(this.start.value);
      this.draw();
    };
    for (const chart of Object.values(this.charts)) {
      chart.svg.addEventListener("pointermove", (event) => {
        const epoch = Math.round(chart.epochAt((event.clientX - chart.svg.getBoundingClientRect().left) / enlarged()));
        const position = Math.min(this.last, Math.max(this.shownFrom(), upTo(this.epochs, epoch)));
        if (position !== this.readAt()) this.read(position);
      });
    }
    find(".csv").onclick = () => save(`${this.runs[0].name}-curves.csv`, [curvesCsv(this.runs)], "text/csv");
    find(".png").onclick = () => this.savePng();
    new ResizeObserver(() => root.isConnected && this.draw()).observe(find(".charts"));
  }

  /** @returns {number} the last position in the epochs of all runs that are shown */
  get last() {
    return this.epochs.length - 1;
  }

  /** Where in them the newest epoch of the run that is looked at stands. */
  get newest() {
    const { epochs } = this.runs[0];
    return this.epochs.indexOf(epochs[epochs.length - 1]);
  }

  /** Read at a position in the epochs. The newest of the run means "the newest", which moves on. @param {number} position */
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

  /** @param {TrainingData} data */
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
    showPictures(this.root, data.pictures, data.problem);
    this.root.removeAttribute("aria-busy");
  }

  draw() {
    const { data, charts, runs, epochs, find } = this;
    if (!data) return;
    const from = this.shownFrom();
    const at = this.readAt();
    for (const { input, value, most } of [
      { input: this.reading, value: at, most: this.last },
      { input: this.start, value: from, most: Math.max(1, this.last - 1) },
    ]) {
      input.max = String(most);
      input.value = String(value);
      input.setAttribute("aria-valuetext", `epoch ${epochs[value]}`);
    }
    find(".at").textContent = String(epochs[at]);
    find(".from").textContent = String(epochs[from]);
    const [first, read] = [epochs[from], epochs[at]];
    /** @param {number} which run @param {Split} split @param {number[]} values @returns {Curve} */
    const curve = (which, split, values) => ({
      kind: `${split} ${ORDINALS[which]}`,
      epochs: runs[which].epochs,
      values,
      label: split === "test" && runs.length > 1 ? String(which + 1) : "",
    });
    for (const name of MEASURES) {
      const series = DASHED_FIRST.flatMap((split) =>
        runs.map(({ curves }, which) => curve(which, split, curves[name][split])).reverse(),
      );
      charts[name].draw(series, first, read);
      this.sayMeasure(name, read);
    }
    this.dimensions.draw(data, first, read);
    const series = runs.map(({ active }, which) => curve(which, "test", active)).reverse();
    charts.active.draw(series, first, read, { zero: true, whole: true });
    const found = runs.map((run) => valueAt(run, run.active, read));
    const of = runs.map(({ dimensions }) => dimensions.length);
    charts.active.say(
      runs.length > 1
        ? found.map(({ value, after }, which) => `${which + 1}: ${value} of ${of[which]}${after}`).join(" · ")
        : `${found[0].value} of ${of[0]}`,
      `${found.map(({ value, epoch }, which) => `${this.whose(which)}${value} of ${of[which]} latent dimensions at epoch ${epoch}`).join("; ")}.`,
    );
    this.showLegend(data);
  }

  /** Whose a figure is, where two runs are shown. @param {number} which */
  whose(which) {
    return this.runs.length > 1 ? `${this.runs[which].name}: ` : "";
  }

  /** @param {CurveName} name @param {number} read */
  sayMeasure(name, read) {
    const { runs, charts } = this;
    const found = runs.map((run) => ({
      test: valueAt(run, run.curves[name].test, read),
      train: valueAt(run, run.curves[name].train, read),
    }));
    /** @param {Record<Split, Reading>} at @param {number} which */
    const short = ({ test, train }, which) =>
      runs.length > 1
        ? `${which + 1}: ${number(test.value)}${test.after}`
        : `test ${number(test.value)} · train ${number(train.value)}`;
    /** @param {Record<Split, Reading>} at @param {number} which */
    const long = ({ test, train }, which) =>
      `${this.whose(which)}${number(test.value)} nats an image on the test set and ${number(train.value)} in training, at epoch ` +
      `${test.epoch}; ${number(runs[which].curves[name].test[0])} on the test set at epoch ${runs[which].epochs[0]}`;
    charts[name].say(found.map(short).join(" · "), `${found.map(long).join(". ")}.`);
  }

  /** @param {TrainingData} data */
  showLegend({ images: [test, train], name, weight, passive_below: passiveBelow, other }) {
    const loss =
      other && weight !== other.weight
        ? ": with another weight of the KL, another sum, which says nothing of which run is better"
        : "";
    const notes = other?.note ? ` ${other.note}` : "";
    explain(
      this.find(".legend"),
      `[Nats](#nats) an image. Solid: [test set](#test-set), ${test} images, after the epoch. Dashed: ${train} training ` +
        `images, as a mean over the epoch. [Loss](#loss): what training lowers${loss}.${notes} “KL of each dimension”` +
        `${other ? ` is that of ${name}` : ""}: coloured by rank at the last epoch; what carries nothing, below ` +
        `${passiveBelow} nats, is grey.`,
    );
  }

  /** Which curves are whose. */
  showRuns() {
    const list = this.find(".runs");
    list.hidden = this.runs.length < 2;
    if (list.hidden) return;
    const items = this.runs.map(({ name, weight, epochs }, which) => {
      const item = make("li", ORDINALS[which]);
      item.append(make("b", "", String(which + 1)), ` ${name}, ${weight}, epoch ${epochs.at(-1)}`);
      return item;
    });
    list.replaceChildren(...items);
  }

  savePng() {
    const colours = ORDINALS.map((ordinal) => `--${ordinal}`);
    saveCharts(`${this.runs[0].name}-curves.png`, this.find(".charts"), Object.values(this.charts), this.runs, colours);
  }
}

export default component(".training", Training);
