/** The parts of the bound for one image, in nats, as in bvae/objective.py. */

/**
 * −log p(x|z), summed over pixels.
 * @param {ArrayLike<number>} logits of the pixel means @param {Uint8Array} image bytes
 * @param {number|null} logSigma of a gaussian likelihood, null for bernoulli
 */
export function reconstructionNats(logits, image, logSigma) {
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    const l = logits[i];
    const x = image[i] / 255;
    if (logSigma === null) {
      sum += Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l))) - l * x;
    } else {
      const error = 1 / (1 + Math.exp(-l)) - x;
      sum += (error * error) / (2 * Math.exp(2 * logSigma)) + logSigma + 0.5 * Math.log(2 * Math.PI);
    }
  }
  return sum;
}

/**
 * KL(q(z|x) ‖ N(0, I)), summed over dimensions.
 * @param {ArrayLike<number>} mean @param {ArrayLike<number>} logVariance
 */
export function klNats(mean, logVariance) {
  let sum = 0;
  for (let j = 0; j < mean.length; j++) sum += mean[j] ** 2 + Math.exp(logVariance[j]) - 1 - logVariance[j];
  return sum / 2;
}

/**
 * Entropy of the grey values: the least that a Bernoulli reconstruction of the image can be.
 * @param {Uint8Array} image bytes
 */
export function floorNats(image) {
  let sum = 0;
  for (const byte of image) {
    if (byte === 0 || byte === 255) continue;
    const p = byte / 255;
    sum -= p * Math.log(p) + (1 - p) * Math.log(1 - p);
  }
  return sum;
}
