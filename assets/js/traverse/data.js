/**
 * Where the data are along a dimension and as a whole, and what a dimension moves.
 */

import { number } from "../engine/numbers.js";
import { Picture } from "../shared/pictures.js";

export const LIMIT = 4; // sliders reach from −4 to 4: beyond lies one code in 16,000 of the prior
export const STEP = 0.05;

export const clamp = (value) => Math.min(LIMIT, Math.max(-LIMIT, value));

/** What pages/parts/spread.py has measured of a run, at every epoch. */
export class Spread {
  constructor(run) {
    this.run = run;
    this.levels = run.about.quantile_levels;
    const { order, passive, latent_dim: all } = run.about;
    /** The dimensions that carry something, by falling KL; all of them if none does. */
    this.active = passive < all ? order.slice(0, all - passive) : order;
  }

  /** One row of a tensor whose first axes are the epochs and, if given, another. */
  part(name, epoch, index = 0) {
    const { data, shape } = this.run.tensors.get(name);
    const size = shape.at(-1);
    const at = shape.length > 2 ? this.run.epochs.indexOf(epoch) * shape[1] + index : this.run.epochs.indexOf(epoch);
    return data.subarray(at * size, (at + 1) * size);
  }

  /** @returns {number} the value below which this share of the aggregate posterior lies */
  quantile(epoch, dimension, level) {
    return this.part("quantiles", epoch, dimension)[this.levels.indexOf(level)];
  }

  /** @returns {Float32Array|number[]} the first and the last quantile: beyond them are no data */
  range(epoch, dimension) {
    const values = this.part("quantiles", epoch, dimension);
    return [values[0], values[values.length - 1]];
  }

  isOutside(epoch, dimension, value) {
    const [low, high] = this.range(epoch, dimension);
    return value < low || value > high;
  }

  /** @returns {number} Mahalanobis distance of a code from the middle of the aggregate posterior, active dimensions only */
  distance(epoch, z) {
    const centre = this.part("whole/centre", epoch);
    const away = Array.from(centre, (value, i) => z[this.active[i]] - value);
    const squares = away.map((_, i) => {
      const weights = this.part("whole/whitening", epoch, i);
      return away.reduce((sum, value, j) => sum + weights[j] * value, 0) ** 2;
    });
    return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  }

  /** @returns {number} the distance within which 99 % of the aggregate posterior's codes lie */
  limit(epoch) {
    return this.run.tensors.get("whole/limit").data[this.run.epochs.indexOf(epoch)];
  }

  /** @returns {string} an SVG path of the histogram of the means, one unit wide a bin and 255 high */
  histogram(epoch, dimension) {
    const counts = this.part("density", epoch, dimension);
    let path = "M0 255";
    counts.forEach((count, bin) => (path += `V${255 - count}H${bin + 1}`));
    return `${path}V255Z`;
  }
}

// The stops of the colour map "inferno", from nothing to most.
const HEAT_COLOURS = ["#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4"];
const HEAT_STEP = 0.001; // of the central difference, in units of z
const HEAT_FULL = 1; // of the scale: black turns white within one unit of z
const PLACES = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]];

/** |∂x/∂z_j| of every pixel as a small picture: central differences of the decoder, one decode at a time. */
export class Heat {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas, run) {
    this.picture = new Picture(canvas, run.imageShape);
    this.canvas = canvas;
    this.shape = run.imageShape;
    this.code = new Float32Array(run.latentDim);
    this.above = new Float32Array(run.pixels);
    this.below = new Float32Array(run.pixels);
    this.colours = heatTable();
    this.half = false;
  }

  /** Do one half of the work. @returns {boolean} whether the picture is drawn, else call again for the other half */
  step(decoder, z, dimension) {
    if (!this.half) {
      Object.assign(this, { decoder, dimension });
      this.code.set(z);
      this.code[dimension] = this.high = z[dimension] + HEAT_STEP;
      decoder.decode(this.code, this.above);
      this.code[dimension] = this.low = z[dimension] - HEAT_STEP;
    } else {
      this.decoder.decode(this.code, this.below);
      this.draw(Math.fround(this.high) - Math.fround(this.low)); // as the code has rounded them
    }
    this.half = !this.half;
    return !this.half;
  }

  draw(width) {
    const { packed, frame, context } = this.picture;
    const columns = this.shape[1];
    let sum = 0, x = 0, y = 0;
    this.largest = 0;
    for (let i = 0; i < packed.length; i++) {
      const slope = Math.abs(this.above[i] - this.below[i]) / width;
      packed[i] = this.colours[Math.min(255, Math.round((slope / HEAT_FULL) * 255))];
      this.largest = Math.max(this.largest, slope);
      sum += slope;
      x += slope * (i % columns);
      y += slope * Math.floor(i / columns);
    }
    context.putImageData(frame, 0, 0);
    const third = (value, size) => Math.min(2, Math.floor((3 * (value / (sum || 1) + 0.5)) / size));
    this.place = PLACES[third(y, this.shape[0])][third(x, columns)];
  }

  /** What the picture shows, in words. */
  text() {
    const what = `What z${this.dimension} moves, |∂x/∂z${this.dimension}|`;
    if (this.largest < 0.005) return `${what}: nothing. No pixel changes by 0.005 a unit.`;
    return `${what}: up to ${number(this.largest)} a unit, most around the ${this.place}.`;
  }
}

/** 256 colours as a canvas keeps them. */
function heatTable() {
  const stops = HEAT_COLOURS.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(at));
    const between = (from, part) => Math.round(from + (at - left) * (stops[left + 1][part] - from));
    const [red, green, blue] = stops[left].map(between);
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  });
}
