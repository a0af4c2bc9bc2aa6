/** A digit of a picture, drawn for the field as MNIST's are: enlarged or reduced, and its strokes as wide. No DOM. */

import { resample } from "./mnist.js";
import { distances, rewidened, strokeWidth } from "./widths.js";
import { dilated } from "./windows.js";

// Strokes of MNIST's digits as `strokeWidth` measures them, in shares of the digit's longer side: the middle half, around a
// median of 0.115, and nearly all. What is thinner or thicker is brought to the first; a picture that is itself as coarse as
// MNIST's keeps what MNIST's digits may have.
/** @type {Widths} */
const MNIST = { usual: [0.101, 0.136], coarse: [0.066, 0.205] };
const COARSE = 40; // pixels of a digit's longer side
const RIM = 2; // pixels of the picture around a digit, for its soft edge
const MARGIN = 0.08; // around a digit, for what its strokes may gain; of its longer side
const GRAIN = 0.015;
const BLOT = 0.45; // of the longer side: no stroke any more

/** @import { Box } from "./parts.js" */
/** @import { Strokes } from "./strokes.js" */

/**
 * @typedef {{ink: Uint8Array, width: number, height: number}} Ink in a box of its own, 0 to 255
 * @typedef {{usual: [number, number], coarse: [number, number]}} Widths from and to which strokes are wide, in shares of the
 *   longer side of what they make; coarse: likewise, of a picture with few pixels
 */

/**
 * @param {Pick<Strokes, "soft"|"labels"|"width"|"height"|"figures">} strokes
 * @param {number} chosen which figure, from 0
 * @param {number} side of the longer side of the digit in the result, in pixels
 * @param {boolean} match bring strokes to these widths
 * @param {Widths} [widths] MNIST's, unless told
 * @returns {{ink: Uint8Array, width: number, height: number, left: number, top: number, before: number, after: number, coarse?: boolean}} left, top:
 *   where it lies on the picture at this scale; before, after: the width of its strokes, as shares of its longer side; coarse: it has pixels as
 *   large as MNIST's, and they are left alone
 */
export function fitted({ soft, labels, width, height, figures }, chosen, side, match, widths = MNIST) {
  const box = figures[chosen];
  // A line thinner than the picture's pixels is nowhere as dark as its pen.
  const gain = box.stroke < 3 && box.stroke < 0.04 * box.long ? 1.8 : 1;
  const own = ownInk(soft, labels, width, height, chosen + 1, box, gain);
  // The stroke's own width adds to the digit's size, so that the size is not known before the width.
  const scale = side / (Math.max(own.width, own.height) - 2 * RIM);
  const rough = scaled(own, scale, MARGIN * side);
  const place = { left: box.left * scale - rough.edge, top: box.top * scale - rough.edge };
  if (!match) return { ...rough, ...place, before: 0, after: 0 };
  // The grain of a pencil leaves holes that are none of the digit's.
  const coarse = box.long < COARSE;
  const grain = coarse ? 0 : Math.round(GRAIN * side);
  if (grain)
    rough.ink = dilated(dilated(rough.ink, rough.width, rough.height, grain), rough.width, rough.height, grain, 255);
  const inside = distances(rough.ink, rough.width, rough.height, false);
  const stroke = strokeWidth(inside, rough.width, rough.height);
  const long = side - stroke; // of the middle line
  const [narrow, wide] = (coarse ? widths.coarse : widths.usual).map((share) => (share * long) / (1 - share));
  const before = stroke / side;
  const wanted = before < BLOT ? Math.min(wide, Math.max(narrow, stroke)) : stroke;
  const more = (wanted - stroke) / 2;
  if (coarse && wanted === stroke)
    return { ...scaled(own, scale, MARGIN * side, true), ...place, before, after: before, coarse };
  if (Math.abs(more) < 0.25) return { ...rough, ...place, before, after: before };
  const ink = rewidened(rough.ink, inside, rough.width, rough.height, more);
  return { ink, width: rough.width, height: rough.height, ...place, before, after: wanted / (long + wanted) };
}

/**
 * The ink of one figure with the soft edge around it, in a box of its own.
 * @param {Uint8Array} soft @param {Int8Array} labels @param {number} width @param {number} height @param {number} label
 * @param {Box} box @param {number} gain
 * @returns {Ink}
 */
function ownInk(soft, labels, width, height, label, { left, right, top, bottom }, gain) {
  const columns = right - left + 2 * RIM;
  const rows = bottom - top + 2 * RIM;
  const ink = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [u, v] = [left - RIM + x, top - RIM + y];
      if (u < 0 || v < 0 || u >= width || v >= height) continue;
      let own = false;
      for (let dy = -1; dy <= 1 && !own; dy++) {
        for (let dx = -1; dx <= 1 && !own; dx++) {
          own =
            u + dx >= 0 &&
            u + dx < width &&
            v + dy >= 0 &&
            v + dy < height &&
            labels[(v + dy) * width + u + dx] === label;
        }
      }
      if (own) ink[y * columns + x] = Math.min(255, gain * soft[v * width + u]);
    }
  }
  return { ink, width: columns, height: rows };
}

/**
 * Reduced to means over areas, or enlarged in blocks or with bilinear interpolation, with a margin for what strokes may gain.
 * @param {Ink} own @param {number} scale @param {number} margin pixels @param {boolean} [blocks]
 * @returns {Ink & {edge: number}} edge: the margin in whole pixels
 */
function scaled({ ink, width, height }, scale, margin, blocks = scale <= 1) {
  const edge = Math.ceil(margin);
  const columns = Math.ceil((width - 2 * RIM) * scale) + 2 * edge;
  const rows = Math.ceil((height - 2 * RIM) * scale) + 2 * edge;
  const out = new Uint8Array(columns * rows);
  if (blocks) {
    const means = resample(ink, width, height, RIM - edge / scale, RIM - edge / scale, 1 / scale, columns, rows);
    for (let at = 0; at < out.length; at++) out[at] = Math.round(means[at]);
    return { ink: out, width: columns, height: rows, edge };
  }
  /** @param {number} x @param {number} y */
  const value = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : ink[y * width + x]);
  for (let r = 0, at = 0; r < rows; r++) {
    const v = RIM + (r - edge + 0.5) / scale - 0.5;
    const y = Math.floor(v);
    for (let c = 0; c < columns; c++, at++) {
      const u = RIM + (c - edge + 0.5) / scale - 0.5;
      const x = Math.floor(u);
      const high = value(x, y) * (x + 1 - u) + value(x + 1, y) * (u - x);
      const low = value(x, y + 1) * (x + 1 - u) + value(x + 1, y + 1) * (u - x);
      out[at] = Math.round(high * (y + 1 - v) + low * (v - y));
    }
  }
  return { ink: out, width: columns, height: rows, edge };
}
