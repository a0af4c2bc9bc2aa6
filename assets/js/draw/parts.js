/** Connected ink: what is a digit or a part of one, what is a speck, and what lies along the border. No DOM. */

// Of 255, the ink of a stroke here: where a part begins, and what goes on with it.
const SURE = 140;
const FAINT = 80;
const PALE = 0.4; // of the strength of a digit's ink: another pen, the other side of the sheet, or paper
const DIRECTIONS = 36;
const MOST_PARTS = 100; // the largest, that are asked whether they belong to a digit

/** @import { Steps } from "./strokes.js" */

/**
 * @typedef {{left: number, right: number, top: number, bottom: number, area: number, long: number, stroke: number, depth: number}} Box
 *   right and bottom are the first pixels that are not; area: of its ink; long: its longer side; stroke: how wide its strokes are; in
 *   pixels; depth: how strong its ink is, in grey levels
 * @typedef {Box & {pixels: Int32Array, row: number, along: number, banded: number, off: boolean, samples?: [number, number][]}}
 *   Part connected ink; row: the picture's width; along: how many pixels lie on the picture's edge; banded: near it; off: it is
 *   not on the sheet of paper; samples: x and y of some of its pixels, once they were asked for
 * @typedef {Box & {parts: Part[]}} Figure what may be a digit
 */

/**
 * Connected ink, from the pixels where it is at least half as strong as ink is here.
 * @param {Uint8Array} soft of 255, the ink of a stroke here @param {Float32Array} ink in grey levels
 * @param {number} width @param {number} height
 * @returns {Part[]}
 */
export function partsOf(soft, ink, width, height) {
  const seen = new Uint8Array(soft.length);
  const stack = new Int32Array(soft.length);
  const parts = [];
  const band = Math.max(2, Math.round(0.07 * Math.min(width, height)));
  for (let start = 0; start < soft.length; start++) {
    if (seen[start] || soft[start] < SURE) continue;
    let count = 0;
    let next = 0;
    stack[count++] = start;
    seen[start] = 1;
    let [left, right, top, bottom] = [width, 0, height, 0];
    let edge = 0;
    let banded = 0;
    let along = 0;
    let sure = 0;
    let depth = 0;
    while (next < count) {
      const at = stack[next++];
      const x = at % width;
      const y = (at - x) / width;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
      if (soft[at] >= SURE) {
        sure++;
        depth += ink[at];
      }
      const far = Math.min(x, y, width - 1 - x, height - 1 - y);
      if (far < band) banded++;
      if (far < 1) along++;
      let outside = false;
      for (let dy = -1; dy <= 1; dy++) {
        if (y + dy < 0 || y + dy >= height) continue;
        for (let dx = -1; dx <= 1; dx++) {
          if (x + dx < 0 || x + dx >= width) continue;
          const near = at + dy * width + dx;
          if (soft[near] < FAINT) outside ||= dx === 0 || dy === 0;
          else if (!seen[near]) {
            seen[near] = 1;
            stack[count++] = near;
          }
        }
      }
      if (outside) edge++;
    }
    const pixels = stack.slice(0, count);
    const long = Math.max(right - left, bottom - top);
    const stroke = Math.min(long, (2 * count) / Math.max(1, edge));
    parts.push({
      left,
      right,
      top,
      bottom,
      area: count,
      pixels,
      row: width,
      depth: depth / sure,
      along,
      banded,
      long,
      stroke,
      off: false,
    });
  }
  return parts;
}

/** @param {Box} box */
const weight = ({ long, area, depth }) => long * Math.sqrt(area) * depth;
/**
 * What a digit is most likely to be: long, and of much and strong ink.
 * @template {Box} B
 * @param {B[]} parts at least one
 */
export const heaviest = (parts) => parts.reduce((a, b) => (weight(b) > weight(a) ? b : a));

/**
 * Which parts are digits, and how many are none.
 * @param {Part[]} parts @param {number} width @param {number} height @param {Steps} steps
 * @returns {{figures: Figure[], specks: number, border: number, frames: number}} figures from left to right
 */
export function sorted(parts, width, height, steps) {
  let lying = steps.border ? parts.filter((part) => liesAlong(part, width, height)) : [];
  let rest = parts.filter((part) => !lying.includes(part));
  const around = steps.border ? rest.filter((part) => rest.some((other) => encloses(part, other))) : [];
  rest = rest.filter((part) => !around.includes(part));
  // A digit that fills its picture lies along the border too: it is left out only for something that is more than a speck.
  const least = 0.07 * Math.max(width, height);
  if (!rest.some((part) => part.long > least && isLong(part)) && lying.length) {
    const digit = heaviest(lying);
    lying = lying.filter((part) => part !== digit);
    rest = [...rest, digit];
  }
  /** @param {Part} part */
  const isSpeck = ({ long, along, area }) => !along && long <= least && area > 2;
  const counts = { border: lying.filter((part) => part.along || part.long > least).length, frames: around.length };
  if (!rest.length) return { figures: [], specks: 0, ...counts };
  if (!steps.specks) return { figures: [joined(rest)], specks: 0, ...counts };
  /** @param {Part[]} all */
  const likely = (all) =>
    heaviest(
      [all.filter((part) => isLong(part) && !isLevelBar(part)), all.filter(isLong)].find(({ length }) => length) ?? all,
    );
  const first = likely(rest);
  /** @type {Figure[]} */
  const figures = [];
  let open = rest.filter(({ depth }) => depth >= PALE * first.depth);
  for (let seed = /** @type {Part|null} */ (first); seed; ) {
    const group = gathered(seed, open);
    figures.push(joined(group));
    open = open.filter((part) => !group.includes(part));
    const others = open.filter(
      (part) =>
        part.long >= 0.45 * figures[0].long && part.area >= 0.1 * figures[0].area && isLong(part) && !isLevelBar(part),
    );
    seed = others.length && figures.length < 9 ? heaviest(others) : null;
  }
  const used = figures.reduce((sum, figure) => sum + figure.parts.length, 0);
  const whole = rest.filter(({ area }) => area > 2).length;
  figures.sort((a, b) => a.left + a.right - b.left - b.right);
  return { figures, specks: lying.filter(isSpeck).length + Math.max(0, whole - used), ...counts };
}

/** Whether a part is longer than wide, as strokes are and blots are not. @param {Pick<Box, "area"|"stroke">} part */
const isLong = ({ area, stroke }) => area >= 6 * stroke * stroke;

/** Whether a part is one straight stroke. @param {Box} part */
const isBar = ({ left, right, top, bottom, area, stroke }) =>
  isLong({ area, stroke }) && area <= 1.3 * stroke * Math.hypot(right - left, bottom - top);

/** A stroke that no digit is alone: beneath one, it underlines it. @param {Box} part */
const isLevelBar = (part) => part.right - part.left > 4 * (part.bottom - part.top);

/** @param {Part} part @param {number} width @param {number} height of the picture */
function liesAlong(part, width, height) {
  if (part.off) return true;
  const { left, right, top, bottom, area, along, banded, long } = part;
  if (along >= 0.4 * long || (along > 0 && banded > 0.6 * area)) return true;
  if (banded > 0.9 * area) return true;
  const [wide, high] = [right - left, bottom - top];
  // A pen that lies on the sheet, and the sheet's own edge.
  const sides = [left === 0, right === width, top === 0, bottom === height].filter(Boolean).length;
  if (isBar(part) && (sides > 1 || (sides > 0 && Math.max(wide / width, high / height) > 0.85))) return true;
  if (wide < 0.75 * width || high < 0.75 * height) return false;
  // A frame that does not touch the border: nothing of it in the middle.
  const inside = part.pixels.reduce((count, at) => {
    const x = (at % width) / width;
    const y = Math.floor(at / width) / height;
    return count + (Math.min(x, y, 1 - x, 1 - y) > 0.25 ? 1 : 0);
  }, 0);
  return inside === 0;
}

/**
 * Whether a part is a box or a circle drawn around another: in nearly every direction, it is what one meets from there.
 * @param {Part} part @param {Part} other
 */
function encloses(part, other) {
  const inside =
    other.left > part.left && other.right < part.right && other.top > part.top && other.bottom < part.bottom;
  if (!inside || other.long < 0.25 * part.long || !isLong(other)) return false;
  const [x, y] = [(other.left + other.right) / 2, (other.top + other.bottom) / 2];
  const met = new Uint8Array(DIRECTIONS);
  let sum = 0;
  for (const at of part.pixels) {
    const [u, v] = [at % part.row, Math.floor(at / part.row)];
    // What lies beside the other's middle, and not around all of it, is another stroke of the same digit.
    if (u > other.left && u < other.right && v > other.top && v < other.bottom) sum++;
    met[Math.floor(((Math.atan2(v - y, u - x) + Math.PI) / (2 * Math.PI)) * DIRECTIONS) % DIRECTIONS] = 1;
  }
  return sum === 0 && met.reduce((count, value) => count + value, 0) >= 0.9 * DIRECTIONS;
}

/** A part and all that belongs to the same digit. @param {Part} seed @param {Part[]} all */
function gathered(seed, all) {
  const parts = all.length > MOST_PARTS ? [...all].sort((a, b) => b.area - a.area).slice(0, MOST_PARTS) : all;
  const group = [seed];
  for (let more = true; more; ) {
    more = false;
    const whole = joined(group);
    for (const part of parts) {
      if (group.includes(part) || !belongs(part, whole, group)) continue;
      group.push(part);
      more = true;
    }
  }
  return group;
}

/** @param {Part} part @param {Box} whole of the group @param {Part[]} group */
function belongs(part, whole, group) {
  if (part.area < 0.15 * whole.stroke ** 2 || part.stroke < 0.4 * whole.stroke) return false;
  const boxes = Math.hypot(
    Math.max(0, part.left - whole.right, whole.left - part.right),
    Math.max(0, part.top - whole.bottom, whole.top - part.bottom),
  );
  const large = isLong(part) || part.area > 0.1 * whole.area;
  const bar = isLevelBar(part) && areApart(part, whole, "top", "bottom");
  if (bar && part.right - part.left > 1.15 * (whole.right - whole.left)) return false;
  const reach = Math.max((bar ? 0.15 : large ? 0.3 : 0.025) * whole.long, 0.7 * whole.stroke);
  if (boxes > reach) return false;
  const far = Math.min(...group.map((one) => distance(part, one)));
  if (far > reach) return false;
  // Two digits that stand side by side, or one above the other, are nearer than the bar of a 5 may be to it.
  const tall = part.bottom - part.top >= 0.55 * (whole.bottom - whole.top);
  /** @param {number} share */
  const near = (share) => Math.max(0.5 * whole.stroke, share * whole.long);
  if (!tall || far <= near(0.04)) return true;
  if (areApart(part, whole, "left", "right")) return false;
  return !areApart(part, whole, "top", "bottom") || far <= near(0.12) || areHalves(part, whole, far);
}

/**
 * Whether a part above or below others is of the same digit: two that stand so are slenderer together, but for a 1.
 * @param {Part} part @param {Box} whole of the others @param {number} far pixels
 */
function areHalves(part, whole, far) {
  const wide = Math.max(part.right, whole.right) - Math.min(part.left, whole.left);
  const high = Math.max(part.bottom, whole.bottom) - Math.min(part.top, whole.top);
  return far <= 0.13 * high && (high < 2 * wide || isBar(part) || isBar(whole));
}

/**
 * Whether two boxes hardly share any of their extent along an axis.
 * @param {Box} one @param {Box} other @param {"left"|"top"} low @param {"right"|"bottom"} high
 */
function areApart(one, other, low, high) {
  const shared = Math.min(one[high], other[high]) - Math.max(one[low], other[low]);
  return shared < 0.25 * Math.min(one[high] - one[low], other[high] - other[low]);
}

/** How far apart two parts are, within a few pixels. @param {Part} one @param {Part} other */
function distance(one, other) {
  let least = Infinity;
  for (const [x, y] of samplesOf(one)) {
    for (const [u, v] of samplesOf(other)) least = Math.min(least, (x - u) ** 2 + (y - v) ** 2);
  }
  return Math.sqrt(least);
}

/** x and y of up to some hundred of a part's pixels, kept with it. @param {Part} part @returns {[number, number][]} */
function samplesOf(part) {
  if (!part.samples) {
    const step = Math.max(1, Math.floor(part.pixels.length / 500));
    const count = Math.ceil(part.pixels.length / step);
    part.samples = Array.from({ length: count }, (_, n) => [
      part.pixels[n * step] % part.row,
      Math.floor(part.pixels[n * step] / part.row),
    ]);
  }
  return part.samples;
}

/** @param {Part[]} parts @returns {Figure} */
function joined(parts) {
  const box = {
    left: Math.min(...parts.map(({ left }) => left)),
    right: Math.max(...parts.map(({ right }) => right)),
    top: Math.min(...parts.map(({ top }) => top)),
    bottom: Math.max(...parts.map(({ bottom }) => bottom)),
    area: parts.reduce((sum, { area }) => sum + area, 0),
  };
  const stroke = parts.reduce((sum, part) => sum + part.stroke * part.area, 0) / box.area;
  const depth = parts.reduce((sum, part) => sum + part.depth * part.area, 0) / box.area;
  return { ...box, long: Math.max(box.right - box.left, box.bottom - box.top), stroke, depth, parts };
}
