/** Where the data are, along a dimension and as a whole. */

import { tensorOf } from "../engine/safetensors.js";

/** @import { LiveRun } from "../engine/run.js" */

export const STEP = 0.05;

/** What bvae/browser/spread.py has measured of a run, at every epoch. */
export class Spread {
  /** @param {LiveRun} run */
  constructor(run) {
    this.run = run;
    this.levels = run.about.quantile_levels;
    this.reach = run.about.reach;
    /** Of each histogram, over all that the sliders reach. */
    this.bins = tensorOf(run.tensors, "density", "U8").shape[2];
    const { order, passive, latent_dim: all } = run.about;
    /** The dimensions that carry something, by falling KL; all of them if none does. */
    this.active = passive < all ? order.slice(0, all - passive) : order;
  }

  /**
   * One row of a tensor of float32 whose first axes are the epochs and, if given, another.
   * @param {string} name @param {number} epoch @param {number} [index]
   */
  part(name, epoch, index) {
    return this.row(tensorOf(this.run.tensors, name, "F32"), epoch, index);
  }

  /**
   * @template {Float32Array|Uint8Array} Numbers
   * @param {{shape: number[], data: Numbers}} tensor @param {number} epoch @param {number} [index]
   * @returns {Numbers}
   */
  row({ shape, data }, epoch, index = 0) {
    const size = shape[shape.length - 1];
    const at = shape.length > 2 ? this.run.epochs.indexOf(epoch) * shape[1] + index : this.run.epochs.indexOf(epoch);
    return /** @type {Numbers} */ (data.subarray(at * size, (at + 1) * size));
  }

  /**
   * The value below which a share of the aggregate posterior lies.
   * @param {number} epoch @param {number} dimension @param {number} level the share, one of `levels`
   */
  quantile(epoch, dimension, level) {
    return this.part("quantiles", epoch, dimension)[this.levels.indexOf(level)];
  }

  /** The first and the last quantile: beyond them are no data. @param {number} epoch @param {number} dimension */
  range(epoch, dimension) {
    const values = this.part("quantiles", epoch, dimension);
    return [values[0], values[values.length - 1]];
  }

  /** @param {number} epoch @param {number} dimension @param {number} value */
  isOutside(epoch, dimension, value) {
    const [low, high] = this.range(epoch, dimension);
    return value < low || value > high;
  }

  /**
   * Mahalanobis distance of a code from the middle of the aggregate posterior, active dimensions only.
   * @param {number} epoch @param {ArrayLike<number>} z
   */
  distance(epoch, z) {
    const centre = this.part("whole/centre", epoch);
    const away = Array.from(centre, (value, i) => z[this.active[i]] - value);
    const squares = away.map((_, i) => {
      const weights = this.part("whole/whitening", epoch, i);
      return away.reduce((sum, value, j) => sum + weights[j] * value, 0) ** 2;
    });
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  }

  /** @param {number} value @returns {number} the nearest to which a slider can go */
  clamp(value) {
    return Math.min(this.reach, Math.max(-this.reach, value));
  }

  /** The distance within which 99 % of the aggregate posterior's codes lie. @param {number} epoch */
  limit(epoch) {
    return tensorOf(this.run.tensors, "whole/limit", "F32").data[this.run.epochs.indexOf(epoch)];
  }

  /**
   * The histogram of the means as an SVG path, one unit wide a bin and 255 high.
   * @param {number} epoch @param {number} dimension
   */
  histogram(epoch, dimension) {
    const counts = this.row(tensorOf(this.run.tensors, "density", "U8"), epoch, dimension);
    let path = "M0 255";
    counts.forEach((count, bin) => {
      path += `V${255 - count}H${bin + 1}`;
    });
    return `${path}V255Z`;
  }
}
