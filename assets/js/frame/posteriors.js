/** How sure a model is of each image of its film: what the film itself does not hold. */

import { parseSafetensors, tensorOf } from "../engine/safetensors.js";

export class Posteriors {
  /** @param {Uint8Array} bytes safetensors, of E epochs and P images of a film as it has them: `log_variance` (E, P, D) */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    const { log_sigma: logSigma } = JSON.parse(metadata.posteriors);
    /** @type {(number|null)[]|null} by epoch, of a gaussian likelihood */
    this.logSigma = logSigma;
    const { data, shape } = tensorOf(tensors, "log_variance", "F32");
    this.data = data;
    this.points = shape[1];
    this.latentDim = shape[2];
    const reconstruction = tensors.get("reconstruction");
    /** @type {Float32Array|null} nats of each image, epoch after epoch, where the film has none */
    this.reconstruction = reconstruction?.dtype === "F32" ? reconstruction.data : null;
  }

  /** @param {number} frame @param {number} point @returns {Float32Array} the logarithm of the posterior's variances */
  logVariance(frame, point) {
    const from = (frame * this.points + point) * this.latentDim;
    return this.data.subarray(from, from + this.latentDim);
  }
}
