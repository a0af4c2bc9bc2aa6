/** A run as the browser knows it. */

import { bytesOf } from "./bytes.js";
import { Decoder } from "./networks.js";
import { parseSafetensors } from "./safetensors.js";

/**
 * Where a cursor set out from: a test image by its position in the test split, a drawing by its number, or no image.
 * @typedef {{kind: "digit"|"drawing"|"random"|"origin"|"code", index?: number, code?: number[]}} Start
 */

/**
 * A run as the browser knows it: decoders by epoch, and images with their codes. These are the gallery of test images, the
 * same for all that look at the run, and behind it, in places of their own, the guests that Python sends with a cursor.
 */
export class LiveRun {
  /** @param {Uint8Array} bytes safetensors, as pages/parts/live.py writes it */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    /** @type {{key: string, name: string, noun: string, imported: boolean, class_names: string[], layers: object[],
     *   epochs: number[], image_shape: number[], latent_dim: number, order: number[], passive_below: number}} */
    this.about = JSON.parse(metadata.live);
    this.key = this.about.key;
    this.epochs = this.about.epochs;
    this.latentDim = this.about.latent_dim;
    this.imageShape = this.about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.labels = tensors.get("gallery/labels").data;
    this.indices = tensors.get("gallery/indices").data;
    this.tensors = tensors;
    this.guests = []; // {kind, index, label, image, mean, logVariance}, the last two epoch after epoch
    this.decoders = new Map();
    this.whole = false;
  }

  /** Take the weights of the other epochs. @param {Uint8Array} bytes safetensors */
  complete(bytes) {
    for (const [name, tensor] of parseSafetensors(bytes).tensors) this.tensors.set(name, tensor);
    this.whole = true;
  }

  /** @returns {boolean} whether the weights of an epoch are here; without one, those of all */
  has(epoch) {
    return this.whole || epoch === this.epochs.at(-1);
  }

  /** @returns {Decoder} the decoder as it was after `epoch`, made at its first use */
  decoder(epoch) {
    if (!this.decoders.has(epoch)) {
      const prefix = `${snapshot(epoch)}/decoder.`;
      this.decoders.set(epoch, new Decoder(this.about.layers, this.tensors, prefix, this.imageShape));
      // It has laid them out anew. They may be copies of what arrived, where that does not begin at a multiple of four.
      for (const name of this.tensors.keys()) if (name.startsWith(prefix)) this.tensors.delete(name);
    }
    return this.decoders.get(epoch);
  }

  /** Take in images beyond the gallery. @param {object[]} guests as pages/parts/guests.py packs them */
  welcome(guests) {
    for (const guest of guests) {
      if (this.place(guest) >= 0) continue;
      const numbers = (text) => new Float32Array(bytesOf(text).buffer);
      const { kind, index, label, image, mean, log_variance: logVariance } = guest;
      this.admit({ kind, index, label, image: bytesOf(image), mean: numbers(mean), logVariance: numbers(logVariance) });
    }
  }

  /** Take in one, unpacked. */
  admit(guest) {
    if (this.place(guest) < 0) this.guests.push(guest);
  }

  /** @returns {number} where the image that a start is stands among those that are here, −1 if it is none of them */
  place({ kind, index }) {
    const position = kind === "digit" ? this.indices.indexOf(index) : -1;
    if (position >= 0) return position;
    const guest = this.guests.findIndex((each) => each.kind === kind && each.index === index);
    return guest < 0 ? -1 : this.labels.length + guest;
  }

  /** @returns {object|undefined} the guest who has this place, none where it is one of the gallery's */
  guest(position) {
    return this.guests[position - this.labels.length];
  }

  /** @returns {number} the class of an image, −1 of a drawing */
  label(position) {
    return this.guest(position)?.label ?? this.labels[position];
  }

  /** @returns {Float32Array} the code of an image at an epoch: the mean of its posterior */
  mean(epoch, position) {
    const guest = this.guest(position);
    return guest ? this.ofGuest(guest.mean, epoch) : row(this.tensors.get(`${snapshot(epoch)}/mean`), position);
  }

  /** @returns {Float32Array} the logarithm of its posterior's variances */
  logVariance(epoch, position) {
    const guest = this.guest(position);
    if (guest) return this.ofGuest(guest.logVariance, epoch);
    return row(this.tensors.get(`${snapshot(epoch)}/log_variance`), position);
  }

  ofGuest(data, epoch) {
    return row({ data, shape: [this.epochs.length, this.latentDim] }, this.epochs.indexOf(epoch));
  }

  /** @returns {Uint8Array} an image's pixels, 0 to 255 */
  image(position) {
    const { data } = this.tensors.get("gallery/images");
    return this.guest(position)?.image ?? data.subarray(position * this.pixels, (position + 1) * this.pixels);
  }

  /** @returns {Float32Array} KL of every dimension at an epoch, in nats */
  kl(epoch) {
    return row(this.tensors.get("kl"), this.epochs.indexOf(epoch));
  }

  /** @returns {number} an epoch if it is here, and the last one otherwise */
  kept(epoch) {
    return this.epochs.includes(epoch) ? epoch : this.epochs.at(-1);
  }
}

const snapshot = (epoch) => String(epoch).padStart(4, "0");

function row({ data, shape }, index) {
  return data.subarray(index * shape[1], (index + 1) * shape[1]);
}
