/** The encoders of a run, and the codes of its probe images to search. */

import { Encoder } from "./networks.js";
import { parseSafetensors } from "./safetensors.js";

/** One run's encoders by epoch, made at their first use, and the codes of its probe images. */
export class EncoderShelf {
  /** @param {Uint8Array} bytes safetensors, as pages/parts/encoders.py writes it */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    this.about = JSON.parse(metadata.encoders);
    this.key = this.about.key;
    this.tensors = tensors;
    this.epochs = Object.keys(this.about.log_sigma).map(Number);
    this.labels = tensors.get("labels").data;
    this.indices = tensors.get("indices").data;
    this.encoders = new Map();
  }

  /** @returns {Encoder|null} null for an epoch that was left out */
  encoder(epoch) {
    if (!this.epochs.includes(epoch)) return null;
    if (!this.encoders.has(epoch)) {
      const { layers, image_shape: shape } = this.about;
      this.encoders.set(epoch, new Encoder(layers, this.tensors, `${padded(epoch)}/encoder.`, shape));
    }
    return this.encoders.get(epoch);
  }

  logSigma(epoch) {
    return this.about.log_sigma[epoch];
  }

  image(position) {
    const { data, shape } = this.tensors.get("images");
    const size = shape[1] * shape[2];
    return data.subarray(position * size, (position + 1) * size);
  }

  /**
   * The probe images whose codes lie nearest to a code, by Euclidean distance over some of the dimensions.
   * @returns {{position: number, distance: number}[]} nearest first
   */
  nearest(epoch, code, dimensions, count) {
    const { data, shape } = this.tensors.get(`${padded(epoch)}/mean`);
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

const padded = (epoch) => String(epoch).padStart(4, "0");
