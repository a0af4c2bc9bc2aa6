/**
 * The images in a sheet, each on a card: the original and what the first epoch, that of the clock and the last make of it.
 */

import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Picture } from "../shared/pictures.js";
import { nats } from "./batch.js";

/** @import { Batch } from "./batch.js" */

/**
 * @typedef {object} CardsListener
 * @property {(n: number) => void} chosen an image was pressed
 * @property {(n: number|null) => void} pointed at an image, or at none
 * @property {() => void} made more is decoded than before
 */

/**
 * @typedef {{button: HTMLButtonElement, pictures: Record<Row, Picture>, reconstruction: HTMLElement, kl: HTMLElement}}
 *   Card
 */
/** @typedef {"original"|"first"|"now"|"last"} Row */

const FRAME_MS = 10; // of a frame's 16 ms, what decoding may take
const BAND = 5; // cards beside each other

export class Cards {
  /** @param {HTMLElement} sheet @param {Batch} batch @param {number} epoch of the clock @param {CardsListener} listener */
  constructor(sheet, batch, epoch, listener) {
    this.sheet = sheet;
    this.batch = batch;
    this.epoch = epoch;
    this.listener = listener;
    this.frame = 0; // of the browser's that was asked for
    this.next = 0; // the image whose turn it is
    /** @type {Set<number>} images of which not all is decoded */
    this.waiting = new Set();
    this.cards = batch.indices.map((_, n) => this.card(n));
    /** @type {HTMLElement[]} */
    this.clockNames = [];
    const bands = [];
    for (let from = 0; from < this.cards.length; from += BAND) {
      const band = make("div", "band");
      band.append(this.names(), ...this.cards.slice(from, from + BAND).map(({ button }) => button));
      bands.push(band);
    }
    sheet.replaceChildren(...bands);
    sheet.classList.toggle("one", batch.run.epochs.length === 1); // the other rows would show the same
  }

  /** @returns {{first: number, now: number, last: number}} the epochs of the rows */
  get epochs() {
    const { epochs, last } = this.batch.run;
    return { first: epochs[0], now: this.epoch, last };
  }

  /** @param {number} n @returns {Card} */
  card(n) {
    const { batch, listener } = this;
    const button = make("button", "card", "", { type: "button", "aria-pressed": "false" });
    const black = new Uint8Array(batch.run.pixels);
    /** @param {Row} row */
    const picture = (row) => {
      const canvas = make("canvas", row, "", { "aria-hidden": "true" });
      const made = new Picture(canvas, batch.run.imageShape);
      made.draw(black, 1);
      const place = make("span", `place ${row}`); // by which Firefox makes the rows as high as the pictures
      place.append(canvas);
      button.append(place);
      return made;
    };
    const pictures = {
      original: picture("original"),
      first: picture("first"),
      now: picture("now"),
      last: picture("last"),
    };
    pictures.original.draw(batch.image(n), 1);
    const reconstruction = make("span", "reconstruction", "–", { "aria-hidden": "true" });
    const kl = make("span", "kl", "–", { "aria-hidden": "true" });
    button.append(reconstruction, kl);
    button.onclick = () => listener.chosen(n);
    button.onfocus = button.onpointerenter = () => listener.pointed(n);
    button.onblur = button.onpointerleave = () => listener.pointed(null);
    return { button, pictures, reconstruction, kl };
  }

  /** What the rows of a band are called. */
  names() {
    const { first, last } = this.epochs;
    const names = make("div", "names", "", { "aria-hidden": "true" });
    const now = make("span", "now");
    this.clockNames.push(now);
    names.append(make("span", "", "Original"), make("span", "first", `Epoch ${first}, first`), now);
    names.append(make("span", "last", `Epoch ${last}, last`));
    names.append(make("span", "", "Reconstruction"), make("span", "", "KL"));
    return names;
  }

  /** Show another epoch of the clock. @param {number} epoch */
  show(epoch) {
    this.epoch = epoch;
    const { shown } = epochWords(this.batch.run.about, epoch);
    for (const name of this.clockNames) name.textContent = shown ? `Epoch ${shown}, clock` : "Reconstructed";
    this.waiting.clear();
    for (const n of this.cards.keys()) {
      this.showCard(n);
      if (!this.isWhole(n)) this.waiting.add(n);
    }
    if (this.waiting.size) this.frame ||= requestAnimationFrame(() => this.work());
  }

  /** Decode no more: others take their place. */
  close() {
    cancelAnimationFrame(this.frame);
  }

  /** @param {number} n @returns {boolean} whether all is decoded that its card shows */
  isWhole(n) {
    const { first, now, last } = this.epochs;
    return [first, now, last].every((epoch) => this.batch.known(epoch, n));
  }

  /** Decode what is wanted and not known yet, in the frames to come; in turn, so that no image starves in a drag. */
  work() {
    this.frame = 0;
    if (!this.sheet.isConnected) return;
    const end = performance.now() + FRAME_MS;
    const { batch } = this;
    const { first, now, last } = this.epochs;
    const count = batch.indices.length;
    for (const epoch of [now, first, last]) {
      for (let step = 0; step < count && performance.now() < end; step++) {
        const n = (this.next + step) % count;
        if (batch.known(epoch, n)) continue;
        batch.make(epoch, n);
        this.showCard(n);
      }
    }
    this.next = (this.next + 1) % count;
    for (const n of this.waiting) {
      if (!this.isWhole(n)) continue;
      this.waiting.delete(n);
      this.showCard(n); // what was made for a file, too
    }
    this.listener.made();
    if (this.waiting.size) this.frame ||= requestAnimationFrame(() => this.work());
  }

  /** Show of an image what is made already; a picture of another epoch stays until its own is made. @param {number} n */
  showCard(n) {
    const { batch, epochs } = this;
    const { button, pictures, reconstruction, kl } = this.cards[n];
    for (const row of /** @type {const} */ (["first", "now", "last"])) {
      const made = batch.known(epochs[row], n);
      if (made) pictures[row].draw(made.picture, 255);
    }
    const made = batch.known(this.epoch, n);
    reconstruction.textContent = made ? nats(made.reconstruction) : "–";
    kl.textContent = made ? nats(made.kl) : "–";
    const figures = made ? `: reconstruction ${nats(made.reconstruction)} nats, KL ${nats(made.kl)} nats` : "";
    const name = batch.nameOf(n);
    button.setAttribute("aria-label", `${name}${figures}`);
    const floor = batch.floors[n];
    button.title = floor === null ? name : `${name}. Floor of its reconstruction: ${nats(floor)} nats`;
  }

  /** Show which image is chosen. @param {number} n −1 for none */
  mark(n) {
    for (const [at, { button }] of this.cards.entries()) button.setAttribute("aria-pressed", String(at === n));
  }

  /** In words, what the images cost on average: "" until all are decoded. */
  meanInWords() {
    const { batch, cards, epoch } = this;
    const made = [];
    for (const n of cards.keys()) {
      const one = batch.known(epoch, n);
      if (one && Number.isFinite(one.kl)) made.push(one);
    }
    if (made.length < cards.length || !made.length) return "";
    const reconstruction = made.reduce((sum, one) => sum + one.reconstruction, 0) / made.length;
    const kl = made.reduce((sum, one) => sum + one.kl, 0) / made.length;
    const noun = cards.length === 1 ? "the image" : `the ${cards.length} images`;
    return `Mean of ${noun} shown: reconstruction ${nats(reconstruction)} nats, KL ${nats(kl)} nats.`;
  }
}
