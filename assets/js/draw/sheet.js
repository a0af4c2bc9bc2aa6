/** A sheet of paper that lies on something else: a table, the black of a scanner, a coloured ground. No DOM. */

import { boxMean, reduced } from "./windows.js";

const LEAST_SHEET = 0.06; // of the picture
const RECTANGULAR = 0.85;
const LEAST_OTHER = 0.4; // of what is around a sheet is no paper of its kind
const LEAST_PAPER = 0.5; // of what is within its outline
const MOST_LONG = 2.5; // times as long as wide: more is a strip between two lines
const STROKES = 8; // twice the 4 of a square, and so more than the holes of an 8 in straight lines
const LEAST_AROUND = 0.75; // of the picture's edge that is not the sheet's

/** @import { Greys } from "./windows.js" */

/**
 * @typedef {{light: boolean, outside: Uint8Array, columns: number, rows: number}} Sheet outside: 1 for what is not the
 *   sheet's, in a coarser grid of columns × rows
 * @typedef {object} Region connected pixels of one kind
 * @property {number} label
 * @property {number} kind 1 for light, 0 for dark
 * @property {number} first its first pixel
 * @property {number} area
 * @property {number} edge how many of its pixels have a neighbour of the other kind, and one more
 * @property {number} along how many lie on the picture's edge
 * @property {number} left
 * @property {number} right the first column that is not its own
 * @property {number} top
 * @property {number} bottom likewise
 */

/**
 * The sheet is of one kind, light or dark, has what is not around it, and a stroke of the other kind within: something long
 * for its width, which the hole of a 0 or an 8 is not.
 * @param {Greys} picture
 * @returns {Sheet|null}
 */
export function sheetOf(picture) {
  const small = reduced(picture);
  const level = between(small.source);
  // Where the light falls off over the sheet, the level lies among its own greys.
  const levels = [
    level,
    between(small.source.filter((value) => value <= level)),
    between(small.source.filter((value) => value > level)),
  ];
  for (const one of levels) {
    const found = sheetAt(small, one);
    if (found) return found;
  }
  return null;
}

/** @param {Greys} picture @param {number} level @returns {Sheet|null} */
function sheetAt({ source, width, height }, level) {
  const kinds = source.map((value) => (value > level ? 1 : 0));
  const { labels, regions } = regionsOf(kinds, width, height);
  const sheets = regions.filter(
    ({ area, along }) => area > LEAST_SHEET * width * height && along < (1 - LEAST_AROUND) * 2 * (width + height),
  );
  for (const sheet of sheets.sort((a, b) => b.area - a.area)) {
    const around = outsideOf(labels, sheet.label, width, height);
    if (isOutline(sheet, kinds, around) || rectangularity(around, width, height) < RECTANGULAR) continue;
    const sides = [sheet.right - sheet.left, sheet.bottom - sheet.top];
    const size = Math.max(...sides);
    if (size > MOST_LONG * Math.min(...sides)) continue;
    // How many times as long as wide the strokes on it are, all in all.
    const length = regions.reduce((sum, region) => {
      if (region.kind === sheet.kind || around[region.first] || region.along) return sum;
      const long = Math.max(region.right - region.left, region.bottom - region.top);
      return long > 0.15 * size ? sum + region.edge ** 2 / (4 * region.area) : sum;
    }, 0);
    if (length <= STROKES) continue;
    let outside = around;
    for (let turn = 0; turn < 3; turn++) outside = narrowed(outside, width, height);
    return { light: sheet.kind === 1, outside, columns: width, rows: height };
  }
  return null;
}

/** The level that parts a picture's greys best into two kinds (Otsu, 1979). @param {Uint8Array} source */
function between(source) {
  const counts = new Float64Array(256);
  for (const value of source) counts[value]++;
  let whole = 0;
  for (let value = 0; value < 256; value++) whole += value * counts[value];
  let best = { level: 127, score: -1 };
  let below = 0;
  let sum = 0;
  for (let level = 0; level < 255; level++) {
    below += counts[level];
    sum += level * counts[level];
    const above = source.length - below;
    if (!below || !above) continue;
    const score = below * above * (sum / below - (whole - sum) / above) ** 2;
    if (score > best.score) best = { level, score };
  }
  return best.level;
}

/**
 * @param {Uint8Array} kinds @param {number} width @param {number} height
 * @returns {{labels: Int32Array, regions: Region[]}} labels: of each pixel's region
 */
function regionsOf(kinds, width, height) {
  const labels = new Int32Array(kinds.length).fill(-1);
  const stack = new Int32Array(kinds.length);
  /** @type {Region[]} */
  const regions = [];
  for (let first = 0; first < kinds.length; first++) {
    if (labels[first] >= 0) continue;
    const kind = kinds[first];
    const label = regions.length;
    const region = { label, kind, first, area: 0, edge: 1, along: 0, left: width, right: 0, top: height, bottom: 0 };
    let held = 1;
    stack[0] = first;
    labels[first] = label;
    while (held) {
      const at = stack[--held];
      const x = at % width;
      const y = (at - x) / width;
      region.area++;
      region.left = Math.min(region.left, x);
      region.right = Math.max(region.right, x + 1);
      region.top = Math.min(region.top, y);
      region.bottom = Math.max(region.bottom, y + 1);
      if (x === 0 || y === 0 || x === width - 1 || y === height - 1) region.along++;
      let outer = false;
      /** @type {[near: number, there: boolean][]} */
      const beside = [
        [at - 1, x > 0],
        [at + 1, x < width - 1],
        [at - width, y > 0],
        [at + width, y < height - 1],
      ];
      for (const [near, there] of beside) {
        if (!there) continue;
        if (kinds[near] !== kind) outer = true;
        else if (labels[near] < 0) {
          labels[near] = label;
          stack[held++] = near;
        }
      }
      if (outer) region.edge++;
    }
    regions.push(region);
  }
  return { labels, regions };
}

/**
 * What can be reached from the picture's edge without crossing a region.
 * @param {Int32Array} labels @param {number} label @param {number} width @param {number} height
 */
function outsideOf(labels, label, width, height) {
  const outside = new Uint8Array(labels.length);
  /** @type {number[]} */
  const stack = [];
  /** @param {number} at */
  const reach = (at) => {
    if (outside[at] || labels[at] === label) return;
    outside[at] = 1;
    stack.push(at);
  };
  for (let x = 0; x < width; x++) [x, (height - 1) * width + x].forEach(reach);
  for (let y = 0; y < height; y++) [y * width, y * width + width - 1].forEach(reach);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % width;
    if (x > 0) reach(at - 1);
    if (x < width - 1) reach(at + 1);
    if (at >= width) reach(at - width);
    if (at < labels.length - width) reach(at + width);
  }
  return outside;
}

/**
 * Whether a region is a box that is drawn on paper, or the paper within one.
 * @param {Region} region @param {Uint8Array} kinds @param {Uint8Array} around
 */
function isOutline({ kind, area }, kinds, around) {
  let outside = 0;
  let other = 0;
  for (let at = 0; at < kinds.length; at++) {
    if (!around[at]) continue;
    outside++;
    if (kinds[at] !== kind) other++;
  }
  return other < LEAST_OTHER * outside || area < LEAST_PAPER * (kinds.length - outside);
}

/**
 * Of the smallest rectangle around what is inside, at any angle, the share that is inside: 0.79 for a 0.
 * @param {Uint8Array} outside @param {number} width @param {number} height
 */
function rectangularity(outside, width, height) {
  const rim = [];
  let area = 0;
  for (let y = 0, at = 0; y < height; y++) {
    let left = -1;
    let right = -1;
    for (let x = 0; x < width; x++, at++) {
      if (outside[at]) continue;
      area++;
      if (left < 0) left = x;
      right = x;
    }
    if (left >= 0) rim.push([left, y], [right + 1, y], [left, y + 1], [right + 1, y + 1]);
  }
  let least = Infinity;
  for (let angle = 0; angle < 90; angle += 3) {
    const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const [x, y] of rim) {
      const u = x * cos + y * sin;
      const v = y * cos - x * sin;
      if (u < left) left = u;
      if (u > right) right = u;
      if (v < top) top = v;
      if (v > bottom) bottom = v;
    }
    least = Math.min(least, (right - left) * (bottom - top));
  }
  return area / least;
}

/** What is inside, without the pixels at its edge. @param {Uint8Array} outside @param {number} width @param {number} height */
function narrowed(outside, width, height) {
  return outside.map((value, at) => {
    const x = at % width;
    const y = (at - x) / width;
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return 1;
    return value || outside[at - 1] || outside[at + 1] || outside[at - width] || outside[at + width] ? 1 : 0;
  });
}

/**
 * Which coarse pixel a pixel lies in.
 * @param {number} columns @param {number} rows @param {number} width @param {number} height
 * @returns {(x: number, y: number) => number}
 */
const placesIn = (columns, rows, width, height) => (x, y) =>
  Math.min(rows - 1, Math.floor((y * rows) / height)) * columns +
  Math.min(columns - 1, Math.floor((x * columns) / width));

/** @param {Sheet} sheet @param {Greys} picture @returns {(at: number) => boolean} whether a pixel lies outside the sheet */
export function isOff({ outside, columns, rows }, { width, height }) {
  const coarse = placesIn(columns, rows, width, height);
  return (at) => outside[coarse(at % width, Math.floor(at / width))] === 1;
}

/**
 * The picture with what is around the sheet painted over as its paper goes on.
 * @param {Greys} picture @param {Sheet} sheet
 * @returns {Greys}
 */
export function onlySheet({ source, width, height }, { outside, columns, rows }) {
  // The mean of each coarse pixel that is the sheet's, and outwards from these, ring by ring, the mean of those before.
  const sums = new Float32Array(columns * rows);
  const counts = new Float32Array(columns * rows);
  const coarse = placesIn(columns, rows, width, height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const place = coarse(x, y);
      if (outside[place]) continue;
      sums[place] += source[at];
      counts[place]++;
    }
  }
  /** @type {number[]} */
  let ring = [];
  /** @param {number} place */
  const around = (place) => {
    const x = place % columns;
    return [x > 0 ? place - 1 : place, x < columns - 1 ? place + 1 : place, place - columns, place + columns].filter(
      (at) => at >= 0 && at < outside.length,
    );
  };
  for (let place = 0; place < outside.length; place++) {
    if (counts[place]) sums[place] /= counts[place];
    else if (around(place).some((near) => counts[near])) ring.push(place);
  }
  while (ring.length) {
    for (const place of ring) {
      const known = around(place).filter((near) => counts[near]);
      sums[place] = known.reduce((sum, near) => sum + sums[near], 0) / known.length;
    }
    for (const place of ring) counts[place] = 1;
    ring = [...new Set(ring.flatMap(around))].filter((place) => !counts[place]);
  }
  const smooth = boxMean(sums, columns, rows, 2);
  const out = source.slice();
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const place = coarse(x, y);
      if (outside[place]) out[at] = Math.round(smooth[place]);
    }
  }
  return { source: out, width, height };
}
