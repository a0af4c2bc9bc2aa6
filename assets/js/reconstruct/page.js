/**
 * The Reconstruct page: probe images, what the first, the present and the last epoch make of them, and what it costs.
 *
 * Python sends the images that were chosen and their posteriors at every epoch; pictures and figures are made here.
 */

import { floorNats, klNats, reconstructionNats } from "../engine/bound.js";
import { bytesOf } from "../engine/bytes.js";
import { csvRow } from "../engine/csv.js";
import { number } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { provenance, save, saveCodes } from "../shared/files.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";

const FRAME_MS = 10; // of a frame's 16 ms, what decoding may take
const BAND = 5;
const ROWS = ["original", "first", "now", "last"];
const FIGURES = "reconstruction at the mean of the posterior, KL of the posterior; nats, one image";

const nats = (value, digits = 1) => (Number.isFinite(value) ? number(value, digits) : "–");

/**
 * What a decoder makes of an image's code, and its figures in nats.
 * @returns {{picture: Float32Array, reconstruction: number, kl: number}}
 */
function reconstructed(decoder, image, mean, logVariance, logSigma) {
  const logits = decoder.logits(mean);
  return {
    picture: Float32Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit))),
    reconstruction: reconstructionNats(logits, image, logSigma),
    kl: klNats(mean, logVariance),
  };
}

/** The images that Python chose: their pixels, and mean and log-variance at every epoch. */
class Batch {
  constructor(run, { indices, labels, images, mean, log_variance: logVariance, log_sigma: logSigma }) {
    Object.assign(this, { run, indices, labels, logSigma });
    this.pixels = bytesOf(images);
    this.means = new Float32Array(bytesOf(mean).buffer);
    this.logVariances = new Float32Array(bytesOf(logVariance).buffer);
    this.made = new Map(); // by epoch: what was decoded, image by image
    this.floors = Array.from(indices, (_, n) => (logSigma ? null : floorNats(this.image(n))));
  }

  image(n) {
    return this.pixels.subarray(n * this.run.pixels, (n + 1) * this.run.pixels);
  }

  mean(epoch, n) {
    return this.row(this.means, epoch, n);
  }

  row(values, epoch, n) {
    const at = (this.run.epochs.indexOf(epoch) * this.indices.length + n) * this.run.latentDim;
    return values.subarray(at, at + this.run.latentDim);
  }

  /** @returns {number|null} of a gaussian likelihood */
  logSigmaAt(epoch) {
    return this.logSigma ? this.logSigma[this.run.epochs.indexOf(epoch)] ?? NaN : null;
  }

  /** An image as the run has those beyond its gallery, with its codes at all epochs. */
  guest(n) {
    const { indices, labels } = this;
    const rows = (values) => Float32Array.from(this.run.epochs.flatMap((epoch) => [...this.row(values, epoch, n)]));
    const [mean, logVariance] = [rows(this.means), rows(this.logVariances)];
    return { kind: "digit", index: indices[n], label: labels[n], image: this.image(n), mean, logVariance };
  }

  /** @returns {{picture: Float32Array, reconstruction: number, kl: number}|undefined} if it was made already */
  known(epoch, n) {
    return this.made.get(epoch)?.[n];
  }

  /** What an epoch makes of an image, and its figures in nats; NaN where the epoch's codes are gone. */
  make(epoch, n) {
    const found = this.known(epoch, n);
    if (found) return found;
    const [mean, logVariance] = [this.mean(epoch, n), this.row(this.logVariances, epoch, n)];
    const made = reconstructed(this.run.decoder(epoch), this.image(n), mean, logVariance, this.logSigmaAt(epoch));
    if (!this.made.has(epoch)) this.made.set(epoch, []);
    this.made.get(epoch)[n] = made;
    return made;
  }
}

class Reconstruct {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.cursor = null;
    this.revision = null;
    this.shown = null; // the images as Python sent them, to tell others from the same again
    this.frame = 0;
    this.next = 0;
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.clock = new Clock(this.find(".clock"), {
      moved: (epoch, event) => {
        this.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.release(),
    });
    this.find(".save-png").onclick = () => this.savePng();
    for (const kind of ["csv", "json"]) {
      this.find(`.save-figures-${kind}`).onclick = () => this.saveFigures(kind);
      this.find(`.save-codes-${kind}`).onclick = () => this.saveCodes(kind);
    }
  }

  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    whenRun(this, { key: data.key }, (run) => {
      const text = JSON.stringify(data.images);
      if (run !== this.run) {
        this.run = run;
        this.shown = null;
        this.clock.open(run);
        this.root.style.setProperty("--shape", `${run.imageShape[1]} / ${run.imageShape[0]}`);
        this.one = {
          original: new Picture(this.find(".one-original"), run.imageShape),
          decoded: new Picture(this.find(".one-decoded"), run.imageShape),
        };
      }
      explain(this.find(".caption"), data.caption);
      shorten(this.find(".caption"), ...run.about.class_names);
      const moved = follow(this, data);
      if (moved) this.epoch = this.cursor.epoch;
      if (text !== this.shown) {
        this.shown = text;
        this.batch = new Batch(run, data.images);
        this.makeSheet();
      }
      if (moved) this.showEpoch();
      this.root.removeAttribute("aria-busy");
    });
  }

  get epochs() {
    const { epochs } = this.run;
    return { first: epochs[0], now: this.epoch, last: epochs.at(-1) };
  }

  // The sheet -----------------------------------------------------------------------------------------------------

  makeSheet() {
    const { run, batch } = this;
    this.pointed = null;
    this.next = 0;
    this.cards = Array.from(batch.indices, (_, n) => {
      const button = make("button", "card", "", { type: "button", "aria-pressed": "false" });
      const pictures = {};
      for (const row of ROWS) {
        const canvas = make("canvas", row, "", { "aria-hidden": "true" });
        pictures[row] = new Picture(canvas, run.imageShape);
        pictures[row].draw(new Uint8Array(run.pixels), 1);
        button.append(canvas);
      }
      pictures.original.draw(batch.image(n), 1);
      const reconstruction = make("span", "reconstruction", "–", { "aria-hidden": "true" });
      const kl = make("span", "kl", "–", { "aria-hidden": "true" });
      button.append(reconstruction, kl);
      button.onclick = () => this.choose(n);
      button.onfocus = button.onpointerenter = () => this.point(n);
      button.onblur = button.onpointerleave = () => this.point(null);
      return { button, pictures, reconstruction, kl };
    });
    const bands = [];
    this.nowNames = [];
    for (let from = 0; from < this.cards.length; from += BAND) {
      const band = make("div", "band");
      const names = make("div", "names", "", { "aria-hidden": "true" });
      const now = make("span", "now");
      this.nowNames.push(now);
      names.append(make("span", "", "Original"), make("span", "first", `Epoch ${this.epochs.first}, first`), now);
      names.append(make("span", "last", `Epoch ${this.epochs.last}, last`));
      names.append(make("span", "", "Reconstruction"), make("span", "", "KL"));
      band.append(names, ...this.cards.slice(from, from + BAND).map(({ button }) => button));
      bands.push(band);
    }
    this.find(".sheet").replaceChildren(...bands);
    this.find(".sheet").classList.toggle("one", run.epochs.length === 1); // the other rows would show the same
    this.showEpoch();
  }

  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.epoch = epoch;
    this.showEpoch();
  }

  showEpoch() {
    this.clock.show(this.epoch);
    const { shown } = epochWords(this.run.about, this.epoch);
    for (const name of this.nowNames) name.textContent = shown ? `Epoch ${shown}, clock` : "Reconstructed";
    this.find("#figures-title").textContent = shown ? `At epoch ${shown}` : "With these weights";
    this.waiting = new Set();
    const { first, now, last } = this.epochs;
    this.cards.forEach((_, n) => {
      this.showCard(n);
      for (const epoch of [now, first, last]) if (!this.batch.known(epoch, n)) this.waiting.add(n);
    });
    this.mark();
    this.showFigures();
    if (this.waiting.size && !this.frame) this.frame = requestAnimationFrame(() => this.work());
  }

  /** Decode what is wanted and not known yet, in the frames to come; in turn, so that no image starves in a drag. */
  work() {
    this.frame = 0;
    if (!this.root.isConnected) return;
    const end = performance.now() + FRAME_MS;
    const { batch } = this;
    for (const epoch of [this.epochs.now, this.epochs.first, this.epochs.last]) {
      for (let step = 0; step < batch.indices.length && performance.now() < end; step++) {
        const n = (this.next + step) % batch.indices.length;
        if (batch.known(epoch, n)) continue;
        batch.make(epoch, n);
        this.showCard(n);
      }
    }
    this.next = (this.next + 1) % batch.indices.length;
    const { first, now, last } = this.epochs;
    for (const n of this.waiting) {
      if (![first, now, last].every((epoch) => batch.known(epoch, n))) continue;
      this.waiting.delete(n);
      this.showCard(n); // what was made for a file, too
    }
    this.showFigures();
    if (this.waiting.size) this.frame = requestAnimationFrame(() => this.work());
  }

  /** Show of an image what is made already; a picture of another epoch stays until its own is made. */
  showCard(n) {
    const { batch } = this;
    const card = this.cards[n];
    for (const row of ["first", "now", "last"]) {
      const made = batch.known(this.epochs[row], n);
      if (made) card.pictures[row].draw(made.picture, 255);
    }
    const made = batch.known(this.epoch, n);
    card.reconstruction.textContent = made ? nats(made.reconstruction) : "–";
    card.kl.textContent = made ? nats(made.kl) : "–";
    const figures = made ? `: reconstruction ${nats(made.reconstruction)} nats, KL ${nats(made.kl)} nats` : "";
    card.button.setAttribute("aria-label", `${this.nameOf(n)}${figures}`);
    const floor = batch.floors[n];
    card.button.title = floor === null ? this.nameOf(n) : `${this.nameOf(n)}. Floor of its reconstruction: ${nats(floor)} nats`;
  }

  nameOf(n) {
    return `Test image ${this.batch.indices[n]}, class ${this.run.about.class_names[this.batch.labels[n]]}`;
  }

  // Figures -------------------------------------------------------------------------------------------------------

  point(n) {
    this.pointed = n;
    this.showFigures();
  }

  showFigures() {
    const { batch } = this;
    const made = this.cards.map((_, n) => batch.known(this.epoch, n)).filter((one) => one && Number.isFinite(one.kl));
    const mean = (name) => made.reduce((sum, one) => sum + one[name], 0) / made.length;
    const all = made.length === this.cards.length && made.length > 0;
    const noun = this.cards.length === 1 ? "the image" : `the ${this.cards.length} images`;
    this.find(".mean").textContent = all
      ? `Mean of ${noun} shown: reconstruction ${nats(mean("reconstruction"))} nats, KL ${nats(mean("kl"))} nats.`
      : "";
    this.showOne();
  }

  /** The image that is pointed at, or the one that the cursor set out from, which need not be in the sheet. */
  showOne() {
    const { batch, run, epoch, find } = this;
    const { start } = this.cursor;
    const n = this.pointed ?? this.cursorPosition();
    const place = n < 0 ? run.place(start) : -1;
    const one = n >= 0 ? batch.known(epoch, n) : place >= 0 ? this.made(place) : null;
    if (n >= 0 && !one) return; // it follows in one of the next frames
    find(".one").classList.toggle("none", !one);
    if (!one) {
      explain(find(".detail"), "The [cursor](#cursor) set out from no image.");
      return;
    }
    const image = n >= 0 ? batch.image(n) : run.image(place);
    const mean = n >= 0 ? batch.mean(epoch, n) : run.mean(epoch, place);
    const test = `Test image ${start.index}, class ${run.about.class_names[run.label(place)]}`;
    const name = n >= 0 ? this.nameOf(n) : start.kind === "drawing" ? "Your drawing" : test;
    this.one.original.draw(image, 1);
    this.one.decoded.draw(one.picture, 255);
    find(".one-original").setAttribute("aria-label", `Original: ${name[0].toLowerCase()}${name.slice(1)}`);
    const called = epochWords(run.about, epoch);
    find(".one-decoded").setAttribute("aria-label", `Its reconstruction${called.at}`);
    find(".one-epoch").textContent = called.name;
    const own = n === this.cursorPosition() || place >= 0;
    explain(find(".detail"), this.sentence(name, image, one) + (own ? ` ${this.whoseStart(mean)}` : ""));
    shorten(find(".detail"), ...run.about.class_names);
  }

  /** An image of the run at the present epoch, as `Batch.make` has those of the sheet. */
  made(place) {
    const { run, epoch } = this;
    const key = `${run.key} ${place} ${epoch}`;
    if (this.lastMade?.key !== key) {
      const posterior = [run.mean(epoch, place), run.logVariance(epoch, place)];
      const sigma = this.batch.logSigmaAt(epoch);
      this.lastMade = { key, ...reconstructed(run.decoder(epoch), run.image(place), ...posterior, sigma) };
    }
    return this.lastMade;
  }

  /** @param {Float32Array} mean the code of the image that the cursor set out from */
  whoseStart(mean) {
    return this.cursor.isAt(mean) ? "It is the [cursor](#cursor)." : "The [cursor](#cursor) set out from it.";
  }

  sentence(name, image, { reconstruction, kl }) {
    const floor = this.batch.logSigma ? null : floorNats(image);
    const least = floor === null ? "" : `, ${nats(reconstruction - floor)} above the [floor](#floor) of ${nats(floor)}`;
    return `${name}: reconstruction ${nats(reconstruction)} nats${least}; KL ${nats(kl)} nats.`;
  }

  // The cursor ----------------------------------------------------------------------------------------------------

  cursorOn(n, epoch) {
    const z = Array.from(this.batch.mean(epoch, n));
    const start = { kind: "digit", index: this.batch.indices[n] };
    return new Cursor(this.run, { z, epoch, start, keep: this.cursor.keep });
  }

  /** @returns {number} which of the images the cursor set out from, −1 if none of these */
  cursorPosition() {
    const { kind, index } = this.cursor.start;
    return kind === "digit" ? this.batch.indices.indexOf(index) : -1;
  }

  choose(n) {
    if (!Number.isFinite(this.batch.mean(this.epoch, n)[0])) return;
    this.run.admit(this.batch.guest(n));
    this.cursor = this.cursorOn(n, this.epoch);
    this.mark();
    this.showFigures();
    this.release();
  }

  mark() {
    const chosen = this.cursorPosition();
    this.cards.forEach(({ button }, n) => button.setAttribute("aria-pressed", String(n === chosen)));
  }

  release() {
    this.cursor.tell(this.link);
  }

  // Saving --------------------------------------------------------------------------------------------------------

  fileName() {
    return `${this.run.about.name}-reconstructions-epoch-${this.epoch}`;
  }

  savePng() {
    const { batch, epochs } = this;
    const all = Array.from(batch.indices.keys());
    const originals = all.map((n) => Float32Array.from(batch.image(n), (byte) => byte / 255));
    const shown = [epochs.first, epochs.now, epochs.last];
    const pictures = shown.flatMap((epoch) => all.map((n) => batch.make(epoch, n).picture));
    const { about, imageShape } = this.run;
    const title = [heading(about, this.epoch), "Test images and their reconstructions; above them class and number"];
    const heads = all.map((n) => `${about.class_names[batch.labels[n]]}\n#${batch.indices[n]}`);
    const rows = ["original", ...shown.map((epoch) => epochWords(about, epoch).name)];
    saveSheet(`${this.fileName()}.png`, [...originals, ...pictures], imageShape, all.length, { title, rows, heads });
  }

  saveFigures(kind) {
    const { batch } = this;
    const epochs = [...new Set(Object.values(this.epochs))].sort((a, b) => a - b);
    const value = (number) => (Number.isFinite(number) ? number : null);
    const images = Array.from(batch.indices, (index, n) => ({
      test_index: index,
      class: this.run.about.class_names[batch.labels[n]],
      bernoulli_floor: batch.floors[n],
      epochs: epochs.map((epoch) => {
        const { reconstruction, kl } = batch.make(epoch, n);
        return { epoch, reconstruction: value(reconstruction), kl: value(kl) };
      }),
    }));
    const name = `${this.fileName()}.${kind}`;
    if (kind === "json") {
      save(name, [JSON.stringify({ run: this.run.about.name, split: "test", figures: FIGURES, images }, null, 1)], "application/json");
      return;
    }
    const rows = images.flatMap((image) =>
      image.epochs.map((at) => [image.test_index, image.class, at.epoch, at.reconstruction, at.kl, image.bernoulli_floor]),
    );
    const head = ["test_index", "class", "epoch", "reconstruction_nats", "kl_nats", "bernoulli_floor_nats"];
    save(name, [head, ...rows].map(csvRow), "text/csv");
  }

  saveCodes(kind) {
    const codes = Array.from(this.batch.indices, (_, n) => ({ name: this.nameOf(n), z: this.batch.mean(this.epoch, n) }));
    const about = { ...provenance(this.run.about, this.epoch), code: "mean of the posterior" };
    saveCodes(`${about.run}-codes-epoch-${this.epoch}.${kind}`, codes, about);
  }
}

export default liveComponent(".reconstruct", Reconstruct);
