/** The greys of a picture that somebody brings. No DOM. */

import { SPECTRUM_SIDE, boxMean } from "./windows.js";

/** @import { Greys } from "./windows.js" */

const LUMINANCE = [0.299, 0.587, 0.114]; // ITU-R BT.601

/**
 * The greys of a picture along the direction of colour in which it differs most from its surroundings, from the least to
 * the greatest; what is lighter to the eye stays so.
 * @param {Uint8ClampedArray} data red, green, blue and opacity of each pixel @param {number} width @param {number} height
 * @returns {{greys: Greys, levels: number}} levels: how far apart the extremes were, in 255ths of full contrast
 */
export function greysOf(data, width, height) {
  const colours = opaque(data);
  const [r, g, b] = strongestDirection(colours, width, height);
  const values = new Float32Array(width * height);
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0, n = 0; at < values.length; at++, n += 4) {
    const value = r * colours[n] + g * colours[n + 1] + b * colours[n + 2];
    values[at] = value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const levels = (high - low) / Math.sqrt(3);
  const stretched = levels > 0 ? 255 / (high - low) : 0;
  const source = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) source[at] = (values[at] - low) * stretched + 0.5;
  return { greys: { source, width, height }, levels };
}

/**
 * The colours without opacity: what is transparent gets the ground that what is seen stands out against.
 * @param {Uint8ClampedArray} data
 */
function opaque(data) {
  let seen = 0;
  let light = 0;
  for (let at = 0; at < data.length; at += 4) {
    seen += data[at + 3];
    light += data[at + 3] * (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
  }
  if (seen === (255 * data.length) / 4) return data;
  const ground = light > 127.5 * seen ? 0 : 255;
  const out = new Uint8ClampedArray(data.length);
  for (let at = 0; at < data.length; at += 4) {
    const share = data[at + 3] / 255;
    for (let c = 0; c < 3; c++) out[at + c] = share * data[at + c] + (1 - share) * ground;
  }
  return out;
}

/**
 * The first principal component of the differences between each pixel and the mean around it; length 1 in levels.
 * @param {Uint8ClampedArray} colours @param {number} width @param {number} height
 */
function strongestDirection(colours, width, height) {
  // Half as large is fine enough to tell the colour of a thin pen.
  const step = Math.max(width, height) > SPECTRUM_SIDE ? 2 : 1;
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const radius = Math.max(2, Math.round(Math.max(columns, rows) / 8));
  const differences = [0, 1, 2].map((c) => {
    const channel = new Float32Array(columns * rows);
    for (let y = 0, at = c; y < height; y++) {
      const row = ((y / step) | 0) * columns;
      for (let x = 0; x < width; x++, at += 4) channel[row + ((x / step) | 0)] += colours[at];
    }
    const around = boxMean(channel, columns, rows, radius);
    for (let at = 0; at < channel.length; at++) around[at] = channel[at] - around[at];
    return around;
  });
  /** @param {Float32Array} a @param {Float32Array} b */
  const product = (a, b) => {
    let sum = 0;
    for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
    return sum;
  };
  const covariance = differences.map((a) => differences.map((b) => product(a, b)));
  let direction = [...LUMINANCE];
  for (let turn = 0; turn < 30; turn++) {
    const next = covariance.map((row) => row.reduce((sum, value, c) => sum + value * direction[c], 0));
    const length = Math.hypot(...next);
    if (length === 0) break;
    direction = next.map((value) => value / length);
  }
  const lighter = direction.reduce((sum, value, c) => sum + value * LUMINANCE[c], 0);
  return direction.map((value) => (lighter < 0 ? -value : value));
}
