/** What the model makes of an image on the Draw page: its code, what the code decodes to, and the images whose codes are nearest. */

import { floorNats, klNats, reconstructionNats } from "../engine/bound.js";
import { number } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { encoderShelf } from "../shared/encoders.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Picture } from "../shared/pictures.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";

const NEIGHBOURS = 8;

export class Results {
  constructor(root) {
    this.root = root;
    this.image = null;
    this.posterior = null; // null too while there is no encoder
    this.find = (selector) => root.querySelector(selector);
    for (const [kind, act] of Object.entries({
      seen: () => this.savePicture("drawing", this.unit(this.image), "A drawing, as the model sees it"),
      decoded: () => this.savePicture("drawing-decoded", this.decoded, "A drawing, encoded and decoded"),
      csv: () => this.saveCode("csv"),
      json: () => this.saveCode("json"),
    })) {
      this.find(`.save-${kind}`).onclick = act;
    }
  }

  open(run) {
    const { find } = this;
    this.run = run;
    const [rows, columns] = run.imageShape;
    this.seen = new Picture(find(".seen"), run.imageShape);
    this.picture = new Picture(find(".decoded"), run.imageShape);
    this.decoded = new Float32Array(run.pixels);
    this.active = run.about.order.slice(0, run.latentDim - run.about.passive);
    find(".pair figcaption").textContent = "What the model sees";
    find(".seen").title = `${rows} × ${columns} pixels`;
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
  }

  isEmpty() {
    return !this.image?.some((value) => value > 0);
  }

  encoderAt(epoch) {
    const shelf = encoderShelf.current;
    return shelf?.key === this.run.key ? shelf.encoder(epoch) : null;
  }

  /** From the image to the code and all that follows from it. @param {Uint8Array} image */
  show(image, epoch) {
    const { find } = this;
    this.image = image;
    this.epoch = epoch;
    this.seen.draw(image, 1);
    const empty = this.isEmpty();
    find(".seen").setAttribute("aria-label", empty ? "Nothing yet" : "The drawing as the model sees it");
    const encoder = empty ? null : this.encoderAt(epoch);
    this.posterior = encoder ? encoder.encode(image) : null;
    const why = this.posterior ? "" : empty ? "There is no drawing yet to take along." : "The encoder of this epoch is on its way.";
    for (const control of this.root.querySelectorAll(".leave button, .to-sliders")) disable(control, why);
    if (!this.posterior) this.showNothing(empty);
    else this.showCode();
  }

  showNothing(empty) {
    const { find, run } = this;
    this.decoded.fill(0);
    this.picture.draw(this.decoded, 255);
    find(".decoded").setAttribute("aria-label", "Nothing yet");
    find(".figures").textContent = empty
      ? "Nothing is drawn yet. The code, what it decodes to and its neighbours appear with the first stroke."
      : "The encoder of this epoch is on its way.";
    for (const { canvas, picture, label, distance } of this.neighbours) {
      picture.draw(new Uint8Array(run.pixels), 1);
      canvas.setAttribute("aria-label", "No neighbour yet");
      label.textContent = distance.textContent = "";
    }
    explain(find(".searched"), "By the distance between codes, among the [probe images](#probe) of the [test split](#test-set).");
    find(".vote").textContent = "";
  }

  showCode() {
    const { find, run, epoch, image } = this;
    const { mean, logVariance } = this.posterior;
    const decoder = run.decoder(epoch);
    const logits = decoder.logits(mean);
    const logSigma = encoderShelf.current.logSigma(epoch);
    const reconstruction = reconstructionNats(logits, image, logSigma);
    for (let i = 0; i < logits.length; i++) this.decoded[i] = 1 / (1 + Math.exp(-logits[i]));
    this.picture.draw(this.decoded, 255);
    find(".decoded").setAttribute("aria-label", "The drawing's code, decoded");
    const overFloor = number(reconstruction - floorNats(image), 1);
    const above = logSigma === null ? ` (${overFloor} above its [floor](#floor))` : "";
    explain(
      find(".figures"),
      `Your drawing${epochWords(run.about, epoch).at}: [reconstruction](#reconstruction) ${number(reconstruction, 1)} [nats](#nats)${above}, ` +
        `[KL](#kl) ${number(klNats(mean, logVariance), 1)} nats. The code is the mean of its [posterior](#posterior).`,
    );
    this.showNeighbours(mean);
  }

  showNeighbours(mean) {
    const { find, run, epoch } = this;
    const shelf = encoderShelf.current;
    const names = run.about.class_names;
    const found = shelf.nearest(epoch, mean, this.active.length ? this.active : run.about.order, NEIGHBOURS);
    const votes = new Map();
    this.neighbours.forEach(({ item, canvas, picture, label, distance }, place) => {
      item.hidden = place >= found.length;
      if (item.hidden) return;
      const { position, distance: far } = found[place];
      const name = names[shelf.labels[position]];
      picture.draw(shelf.image(position), 1);
      canvas.setAttribute("aria-label", `Test image ${shelf.indices[position]}, class ${name}, distance ${number(far)}`);
      item.title = `Test image ${shelf.indices[position]}`;
      label.textContent = name;
      shorten(label, name);
      distance.textContent = number(far);
      votes.set(name, (votes.get(name) ?? 0) + 1);
    });
    const many = this.active.length === 1 ? "the active dimension" : `the ${this.active.length} active dimensions`;
    explain(
      find(".searched"),
      `The ${found.length} of ${shelf.labels.length.toLocaleString("en")} [probe images](#probe) ([test split](#test-set)) ` +
        `whose codes are nearest${epochWords(run.about, epoch).at}, by [Euclidean](#euclidean) distance over ${this.active.length ? many : "all dimensions"}.`,
    );
    const counted = [...votes].sort((a, b) => b[1] - a[1]);
    const said = counted.map(([name, count], place) => `${count} ${place === 0 ? `of ${found.length} ` : ""}of class ${name}`);
    const vote = `Vote: ${said.join(", ")}.`;
    if (find(".vote").textContent === vote) return;
    find(".vote").textContent = vote;
    shorten(find(".vote"), ...votes.keys());
  }

  unit(bytes) {
    return Float32Array.from(bytes, (byte) => byte / 255);
  }

  savePicture(what, image, words) {
    const { about, imageShape } = this.run;
    saveSheet(`${about.name}-${what}-epoch-${this.epoch}.png`, [image], imageShape, 1, { title: [heading(about, this.epoch), words] });
  }

  saveCode(kind) {
    const about = { ...provenance(this.run.about, this.epoch), code: "mean of the drawing's posterior" };
    saveCodes(`${about.run}-drawing-code-epoch-${this.epoch}.${kind}`, [{ name: "drawing", z: this.posterior.mean }], about);
  }
}
