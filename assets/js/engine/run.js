/** A run as the browser knows it. */

import { bytesOf } from "./bytes.js";
import { NO_MEANING } from "./meaning.js";
import { Decoder } from "./networks.js";
import { parseSafetensors, rowOf, tensorOf } from "./safetensors.js";

/** @import { Layer } from "./layers.js" */

/**
 * Where a cursor set out from: a test image by its position in the test split, a drawing by its number, or no image, and
 * then the code itself.
 * @typedef {{kind: "digit"|"drawing"|"random"|"origin"|"code", index?: number, code?: number[]}} Start
 */

/**
 * A point in the latent space at an epoch, as Python and the browser send it to each other; see pages/parts/cursor.py.
 * @typedef {{z: number[], epoch: number, start: Start, keep: "digit"|"code"}} CursorState keep: what stays when the epoch
 *   moves
 */

/**
 * An image beyond the gallery and its posterior, of E epochs and D dimensions. A drawing has the label −1.
 * @typedef {object} Guest
 * @property {"digit"|"drawing"} kind
 * @property {number} index its position in the test split, or its number
 * @property {number} label
 * @property {Uint8Array} image height·width bytes
 * @property {Float32Array} mean E·D numbers, epoch after epoch
 * @property {Float32Array} logVariance likewise
 */

/**
 * One as it travels, see bvae/browser/guests.py: arrays are their bytes in base64.
 * @typedef {{kind: "digit"|"drawing", index: number, label: number, image: string, mean: string,
 *   log_variance: string}} PackedGuest
 */

/**
 * What weighs the KL term, as saved codes have it: β, or the capacity in nats.
 * @typedef {{beta: number}|{capacity: number}} Objective
 */

/**
 * What is said of a run, as of a film. `order` has all dimensions, those that carry most first, and of these the last
 * `passive` carry nothing.
 * @typedef {object} About
 * @property {string} key that changes when what is sent changes
 * @property {string} name
 * @property {string} weight β or capacity, in words
 * @property {Objective} objective
 * @property {string} noun what an image is called
 * @property {boolean} imported whether the weights came in without their training
 * @property {string[]} class_names
 * @property {number[]} epochs
 * @property {[number, number]} image_shape height and width
 * @property {number} latent_dim
 * @property {number[]} order
 * @property {number} passive
 */

/**
 * @typedef {object} OfRun
 * @property {Layer[]} layers of the decoder
 * @property {number} passive_below nats
 * @property {number} probe_images how many
 * @property {number} reach of the sliders, either way
 * @property {number[]} quantile_levels of the tensor "quantiles"
 * @property {number} largest_kl of a dimension at an epoch, in nats
 * @property {string[]} facts what each epoch scored, with marked words
 * @typedef {About & OfRun} RunAbout
 */

/**
 * A run as the browser knows it: decoders by epoch, and images with their codes. These are the gallery of test images, the
 * same for all that look at the run, and behind it, in places of their own, the guests that Python sends with a cursor.
 */
export class LiveRun {
  /** @param {Uint8Array} bytes safetensors, as bvae/browser/live.py writes it */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    /** @type {RunAbout} */
    this.about = JSON.parse(metadata.live);
    this.key = this.about.key;
    this.epochs = this.about.epochs;
    this.latentDim = this.about.latent_dim;
    this.imageShape = this.about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.labels = tensorOf(tensors, "gallery/labels", "I32").data;
    this.indices = tensorOf(tensors, "gallery/indices", "I32").data;
    this.tensors = tensors;
    /** @type {Guest[]} */
    this.guests = [];
    /** @type {Map<number, Decoder>} */
    this.decoders = new Map();
    this.whole = this.epochs.length === 1;
    /** What its dimensions mean, as far as that was measured. */
    this.meaning = NO_MEANING;
  }

  /** Take the weights of the other epochs. @param {Uint8Array} bytes safetensors */
  complete(bytes) {
    for (const [name, tensor] of parseSafetensors(bytes).tensors) this.tensors.set(name, tensor);
    this.whole = true;
  }

  /** @param {number} [epoch] @returns {boolean} whether its weights are here; without one, those of all */
  has(epoch) {
    return this.whole || epoch === this.last;
  }

  /** @param {number} epoch @returns {Decoder} the decoder as it was after it, made at its first use */
  decoder(epoch) {
    const known = this.decoders.get(epoch);
    if (known) return known;
    const prefix = `${snapshot(epoch)}/decoder.`;
    const made = new Decoder(this.about.layers, this.tensors, prefix, this.imageShape);
    this.decoders.set(epoch, made);
    // It has laid them out anew. They may be copies of what arrived, where that does not begin at a multiple of four.
    for (const name of this.tensors.keys()) if (name.startsWith(prefix)) this.tensors.delete(name);
    return made;
  }

  /** Take in images beyond the gallery. @param {PackedGuest[]} guests */
  welcome(guests) {
    for (const guest of guests) {
      if (this.place(guest) >= 0) continue;
      /** @param {string} text */
      const numbers = (text) => new Float32Array(bytesOf(text).buffer);
      const { kind, index, label, image, mean, log_variance: logVariance } = guest;
      this.admit({ kind, index, label, image: bytesOf(image), mean: numbers(mean), logVariance: numbers(logVariance) });
    }
  }

  /** Take in one, unpacked. @param {Guest} guest */
  admit(guest) {
    if (this.place(guest) < 0) this.guests.push(guest);
  }

  /**
   * Where the image that a start is stands among those that are here.
   * @param {Pick<Start, "kind"|"index">} start
   * @returns {number} −1 if it is none of them
   */
  place({ kind, index }) {
    const position = kind === "digit" && index !== undefined ? this.indices.indexOf(index) : -1;
    if (position >= 0) return position;
    const guest = this.guests.findIndex((each) => each.kind === kind && each.index === index);
    return guest < 0 ? -1 : this.labels.length + guest;
  }

  /** @param {number} position @returns {Guest|undefined} the guest who has this place, none where it is one of the gallery's */
  guest(position) {
    return this.guests[position - this.labels.length];
  }

  /** @param {number} position @returns {number} the class of an image, −1 of a drawing */
  label(position) {
    return this.guest(position)?.label ?? this.labels[position];
  }

  /**
   * The code of an image at an epoch: the mean of its posterior.
   * @param {number} epoch @param {number} position
   */
  mean(epoch, position) {
    const guest = this.guest(position);
    return guest ? this.ofGuest(guest.mean, epoch) : this.ofGallery("mean", epoch, position);
  }

  /**
   * The logarithm of its posterior's variances.
   * @param {number} epoch @param {number} position
   */
  logVariance(epoch, position) {
    const guest = this.guest(position);
    return guest ? this.ofGuest(guest.logVariance, epoch) : this.ofGallery("log_variance", epoch, position);
  }

  /** @param {string} name @param {number} epoch @param {number} position */
  ofGallery(name, epoch, position) {
    return rowOf(tensorOf(this.tensors, `${snapshot(epoch)}/${name}`, "F32"), position);
  }

  /** @param {Float32Array} data @param {number} epoch */
  ofGuest(data, epoch) {
    return rowOf({ data, shape: [this.epochs.length, this.latentDim] }, this.epochs.indexOf(epoch));
  }

  /** @param {number} position @returns {Uint8Array} an image's pixels, 0 to 255 */
  image(position) {
    const { data } = tensorOf(this.tensors, "gallery/images", "U8");
    return this.guest(position)?.image ?? data.subarray(position * this.pixels, (position + 1) * this.pixels);
  }

  /** @param {number} epoch @returns {Float32Array} KL of every dimension, in nats */
  kl(epoch) {
    return rowOf(tensorOf(this.tensors, "kl", "F32"), this.epochs.indexOf(epoch));
  }

  /** @returns {number} the last epoch */
  get last() {
    return this.epochs[this.epochs.length - 1];
  }

  /** @param {number} epoch @returns {number} the epoch if it is here, and the last one otherwise */
  kept(epoch) {
    return this.epochs.includes(epoch) ? epoch : this.last;
  }
}

/** @param {number} epoch @returns {string} as the names of tensors begin */
export const snapshot = (epoch) => String(epoch).padStart(4, "0");
