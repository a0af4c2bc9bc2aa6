/** The encoders of a run, and the codes of its probe images to search. */

import { Encoder } from "./networks.js";
import { nearestPlace } from "./numbers.js";
import { snapshot } from "./run.js";
import { parseSafetensors, product, tensorOf } from "./safetensors.js";

/** @import { Film } from "./film.js" */
/** @import { Layer } from "./layers.js" */
/** @import { Tensors } from "./safetensors.js" */

/**
 * @typedef {{key: string, layers: Layer[], image_shape: [number, number], log_sigma: Record<number, number|null>}}
 *   EncodersAbout key: of the run; log_sigma: by epoch, of a gaussian likelihood, null for bernoulli
 */

/** @param {Film} film @param {number[]} epochs @param {Tensors} tensors into which its images go, and their codes at these epochs */
function takeImages(film, epochs, tensors) {
  const { images, labels, indices, points, latentDim, imageShape } = film;
  tensors.set("images", { dtype: "U8", shape: [points, ...imageShape], data: images });
  tensors.set("labels", { dtype: "I32", shape: [points], data: labels });
  tensors.set("indices", { dtype: "I32", shape: [points], data: indices });
  for (const epoch of epochs) {
    const from = film.epochs.indexOf(epoch) * points * latentDim;
    if (from < 0) continue;
    const data = Float32Array.from({ length: points * latentDim }, (_, place) => film.number(from + place));
    tensors.set(`${snapshot(epoch)}/mean`, { dtype: "F32", shape: [points, latentDim], data });
  }
}

/** One run's encoders by epoch, made at their first use, and the codes of its probe images. */
export class EncoderShelf {
  /**
   * @param {Uint8Array} bytes safetensors, as bvae/browser/encoders.py writes it
   * @param {Film} [film] has the images and their codes, where the bytes have encoders alone; no others follow then, and at an
   *   epoch without one the nearest stands for it
   */
  constructor(bytes, film) {
    const { metadata, tensors } = parseSafetensors(bytes);
    /** @type {EncodersAbout} */
    this.about = JSON.parse(metadata.encoders);
    if (film) takeImages(film, Object.keys(this.about.log_sigma).map(Number), tensors);
    this.key = this.about.key;
    this.whole = film !== undefined; // whether all have come that ever will
    this.tensors = tensors;
    this.epochs = Object.keys(this.about.log_sigma).map(Number);
    this.labels = tensorOf(tensors, "labels", "I32").data;
    this.indices = tensorOf(tensors, "indices", "I32").data;
    /** @type {Map<number, Encoder>} */
    this.encoders = new Map();
  }

  /** @param {number} asked @returns {number} the epoch whose encoder is meant */
  at(asked) {
    return this.whole ? this.epochs[nearestPlace(this.epochs, asked)] : asked;
  }

  /** @param {number} asked epoch @returns {Encoder|null} null for one that was left out */
  encoder(asked) {
    const epoch = this.at(asked);
    if (!this.epochs.includes(epoch)) return null;
    const { layers, image_shape: shape } = this.about;
    const encoder = this.encoders.get(epoch) ?? new Encoder(layers, this.tensors, `${snapshot(epoch)}/encoder.`, shape);
    this.encoders.set(epoch, encoder);
    return encoder;
  }

  /** @param {number} epoch @returns {number|null} of a gaussian likelihood, null for bernoulli */
  logSigma(epoch) {
    return this.about.log_sigma[this.at(epoch)];
  }

  /** @param {number} position @returns {Uint8Array} a probe image's pixels, 0 to 255 */
  image(position) {
    const { data } = tensorOf(this.tensors, "images", "U8");
    const size = product(this.about.image_shape);
    return data.subarray(position * size, (position + 1) * size);
  }

  /**
   * The probe images whose codes lie nearest to a code, by Euclidean distance over some of the dimensions.
   * @param {number} epoch @param {ArrayLike<number>} code @param {Iterable<number>} dimensions @param {number} count
   * @returns {{position: number, distance: number}[]} nearest first
   */
  nearest(epoch, code, dimensions, count) {
    const { data, shape } = tensorOf(this.tensors, `${snapshot(this.at(epoch))}/mean`, "F32");
    /** @type {{position: number, distance: number}[]} */
    const found = [];
    for (let position = 0; position < shape[0]; position++) {
      let distance = 0;
      for (const dimension of dimensions) distance += (data[position * shape[1] + dimension] - code[dimension]) ** 2;
      if (found.length === count && distance >= found[count - 1].distance) continue;
      const place = found.findIndex((other) => other.distance > distance);
      found.splice(place < 0 ? found.length : place, 0, { position, distance });
      found.length = Math.min(found.length, count);
    }
    return found.map(({ position, distance }) => ({ position, distance: Math.sqrt(distance) }));
  }
}
