/**
 * A picture that somebody brings, from its greys to ink on even paper. No DOM: typed arrays go in and come out.
 *
 * What is ink is decided by size, not by place: a stroke is what vanishes when the picture is closed with a window
 * somewhat wider than a stroke (dilation, then erosion: Serra, Image Analysis and Mathematical Morphology, 1982), and the
 * closed picture is the paper, with its shadows, its table and all else that is wider.
 */

import {
  SPECTRUM_SIDE,
  boxMean,
  closed,
  closedOverEdge,
  countsOf,
  dilated,
  dilatedRows,
  greyQuantile,
  medians,
  quantile,
  reduced,
} from "./windows.js";

/** @import { Greys } from "./windows.js" */

const RADII = [1, 2, 4, 7, 11, 17, 26]; // of windows, on a picture of SPECTRUM_SIDE
const IMPULSE = 60; // grey levels by which a pixel stands out from all eight around it
const IMPULSES = 0.003; // of all pixels; dust is less
const GRAINY = 10; // grey levels
const UNEVEN = 25; // grey levels
const BLOCK = 4; // pixels: the strength of ink changes slowly over a picture

/**
 * How much that is dark each window fills beyond the one before it, over the middle of the picture or all of it.
 *
 * What is light and much narrower than a window is cut off before: grains within a stroke do not make it many strokes, and
 * lines and dust do not make the paper between them strokes.
 * @param {Greys} picture @param {number} noise grey levels that count for nothing
 * @param {number} margin the share of each side that is left out
 * @returns {{radius: number, filled: number}[]}
 */
function spectrum({ source, width, height }, noise, margin) {
  const side = Math.max(width, height);
  const radii = [...new Set(RADII.map((radius) => Math.max(1, Math.round((radius * side) / SPECTRUM_SIDE))))];
  let before = 0;
  return radii.map((radius) => {
    const whole = radius < 4 ? source : closed(source, width, height, radius >> 2, 255);
    const filled = closed(whole, width, height, radius);
    let sum = 0;
    for (let y = Math.round(margin * height); y < (1 - margin) * height; y++) {
      for (let x = Math.round(margin * width); x < (1 - margin) * width; x++) {
        const depth = filled[y * width + x] - whole[y * width + x] - noise;
        if (depth > 0) sum += depth;
      }
    }
    const more = Math.max(0, sum - before);
    before = Math.max(sum, before);
    return { radius, filled: more };
  });
}

/**
 * How far single pixels stand out from all four beside them, in the less marked of both directions: ink stands out in one.
 * @param {Greys} picture
 */
function noiseOf({ source, width, height }) {
  const dips = new Uint8Array(source.length);
  const bumps = new Uint8Array(source.length);
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at++) {
      const value = source[at];
      const [a, b, c, d] = [source[at - 1], source[at + 1], source[at - width], source[at + width]];
      const least = Math.min(a, b, c, d);
      const most = Math.max(a, b, c, d);
      if (least > value) dips[at] = least - value;
      else if (value > most) bumps[at] = value - most;
    }
  }
  return Math.min(greyQuantile(dips, 0.97), greyQuantile(bumps, 0.97));
}

/**
 * A picture whose pixels are now and then white or black for no reason, without these; any other is left as it is.
 * @param {Greys} picture
 */
export function withoutImpulses(picture) {
  const { source, width, height } = picture;
  let count = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * width + 1; at < (y + 1) * width - 1; at++) {
      const value = source[at];
      let least = 255;
      let most = 0;
      for (let row = at - width; row <= at + width; row += width) {
        for (let near = row - 1; near <= row + 1; near++) {
          if (near === at) continue;
          if (source[near] < least) least = source[near];
          if (source[near] > most) most = source[near];
        }
      }
      if (least - value > IMPULSE || value - most > IMPULSE) count++;
    }
  }
  return count > IMPULSES * source.length ? medians(picture) : picture;
}

/**
 * Whether the ink of a picture is dark. Ink is the thin minority: of the differences between each pixel and the mean around it,
 * its are few and large, and so their cubes decide. Noise and the edge of a shadow are the same in both directions.
 * @param {Greys} picture @param {{light: boolean}|null} sheet what `sheetOf` found on it
 */
export function isDarkOnLight(picture, sheet) {
  if (sheet) return sheet.light;
  const { source, width, height } = reduced(picture);
  const around = boxMean(
    Float32Array.from(source),
    width,
    height,
    Math.max(2, Math.round(Math.max(width, height) / 4)),
  );
  let cubes = 0;
  for (let at = 0; at < source.length; at++) cubes += (source[at] - around[at]) ** 3;
  return cubes <= 0;
}

/**
 * How far each pixel is from the paper around it towards ink, and how far ink is.
 * @param {Greys} picture with what is sought dark
 * @param {"around"|"usual"|"lightest"} paper estimated around each pixel, or the same everywhere: what most pixels are near to, or
 *   the lightest
 * @returns {{ink: Float32Array, strength: Float32Array, noise: number, typical: number, uneven: boolean}} ink: in grey levels, below 0
 *   where the paper is cleaner than on average; strength: of ink around each pixel; noise: one standard deviation of the
 *   paper; typical: the strength of most ink; uneven: whether the paper is lighter in one place than in another
 */
export function inkOf(picture, paper) {
  const { width, height } = picture;
  // Most noise can be told beforehand, which saves a turn.
  let greys = noiseOf(picture) > GRAINY ? smoothed(picture) : picture;
  for (let turn = 0; ; turn++) {
    const { ink, uneven } = paper === "around" ? againstPaperAround(greys) : againstOnePaper(greys.source, paper);
    const noise = noiseBelow(ink);
    const typical = typicalInk(ink, noise);
    if (turn === 3 || noise <= 0.1 * typical) {
      const most = Math.max(1, typical, quantile(ink, 0.998));
      const strength =
        paper === "around"
          ? strengthAround(ink, width, height, typical, noise)
          : new Float32Array(ink.length).fill(most);
      return { ink, strength, noise, typical, uneven };
    }
    greys = smoothed(greys);
  }
}

/** @param {Greys} picture @returns {Greys} */
function smoothed({ source, width, height }) {
  const means = boxMean(Float32Array.from(source), width, height, 1);
  const out = new Uint8Array(means.length);
  for (let at = 0; at < out.length; at++) out[at] = means[at] + 0.5;
  return { source: out, width, height };
}

/** @param {Uint8Array} source @param {"usual"|"lightest"} paper */
function againstOnePaper(source, paper) {
  const level =
    paper === "lightest" ? source.reduce((high, value) => Math.max(high, value), 0) : modeOf(countsOf(source));
  return { ink: Float32Array.from(source, (value) => level - value), uneven: false };
}

/** The grey that most pixels are near to. @param {Uint32Array} counts of the 256 greys */
function modeOf(counts) {
  let best = { grey: 0, near: -1 };
  for (let grey = 0; grey < 256; grey++) {
    let near = 0;
    for (let far = -8; far <= 8; far++) near += (9 - Math.abs(far)) * (counts[grey + far] ?? 0);
    if (near > best.near) best = { grey, near };
  }
  return best.grey;
}

/** @param {Greys} greys */
function againstPaperAround(greys) {
  const { source, width, height } = greys;
  const small = reduced(greys);
  const sizes = spectrum(small, noiseOf(small), 0.15);
  const most = sizes.reduce((high, { filled }) => Math.max(high, filled), 0);
  const widest = sizes.findLast(({ filled }) => filled >= 0.2 * most)?.radius ?? 1;
  const side = Math.max(width, height);
  const wanted = (1.5 * widest * side) / Math.max(small.width, small.height);
  const radius = Math.round(Math.max(2, 0.03 * side, Math.min(0.14 * side, wanted)));
  const paper = closedOverEdge(withPaperEdge(greys, 2 * radius), width, height, radius);
  // Of noisy paper the closed picture shows the lightest grains: the mean of what is no ink is brought to 0.
  const depths = new Uint8Array(source.length);
  for (let at = 0; at < source.length; at++) depths[at] = paper[at] - source[at];
  copyEdge(depths, width, height); // whose paper was made up
  const grain = grainOf(countsOf(depths));
  const plain = new Float32Array(source.length);
  const counted = new Float32Array(source.length);
  for (let at = 0; at < source.length; at++) {
    if (depths[at] > grain) continue;
    plain[at] = depths[at];
    counted[at] = 1;
  }
  const sum = boxMean(plain, width, height, radius);
  const count = boxMean(counted, width, height, radius);
  // Light and shade multiply: in the shade, ink is nearer to its paper.
  for (let at = 0; at < source.length; at++) {
    plain[at] = ((depths[at] - sum[at] / Math.max(0.05, count[at])) * 255) / (paper[at] + 64);
  }
  return { ink: plain, uneven: greyQuantile(paper, 0.99) - greyQuantile(paper, 0.01) > UNEVEN };
}

/**
 * How deep paper's own grain goes, at most: what is less deep than most of it says how much it varies.
 * @param {Uint32Array} counts of the 256 depths
 */
function grainOf(counts) {
  const usual = modeOf(counts);
  let squares = 0;
  let count = 0;
  for (let depth = 0; depth <= usual; depth++) {
    squares += counts[depth] * (usual - depth) ** 2;
    count += counts[depth];
  }
  return usual + 2 + 3 * Math.sqrt(squares / Math.max(1, count));
}

/**
 * The edge of a picture, where a stroke touches it, as if paper went on: so a stroke has paper on both its sides. No lighter
 * than the picture is near by.
 * @param {Greys} picture @param {number} radius
 */
function withPaperEdge({ source, width, height }, radius) {
  const out = source.slice();
  /** @param {number} start @param {number} step @param {number} count @param {number} inwards @param {number} depth */
  const along = (start, step, count, inwards, depth) => {
    const line = new Uint8Array(count);
    const deep = new Uint8Array(count); // the lightest from each pixel of the edge inwards
    for (let n = 0; n < count; n++) {
      line[n] = source[start + n * step];
      for (let far = 0; far < Math.min(depth, radius); far++) {
        deep[n] = Math.max(deep[n], source[start + n * step + far * inwards]);
      }
    }
    const near = dilatedRows(deep, count, 1, radius, 0);
    const reach = Math.ceil(0.5 * count);
    const whole = dilatedRows(dilatedRows(line, count, 1, reach, 0), count, 1, reach, 255);
    for (let n = 0, at = start; n < count; n++, at += step) {
      if (whole[n] > out[at] + 2) out[at] = Math.max(out[at], Math.min(whole[n], near[n]));
    }
  };
  along(0, 1, width, width, height);
  along((height - 1) * width, 1, width, -width, height);
  along(0, width, height, 1, width);
  along(width - 1, width, height, -1, width);
  return out;
}

/** @param {Uint8Array} values @param {number} width @param {number} height */
function copyEdge(values, width, height) {
  if (width < 3 || height < 3) return;
  for (let y = 0; y < height; y++) {
    values[y * width] = values[y * width + 1];
    values[(y + 1) * width - 1] = values[(y + 1) * width - 2];
  }
  values.copyWithin(0, width, 2 * width);
  values.copyWithin((height - 1) * width, (height - 2) * width, (height - 1) * width);
}

/** One standard deviation of the paper, from what is lighter than its mean. @param {Float32Array} ink */
function noiseBelow(ink) {
  const below = new Float32Array(ink.length);
  let count = 0;
  for (let at = 0; at < ink.length; at++) if (ink[at] < 0) below[count++] = -ink[at];
  return count < 0.02 * ink.length ? 0 : quantile(below, 0.68, count);
}

/**
 * The mean strength of what is no noise, each pixel counted by its strength: much pale ink does not hide a little dark.
 * @param {Float32Array} ink @param {number} noise
 */
function typicalInk(ink, noise) {
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < ink.length; at++) {
    if (ink[at] <= 3 * noise + 2) continue;
    sum += ink[at];
    squares += ink[at] ** 2;
  }
  return sum ? squares / sum : 0;
}

/**
 * The greatest ink in the wider surroundings, and so how dark the pen is in this light.
 * @param {Float32Array} ink @param {number} width @param {number} height @param {number} typical @param {number} noise
 */
function strengthAround(ink, width, height, typical, noise) {
  const least = Math.max(0.35 * typical, 4 * noise);
  const most = 1.5 * typical;
  const columns = Math.ceil(width / BLOCK);
  const rows = Math.ceil(height / BLOCK);
  const blocks = new Uint8Array(columns * rows);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const block = ((y / BLOCK) | 0) * columns + ((x / BLOCK) | 0);
      const value = Math.min(255, ink[y * width + x]);
      if (value > blocks[block]) blocks[block] = value;
    }
  }
  const radius = Math.max(1, Math.round(0.1 * Math.max(columns, rows)));
  const around = boxMean(Float32Array.from(dilated(blocks, columns, rows, radius)), columns, rows, radius);
  const out = new Float32Array(ink.length);
  for (let y = 0; y < height; y++) {
    const v = Math.min(rows - 1, Math.max(0, (y + 0.5) / BLOCK - 0.5));
    const top = Math.min(rows - 1, Math.floor(v));
    const bottom = Math.min(rows - 1, top + 1);
    for (let x = 0; x < width; x++) {
      const u = Math.min(columns - 1, Math.max(0, (x + 0.5) / BLOCK - 0.5));
      const left = Math.floor(u);
      const right = Math.min(columns - 1, left + 1);
      const high = around[top * columns + left] * (left + 1 - u) + around[top * columns + right] * (u - left);
      const low = around[bottom * columns + left] * (left + 1 - u) + around[bottom * columns + right] * (u - left);
      out[y * width + x] = Math.max(least, Math.min(most, high * (top + 1 - v) + low * (v - top)));
    }
  }
  return out;
}
