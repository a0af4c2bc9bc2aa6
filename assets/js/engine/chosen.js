/** The images that Python chose, with their codes at every epoch. */

import { parseSafetensors, tensorOf } from "./safetensors.js";

export class Chosen {
  /** @param {Uint8Array} bytes safetensors, as bvae/browser/chosen.py writes it */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    const about = JSON.parse(metadata.chosen);
    /** @type {string} */
    this.key = about.key;
    /** @type {(number|null)[]|null} by epoch, of a gaussian likelihood; null where the epoch's weights are gone */
    this.logSigma = about.log_sigma;
    /** Positions in the test split. */
    this.indices = Array.from(tensorOf(tensors, "indices", "I32").data);
    this.labels = Array.from(tensorOf(tensors, "labels", "I32").data);
    this.images = tensorOf(tensors, "images", "U8").data;
    this.means = tensorOf(tensors, "mean", "F32").data;
    this.logVariances = tensorOf(tensors, "log_variance", "F32").data;
  }
}
