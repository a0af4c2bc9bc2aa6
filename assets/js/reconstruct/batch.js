/** The images that Python chose, and what each epoch makes of them. */

import { floorNats, klNats, reconstructionNats } from "../engine/bound.js";
import { number } from "../engine/numbers.js";

/** @import { Chosen } from "../engine/chosen.js" */
/** @import { Guest, LiveRun, Start } from "../engine/run.js" */

/**
 * What an epoch makes of an image, and its figures in nats.
 * @typedef {{picture: Float32Array, reconstruction: number, kl: number}} Made
 */

/** @param {number} value @returns {string} a dash where there is none */
export const nats = (value) => number(value, 1);

export class Batch {
  /** @param {LiveRun} run @param {Chosen} chosen */
  constructor(run, { indices, labels, images, means, logVariances, logSigma }) {
    this.run = run;
    this.indices = indices;
    this.labels = labels;
    this.logSigma = logSigma;
    this.pixels = images;
    this.means = means;
    this.logVariances = logVariances;
    /** @type {Map<number, Made[]>} by epoch, then by image; with gaps */
    this.made = new Map();
    /** The least that the reconstruction of each can be, null of a gaussian likelihood. @type {(number|null)[]} */
    this.floors = indices.map((_, n) => (logSigma ? null : floorNats(this.image(n))));
  }

  /** @param {Start} start of a cursor @returns {number} which of these images it is, −1 if none */
  positionOf({ kind, index }) {
    return kind === "digit" && index !== undefined ? this.indices.indexOf(index) : -1;
  }

  /** @param {number} n */
  nameOf(n) {
    return `Test image ${this.indices[n]}, class ${this.run.about.class_names[this.labels[n]]}`;
  }

  /** @param {number} n */
  image(n) {
    return this.pixels.subarray(n * this.run.pixels, (n + 1) * this.run.pixels);
  }

  /** @param {number} epoch @param {number} n */
  mean(epoch, n) {
    return this.row(this.means, epoch, n);
  }

  /** @param {Float32Array} values @param {number} epoch @param {number} n */
  row(values, epoch, n) {
    const at = (this.run.epochs.indexOf(epoch) * this.indices.length + n) * this.run.latentDim;
    return values.subarray(at, at + this.run.latentDim);
  }

  /** @param {number} epoch @returns {number|null} of a gaussian likelihood; NaN where it is gone */
  logSigmaAt(epoch) {
    return this.logSigma ? (this.logSigma[this.run.epochs.indexOf(epoch)] ?? NaN) : null;
  }

  /** An image as the run has those beyond its gallery, with its codes at all epochs. @param {number} n @returns {Guest} */
  guest(n) {
    const { indices, labels } = this;
    /** @param {Float32Array} values */
    const rows = (values) => Float32Array.from(this.run.epochs.flatMap((epoch) => [...this.row(values, epoch, n)]));
    const [mean, logVariance] = [rows(this.means), rows(this.logVariances)];
    return { kind: "digit", index: indices[n], label: labels[n], image: this.image(n), mean, logVariance };
  }

  /** @param {number} epoch @param {number} n @returns {Made|undefined} if it was made already */
  known(epoch, n) {
    return this.made.get(epoch)?.[n];
  }

  /**
   * What an epoch makes of an image; the figures are NaN where the epoch's codes are gone.
   * @param {number} epoch @param {number} n
   */
  make(epoch, n) {
    const all = this.made.get(epoch) ?? [];
    all[n] ??= this.decode(epoch, this.image(n), this.mean(epoch, n), this.row(this.logVariances, epoch, n));
    this.made.set(epoch, all);
    return all[n];
  }

  /**
   * What an epoch makes of an image by its posterior.
   * @param {number} epoch @param {Uint8Array} image @param {Float32Array} mean @param {Float32Array} logVariance
   * @returns {Made}
   */
  decode(epoch, image, mean, logVariance) {
    const logits = this.run.decoder(epoch).logits(mean);
    return {
      picture: Float32Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit))),
      reconstruction: reconstructionNats(logits, image, this.logSigmaAt(epoch)),
      kl: klNats(mean, logVariance),
    };
  }
}
