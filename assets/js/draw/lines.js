/**
 * Ruled and squared paper: lines that cross the page are found and painted over, and the strokes that they cross are kept.
 *
 * As staves are taken out of scanned music: along a line, what is no thicker than the line is the line; what is thicker is
 * a stroke that crosses it, and so is what is darker.
 */

import { closed, dilated, greyQuantile, median } from "./windows.js";

const STEEPEST = 12; // degrees that paper may lie askew
const ANGLE_STEP = 0.5;
const THICKEST = 0.016; // of the picture's longer side
const BENT = 5; // pixels that a line may leave its straight course
const FAMILY = 3; // as many parallel lines are ruled paper, whatever else is on it

/** @import { Greys } from "./windows.js" */

/** @typedef {{x: number, top: number, bottom: number, depth: number}} Run of dark pixels in a column; bottom: the first that is not */

/**
 * @param {Greys} greys with what is sought dark
 * @returns {{greys: Greys, lines: number}} the same without its lines
 */
export function withoutLines(greys) {
  const across = withoutLevelLines(greys);
  const down = withoutLevelLines(turned(across.greys));
  return { greys: turned(down.greys), lines: across.lines + down.lines };
}

/** @param {Greys} greys @returns {Greys} */
function turned({ source, width, height }) {
  const out = new Uint8Array(source.length);
  for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++) out[x * height + y] = source[at++];
  return { source: out, width: height, height: width };
}

/** Lines that run from left to right. @param {Greys} greys @returns {{greys: Greys, lines: number}} without them */
function withoutLevelLines(greys) {
  const { width, height } = greys;
  const most = Math.max(3, Math.round(2 * THICKEST * Math.max(width, height)));
  const runs = thinRuns(greys, most);
  const found = runs.length > width / 2 ? levelLines(greys, runs) : [];
  const source = greys.source.slice();
  for (const line of found) paintOver(source, greys, line, runs);
  return { greys: { source, width, height }, lines: found.length };
}

/**
 * What is dark from above to below for a few pixels only.
 * @param {Greys} greys @param {number} most pixels
 * @returns {Run[]} column after column
 */
function thinRuns({ source, width, height }, most) {
  // Against what is above and below only: to its left and right a line is as dark as ever.
  const depth = closed(source, width, height, (most + 1) >> 1, 0, false);
  for (let at = 0; at < source.length; at++) depth[at] -= source[at];
  const least = Math.max(9, 1.5 * greyQuantile(depth, 0.6));
  const runs = [];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (depth[y * width + x] < least) continue;
      const top = y;
      let deepest = 0;
      for (; y < height && depth[y * width + x] >= least; y++) deepest = Math.max(deepest, depth[y * width + x]);
      if (y - top <= most) runs.push({ x, top, bottom: y, depth: deepest });
    }
  }
  return runs;
}

/** @param {Greys} greys @param {Run[]} runs @returns {Line[]} */
function levelLines(greys, runs) {
  const { width, height } = greys;
  const slope = commonSlope(runs, width, height);
  const counts = votes(runs, slope, width, height);
  const margin = marginOf(width);
  /** @param {number} at */
  const near = (at) => counts[at - 1] + 1.2 * counts[at] + counts[at + 1];
  // Noise is full of short runs, wherever one looks.
  const noise = 8 * median(counts);
  /** @type {Line[]} */
  const found = [];
  for (let at = 1; at < counts.length - 1; at++) {
    if (near(at) < Math.max(noise, 0.1 * width) || near(at) < near(at - 1) || near(at) <= near(at + 1)) continue;
    const line = traced(runs, slope, at - margin, greys);
    const before = found.at(-1);
    const apart = !before || line.height - before.height > 2 * line.thickness + 2;
    if (line.covered > 0.3 && line.reach > 0.7 && apart) found.push(line);
  }
  const sure = found.filter(({ covered, seen }) => covered > 0.5 && seen > 0.5 * width);
  if (sure.length < FAMILY) return sure.filter((line) => isApart(greys, line));
  // All of a kind, but for how they fall on the pixels: a stroke that lies along one of them is thicker or darker.
  const thickness = median(sure.map((line) => line.thickness));
  const depth = median(sure.map((line) => line.depth));
  return found.map((line) => ({
    ...line,
    thickness: Math.min(line.thickness, thickness + 1),
    depth: Math.min(line.depth, 2 * depth),
  }));
}

/** How far beyond the picture the middle of a line may lie that is seen at one of its ends. @param {number} width */
const marginOf = (width) => Math.ceil((Math.tan((STEEPEST * Math.PI) / 180) * width) / 2);

/**
 * Where most runs lie in lines, in pixels down for each to the right.
 * @param {Run[]} runs @param {number} width @param {number} height
 */
function commonSlope(runs, width, height) {
  let best = { angle: 0, slope: 0, score: -1 };
  /** @param {number} angle */
  const look = (angle) => {
    const slope = Math.tan((angle * Math.PI) / 180);
    const score = votes(runs, slope, width, height).reduce((sum, count) => sum + count * count, 0);
    if (score > best.score) best = { angle, slope, score };
  };
  look(0); // the first of two that are alike
  for (let angle = ANGLE_STEP; angle <= STEEPEST; angle += ANGLE_STEP) [angle, -angle].forEach(look);
  const { angle } = best;
  [angle - ANGLE_STEP / 2, angle + ANGLE_STEP / 2].forEach(look);
  return best.slope;
}

/**
 * How many runs lie on the line of a slope that passes each height.
 * @param {Run[]} runs @param {number} slope @param {number} width @param {number} height
 */
function votes(runs, slope, width, height) {
  const margin = marginOf(width);
  const counts = new Uint32Array(height + 2 * margin + 2);
  for (const { x, top, bottom } of runs)
    counts[Math.round((top + bottom - 1) / 2 - slope * (x - width / 2)) + margin]++;
  return counts;
}

/**
 * @typedef {{middle: Float32Array, height: number, thickness: number, depth: number, seen: number, covered: number, reach: number}} Line
 *   middle: where it is in each column; seen: in how many of them that is on the picture; covered: the share of these in which it
 *   is there; reach: the share from the first to the last of those
 */

/**
 * Follow a line through the columns, as paper that is not flat bends it: by the median of every stretch of it.
 * @param {Run[]} runs @param {number} slope @param {number} level @param {Greys} greys
 * @returns {Line}
 */
function traced(runs, slope, level, { width, height }) {
  /** @param {Run} run */
  const far = ({ x, top, bottom }) => (top + bottom - 1) / 2 - (level + slope * (x - width / 2));
  const near = runs.filter((run) => Math.abs(far(run)) <= BENT);
  const stretch = Math.max(8, width / 24);
  const offsets = Array.from({ length: Math.ceil(width / stretch) }, () => /** @type {number[]} */ ([]));
  for (const run of near) offsets[Math.floor(run.x / stretch)].push(far(run));
  let last = 0;
  const bends = offsets.map((found) => {
    if (found.length >= 0.3 * stretch) last = found.sort((a, b) => a - b)[found.length >> 1];
    return last;
  });
  const middle = new Float32Array(width);
  let seen = 0;
  for (let x = 0; x < width; x++) {
    const place = Math.min(bends.length - 1, Math.max(0, x / stretch - 0.5));
    const before = Math.floor(place);
    const after = Math.min(bends.length - 1, before + 1);
    middle[x] = level + slope * (x - width / 2) + bends[before] + (place - before) * (bends[after] - bends[before]);
    if (middle[x] >= 0 && middle[x] < height) seen++;
  }
  const own = near.filter(({ x, top, bottom }) => Math.abs((top + bottom - 1) / 2 - middle[x]) <= 2);
  const columns = new Set(own.map(({ x }) => x)).size;
  const [thickness, depth] = [own.map(({ top, bottom }) => bottom - top), own.map((run) => run.depth)].map(median);
  const reach = own.length ? (own[own.length - 1].x - own[0].x + 1) / seen : 0;
  return { middle, height: level, thickness, depth, seen, covered: columns / Math.max(1, seen), reach };
}

/** A single line is one of the paper only where it crosses all of it, and is thinner or paler than what is written. @param {Greys} greys @param {Line} line */
function isApart({ source, width, height }, line) {
  if (line.reach < 0.95 || line.covered < 0.7) return false;
  const paper = greyQuantile(source, 0.7);
  const radius = Math.max(1, Math.ceil(line.thickness / 2) + 1);
  const dark = paper - greyQuantile(source, 0.002);
  if (line.depth < 0.7 * dark) return true;
  // What stays dark where the darkness is narrowed by more than the line's own thickness.
  const left = dilated(source, width, height, radius);
  let count = 0;
  for (const value of left) if (paper - value > 0.5 * dark) count++;
  return count > 0.002 * width * height;
}

/** @param {Uint8Array} source in which it is done @param {Greys} greys @param {Line} line @param {Run[]} runs */
function paintOver(source, { width, height }, { middle, thickness, depth }, runs) {
  const most = 1.4 * thickness + 1.5;
  const deepest = 1.3 * depth + 15;
  const lightest = source.slice();
  for (const { x, top, bottom, depth: own } of runs) {
    const centre = (top + bottom - 1) / 2;
    if (Math.abs(centre - middle[x]) > 2.5 || bottom - top > most || own > deepest) continue;
    const above = Math.max(0, top - 2);
    const below = Math.min(height - 1, bottom + 1);
    // A stroke that was there above and below goes on through the line, upright or aslant.
    let fill = 255;
    for (let lean = -2; lean <= 2; lean++) {
      if (x + lean < 0 || x + lean >= width || x - lean < 0 || x - lean >= width) continue;
      fill = Math.min(fill, Math.max(lightest[above * width + x + lean], lightest[below * width + x - lean]));
    }
    for (let y = Math.max(0, top - 1); y < Math.min(height, bottom + 1); y++)
      source[y * width + x] = Math.max(source[y * width + x], fill);
  }
}
