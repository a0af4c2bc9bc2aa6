/**
 * The way of one image through the model: image, encoder, μ and σ of each dimension, a code drawn from them, decoder, image.
 * It shows the image that the cursor set out from, at the cursor's epoch, and changes neither.
 */

import { normalCode, number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */

const MOST_ROWS = 10; // of the dimensions, those that carry most
const EVERY_MS = 700; // between two codes: time to see which ticks move, and what moves with them
const REACH = 3; // to either side of a track's middle, in standard deviations of the prior

/** @typedef {{dimension: number, row: HTMLElement, figures: HTMLElement[]}} Row figures: μ, σ and z */

class Way {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    /** @type {LiveRun|null} */
    this.run = null;
    /** @type {Row[]} */
    this.rows = [];
    this.place = 0; // of the image among the run's
    this.epoch = 0;
    /** @type {number[]} ε of the code that is drawn */
    this.noise = [];
    this.timer = 0;
    this.find(".again").onclick = () => this.draw();
    this.find(".play").onclick = () => this.play(!this.timer);
  }

  /** @param {LiveData} data */
  receive({ key, cursor, meaning }) {
    whenRun(this, { key, epoch: cursor.epoch, meaning: meaning ?? "" }, (run) => {
      const place = Math.max(0, run.place(cursor.start)); // of a code that is no image's, the first image
      const epoch = run.kept(cursor.epoch);
      const same = run === this.run && place === this.place && epoch === this.epoch;
      Object.assign(this, { run, place, epoch });
      this.list();
      if (!same || !this.noise.length) this.draw();
      else this.show();
      this.root.removeAttribute("aria-busy");
    });
  }

  /** A row for each dimension that carries something, and one for all that carry nothing. */
  list() {
    const { run, epoch } = this;
    if (!run) return;
    const { order, passive } = run.about;
    const active = order.slice(0, order.length - passive);
    const shown = active.slice(0, MOST_ROWS);
    const others = [...order.slice(order.length - passive)].slice(0, 1);
    this.rows = [...shown, ...others].map((dimension) => {
      const row = make("tr");
      const head = make("th", "", run.meaning.called(epoch, dimension), { scope: "row" });
      if (others.includes(dimension)) {
        head.textContent = passive > 1 ? `z${dimension} and ${passive - 1} more` : `z${dimension}`;
        row.className = "passive";
      }
      head.title = head.textContent ?? "";
      const track = make("td");
      const rail = make("span", "rail", "", { "aria-hidden": "true" });
      rail.append(make("span", "band"), make("span", "tick"));
      track.append(rail);
      const figures = ["mean", "deviation", "code"].map((name) => make("td", name));
      row.append(head, track, ...figures);
      return { dimension, row, figures };
    });
    this.find("tbody").replaceChildren(...this.rows.map(({ row }) => row));
    const left = active.length - shown.length;
    if (left > 0) this.find("tbody").append(note(`and ${left} more that carry something`));
  }

  /** Draw a code from the posterior. */
  draw() {
    if (!this.run) return;
    this.noise = normalCode(this.run.latentDim);
    this.show();
  }

  show() {
    const { run, place, epoch, noise, rows } = this;
    if (!run) return;
    const mean = run.mean(epoch, place);
    const deviation = Float32Array.from(run.logVariance(epoch, place), (value) => Math.exp(value / 2));
    const code = Float32Array.from(mean, (value, dimension) => value + deviation[dimension] * noise[dimension]);
    for (const { dimension, row, figures } of rows) {
      row.style.setProperty("--below", along(mean[dimension] - deviation[dimension]));
      row.style.setProperty("--above", along(mean[dimension] + deviation[dimension]));
      row.style.setProperty("--drawn", along(code[dimension]));
      const values = [mean[dimension], deviation[dimension], code[dimension]];
      for (const [at, figure] of figures.entries()) figure.textContent = number(values[at], 2);
    }
    const label = run.label(place);
    const index = run.guest(place)?.index ?? run.indices[place];
    const name = label < 0 ? "your drawing" : `test image ${index}, class ${run.about.class_names[label]}`;
    const at = run.about.imported ? "" : ` at epoch ${epoch}`;
    this.picture(".original", run.image(place), 1, name);
    this.picture(".decoded", run.decoder(epoch).decode(code), 255, `decoded from the code z${at}`);
  }

  /** @param {string} which @param {ArrayLike<number>} pixels @param {number} scale @param {string} said */
  picture(which, pixels, scale, said) {
    const canvas = this.find(which, HTMLCanvasElement);
    if (this.run) new Picture(canvas, this.run.imageShape).draw(pixels, scale);
    canvas.setAttribute("aria-label", `${said[0].toUpperCase()}${said.slice(1)}`);
    const caption = canvas.nextElementSibling;
    if (caption) caption.textContent = said;
  }

  /** @param {boolean} on */
  play(on) {
    clearInterval(this.timer);
    this.timer = 0;
    if (on) {
      this.timer = setInterval(() => {
        if (this.root.isConnected) this.draw();
        else this.play(false);
      }, EVERY_MS);
      this.draw();
    }
    const button = this.find(".play");
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Stop drawing" : "Keep drawing";
  }
}

/** @param {number} value @returns {string} where it stands on a track */
const along = (value) => `${(100 * (Math.max(-REACH, Math.min(REACH, value)) + REACH)) / (2 * REACH)}%`;

/** @param {string} text */
function note(text) {
  const row = make("tr", "rest");
  row.append(make("td", "", text, { colspan: 5 }));
  return row;
}

export default liveComponent(".way", Way);
