/** What the model makes of an image on the Draw page: its code, what the code decodes to, and the images whose codes are nearest. */

import { floorNats, klNats, reconstructionNats } from "../engine/bound.js";
import { number } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { encoderShelf } from "../shared/encoders.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Picture } from "../shared/pictures.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";

/** @import { EncoderShelf } from "../engine/encoders.js" */
/** @import { LiveRun } from "../engine/run.js" */

/** @typedef {{mean: Float32Array, logVariance: Float32Array}} Posterior */

const NEIGHBOURS = 8;

/** What is shown of an image under one run. */
export class Results {
  /** @param {HTMLElement} root @param {LiveRun} run */
  constructor(root, run) {
    const find = finder(root);
    this.root = root;
    this.run = run;
    this.epoch = run.last;
    /** @type {Uint8Array} what the model sees */
    this.image = new Uint8Array(run.pixels);
    /** @type {Posterior|null} null without ink, and while there is no encoder */
    this.posterior = null;
    this.decoded = new Float32Array(run.pixels);
    this.active = run.about.order.slice(0, run.latentDim - run.about.passive);
    this.seenCanvas = find(".seen", HTMLCanvasElement);
    this.decodedCanvas = find(".decoded", HTMLCanvasElement);
    this.seen = new Picture(this.seenCanvas, run.imageShape);
    this.picture = new Picture(this.decodedCanvas, run.imageShape);
    this.figures = find(".figures");
    this.searched = find(".searched");
    this.vote = find(".vote");
    const [rows, columns] = run.imageShape;
    find(".pair figcaption").textContent = "What the model sees";
    this.seenCanvas.title = `${rows} × ${columns} pixels`;
    this.neighbours = Array.from({ length: NEIGHBOURS }, () => {
      const item = make("li");
      const canvas = make("canvas", "", "", { role: "img" });
      const picture = new Picture(canvas, run.imageShape);
      const label = make("span", "class", "", { "aria-hidden": "true" });
      const distance = make("span", "distance", "", { "aria-hidden": "true" });
      item.append(canvas, label, distance);
      return { item, canvas, picture, label, distance };
    });
    find(".neighbours").replaceChildren(...this.neighbours.map(({ item }) => item));
    const unit = () => Float32Array.from(this.image, (byte) => byte / 255);
    find(".save-seen").onclick = () => this.savePicture("drawing", unit(), "A drawing, as the model sees it");
    find(".save-decoded").onclick = () =>
      this.savePicture("drawing-decoded", this.decoded, "A drawing, encoded and decoded");
    find(".save-csv").onclick = () => this.saveCode("csv");
    find(".save-json").onclick = () => this.saveCode("json");
  }

  isEmpty() {
    return !this.image.some((value) => value > 0);
  }

  /** From the image to the code and all that follows from it. @param {Uint8Array} image @param {number} epoch */
  show(image, epoch) {
    this.image = image;
    this.epoch = epoch;
    this.seen.draw(image, 1);
    const empty = this.isEmpty();
    this.seenCanvas.setAttribute("aria-label", empty ? "Nothing yet" : "The drawing as the model sees it");
    const shelf = encoderShelf.find(this.run.key);
    const encoder = empty ? null : shelf?.encoder(epoch);
    this.posterior = encoder ? encoder.encode(image) : null;
    const missing = empty ? "There is no drawing yet to take along." : "The encoder of this epoch is on its way.";
    for (const control of this.root.querySelectorAll(".leave button, .to-sliders")) {
      if (control instanceof HTMLElement) disable(control, this.posterior ? "" : missing);
    }
    if (shelf && this.posterior) this.showCode(shelf, this.posterior);
    else this.showNothing(empty);
  }

  /** @param {boolean} empty whether nothing is drawn */
  showNothing(empty) {
    this.decoded.fill(0);
    this.picture.draw(this.decoded, 255);
    this.decodedCanvas.setAttribute("aria-label", "Nothing yet");
    this.figures.textContent = empty
      ? "Nothing is drawn yet. The code, what it decodes to and its neighbours appear with the first stroke."
      : "The encoder of this epoch is on its way.";
    for (const { canvas, picture, label, distance } of this.neighbours) {
      picture.draw(new Uint8Array(this.run.pixels), 1);
      canvas.setAttribute("aria-label", "No neighbour yet");
      label.textContent = distance.textContent = "";
    }
    explain(
      this.searched,
      "By the distance between codes, among the [probe images](#probe) of the [test split](#test-set).",
    );
    this.vote.textContent = "";
  }

  /** @param {EncoderShelf} shelf @param {Posterior} posterior */
  showCode(shelf, { mean, logVariance }) {
    const { run, epoch, image } = this;
    const decoder = run.decoder(epoch);
    const logits = decoder.logits(mean);
    const logSigma = shelf.logSigma(epoch);
    const reconstruction = reconstructionNats(logits, image, logSigma);
    for (let i = 0; i < logits.length; i++) this.decoded[i] = 1 / (1 + Math.exp(-logits[i]));
    this.picture.draw(this.decoded, 255);
    this.decodedCanvas.setAttribute("aria-label", "The drawing's code, decoded");
    const overFloor = number(reconstruction - floorNats(image), 1);
    const above = logSigma === null ? ` (${overFloor} above its [floor](#floor))` : "";
    explain(
      this.figures,
      `Your drawing${epochWords(run.about, epoch).at}: [reconstruction](#reconstruction) ${number(reconstruction, 1)} [nats](#nats)${above}, ` +
        `[KL](#kl) ${number(klNats(mean, logVariance), 1)} nats. The code is the mean of its [posterior](#posterior).`,
    );
    this.showNeighbours(shelf, mean);
  }

  /** @param {EncoderShelf} shelf @param {Float32Array} mean */
  showNeighbours(shelf, mean) {
    const { run, epoch } = this;
    const names = run.about.class_names;
    const found = shelf.nearest(epoch, mean, this.active.length ? this.active : run.about.order, NEIGHBOURS);
    /** @type {Map<string, number>} */
    const votes = new Map();
    this.neighbours.forEach(({ item, canvas, picture, label, distance }, place) => {
      item.hidden = place >= found.length;
      if (item.hidden) return;
      const { position, distance: far } = found[place];
      const name = names[shelf.labels[position]];
      picture.draw(shelf.image(position), 1);
      canvas.setAttribute(
        "aria-label",
        `Test image ${shelf.indices[position]}, class ${name}, distance ${number(far)}`,
      );
      item.title = `Test image ${shelf.indices[position]}`;
      label.textContent = name;
      shorten(label, name);
      distance.textContent = number(far);
      votes.set(name, (votes.get(name) ?? 0) + 1);
    });
    const many = this.active.length === 1 ? "the active dimension" : `the ${this.active.length} active dimensions`;
    explain(
      this.searched,
      `The ${found.length} of ${shelf.labels.length.toLocaleString("en")} [probe images](#probe) ([test split](#test-set)) ` +
        `whose codes are nearest${epochWords(run.about, epoch).at}, by [Euclidean](#euclidean) distance over ${this.active.length ? many : "all dimensions"}.`,
    );
    const counted = [...votes].sort((a, b) => b[1] - a[1]);
    const said = counted.map(
      ([name, count], place) => `${count} ${place === 0 ? `of ${found.length} ` : ""}of class ${name}`,
    );
    const vote = `Vote: ${said.join(", ")}.`;
    if (this.vote.textContent === vote) return;
    this.vote.textContent = vote;
    shorten(this.vote, ...votes.keys());
  }

  /** @param {string} what it is, for the file's name @param {Float32Array} image in [0, 1] @param {string} words */
  savePicture(what, image, words) {
    const { about, imageShape } = this.run;
    saveSheet(`${about.name}-${what}-epoch-${this.epoch}.png`, [image], imageShape, 1, {
      title: [heading(about, this.epoch), words],
    });
  }

  /** @param {"csv"|"json"} kind */
  saveCode(kind) {
    if (!this.posterior) return;
    const about = { ...provenance(this.run.about, this.epoch), code: "mean of the drawing's posterior" };
    saveCodes(
      `${about.run}-drawing-code-epoch-${this.epoch}.${kind}`,
      [{ name: "drawing", z: this.posterior.mean }],
      about,
    );
  }
}
