/**
 * The strokes of a digit among all the ink of a picture: what is a speck, what lies along the border, what belongs
 * together, how wide it is; and the digit drawn as MNIST's are. No DOM.
 */

import { inkOf, isDarkOnLight, negative, withoutImpulses } from "./draw-picture.js";
import { withoutLines } from "./draw-lines.js";
import { isOff, onlySheet, sheetOf } from "./draw-sheet.js";

export const STEPS = ["light", "lines", "border", "specks", "width"];
const ALL = Object.fromEntries(STEPS.map((step) => [step, true]));
const NONE = Object.fromEntries(STEPS.map((step) => [step, false]));
const LEAST = 0.12; // of the ink of a stroke: less is the edge of its blur, or paper
// Of 255, the ink of a stroke here: where a part begins, and what goes on with it.
const SURE = 140;
const FAINT = 80;

/**
 * @typedef {{left: number, right: number, top: number, bottom: number, area: number, long: number, stroke: number}} Figure long: its
 *   longer side; stroke: its width; all in pixels
 * @typedef {{soft: Uint8Array, labels: Int8Array, width: number, height: number, figures: Figure[], largest: number,
 *   specks: number, lines: number, border: number, uneven: boolean, dark: boolean, inverted: boolean, noise: number,
 *   typical: number}} Strokes
 *   soft: ink, 0 to 255; labels: the figure, from 1, that a pixel belongs to; border: how many things along the border were left
 *   out; dark: whether ink is dark; inverted: what is read as ink is the paper; noise, typical: of paper and of ink, in grey levels
 */

/**
 * Find what is written on a picture.
 * @param {{source: Uint8Array, width: number, height: number}} brought
 * @param {boolean|null} wish whether ink is dark; null where the picture shall tell
 * @param {Record<string, boolean>} wanted which of STEPS are taken
 * @returns {Strokes} figures from left to right
 */
export function strokesOf(brought, wish = null, wanted = ALL) {
  const picture = withoutImpulses(brought);
  const { width, height } = picture;
  const sheet = sheetOf(picture);
  const likely = isDarkOnLight(picture, sheet);
  const dark = wish ?? likely;
  const inverted = dark !== likely;
  const steps = inverted ? NONE : wanted;
  const framed = steps.border && sheet !== null;
  const page = framed ? onlySheet(picture, sheet) : picture;
  const facing = (source) => (dark ? source : negative(source)); // what is sought is dark
  let cleaned = { ...page, source: facing(page.source), lines: 0 };
  if (steps.lines) cleaned = withoutLines(cleaned);
  const { ink, strength, noise, typical, uneven } = inkOf(cleaned, steps.light ? "around" : inverted ? "lightest" : "usual");
  const soft = new Uint8Array(ink.length);
  for (let at = 0; at < ink.length; at++) {
    const share = ink[at] / strength[at];
    soft[at] = share > LEAST ? Math.min(255, Math.round(255 * share)) : 0;
  }
  const parts = partsOf(soft, width, height);
  if (framed) {
    const off = isOff(sheet, picture);
    for (const part of parts) part.off = part.pixels.reduce((count, at) => count + Number(off(at)), 0) > 0.3 * part.area;
  }
  const { figures, specks, border } = sorted(parts, width, height, steps);
  const labels = new Int8Array(soft.length);
  figures.forEach((figure, place) => {
    for (const part of figure.parts) for (const at of part.pixels) labels[at] = place + 1;
  });
  if (figures.length && !steps.specks && !border) soft.forEach((value, at) => (labels[at] = value ? 1 : 0));
  const largest = figures.indexOf(figures.length ? heaviest(figures) : null);
  const counts = { specks, lines: cleaned.lines, border: border + Number(framed) };
  return { soft, labels, width, height, figures, largest, ...counts, uneven, dark, inverted, noise, typical };
}

/** Connected ink, from the pixels where it is at least half as strong as ink is here. @returns {Part[]} */
function partsOf(soft, width, height) {
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
    while (next < count) {
      const at = stack[next++];
      const x = at % width;
      const y = (at - x) / width;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
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
    parts.push({ left, right, top, bottom, area: count, pixels, row: width, along, banded, long, stroke });
  }
  return parts;
}

const weight = ({ long, area }) => long * Math.sqrt(area);
const heaviest = (parts) => parts.reduce((a, b) => (weight(b) > weight(a) ? b : a));

/** Which parts are digits, and how many are none. */
function sorted(parts, width, height, steps) {
  const lying = steps.border ? parts.filter((part) => liesAlong(part, width, height)) : [];
  let rest = parts.filter((part) => !lying.includes(part));
  // A digit that fills its picture lies along the border too: it is left out only for something that is more than a speck.
  const least = 0.07 * Math.max(width, height);
  if (!rest.some((part) => part.long > least && isLong(part)) && lying.length) {
    const digit = heaviest(lying);
    lying.splice(lying.indexOf(digit), 1);
    rest = [...rest, digit];
  }
  if (!rest.length) return { figures: [], specks: 0, border: lying.length };
  if (!steps.specks) return { figures: [joined(rest)], specks: 0, border: lying.length };
  const figures = [];
  let open = [...rest];
  const first = heaviest(open.filter(isLong).length ? open.filter(isLong) : open);
  for (let seed = first; seed; ) {
    const group = gathered(seed, open);
    figures.push(joined(group));
    open = open.filter((part) => !group.includes(part));
    const others = open.filter((part) => part.long >= 0.45 * figures[0].long && part.area >= 0.1 * figures[0].area && isLong(part));
    seed = others.length && figures.length < 9 ? heaviest(others) : null;
  }
  figures.sort((a, b) => a.left + a.right - b.left - b.right);
  return { figures, specks: open.filter(({ area }) => area > 2).length, border: lying.length };
}

/** Whether a part is longer than wide, as strokes are and blots are not. */
const isLong = ({ area, stroke }) => area >= 6 * stroke * stroke;

function liesAlong(part, width, height) {
  if (part.off) return true;
  const { left, right, top, bottom, area, along, banded, long } = part;
  if (along >= 0.4 * long || (along > 0 && banded > 0.6 * area)) return true;
  if (banded > 0.9 * area) return true;
  if (right - left < 0.75 * width || bottom - top < 0.75 * height) return false;
  // A frame that does not touch the border: nothing of it in the middle.
  const inside = part.pixels.reduce((count, at) => {
    const x = (at % width) / width;
    const y = Math.floor(at / width) / height;
    return count + (Math.min(x, y, 1 - x, 1 - y) > 0.25 ? 1 : 0);
  }, 0);
  return inside === 0;
}

/** A part and all that belongs to the same digit. */
function gathered(seed, parts) {
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

function belongs(part, whole, group) {
  if (part.area < 0.15 * whole.stroke ** 2 || part.stroke < 0.4 * whole.stroke) return false;
  const boxes = Math.hypot(Math.max(0, part.left - whole.right, whole.left - part.right), Math.max(0, part.top - whole.bottom, whole.top - part.bottom));
  const large = isLong(part) || part.area > 0.1 * whole.area;
  const reach = Math.max(large ? 0.3 * whole.long : 0, 0.7 * whole.stroke);
  if (boxes > reach) return false;
  const far = Math.min(...group.map((one) => distance(part, one)));
  if (far > reach) return false;
  // Two digits that stand side by side, or one above the other, are nearer than the bar of a 5 may be to it.
  const tall = part.bottom - part.top >= 0.55 * (whole.bottom - whole.top);
  const near = (share) => Math.max(0.5 * whole.stroke, share * whole.long);
  return !tall || far <= near(0.04) || (!areApart(part, whole, "left", "right") && (!areApart(part, whole, "top", "bottom") || far <= near(0.12)));
}

/** Whether two boxes hardly share any of their extent along an axis. */
function areApart(one, other, low, high) {
  const shared = Math.min(one[high], other[high]) - Math.max(one[low], other[low]);
  return shared < 0.25 * Math.min(one[high] - one[low], other[high] - other[low]);
}

/** How far apart two parts are, within a few pixels. */
function distance(a, b) {
  const thin = ({ points }) => points;
  let least = Infinity;
  for (const [x, y] of thin(sampled(a))) {
    for (const [u, v] of thin(sampled(b))) {
      const far = (x - u) ** 2 + (y - v) ** 2;
      if (far < least) least = far;
    }
  }
  return Math.sqrt(least);
}

/** Up to some hundred of a part's pixels. */
function sampled(part) {
  if (!part.points) {
    const step = Math.max(1, Math.floor(part.pixels.length / 500));
    part.points = [];
    for (let n = 0; n < part.pixels.length; n += step) part.points.push([part.pixels[n] % part.row, Math.floor(part.pixels[n] / part.row)]);
  }
  return part;
}

function joined(parts) {
  const box = {
    left: Math.min(...parts.map(({ left }) => left)),
    right: Math.max(...parts.map(({ right }) => right)),
    top: Math.min(...parts.map(({ top }) => top)),
    bottom: Math.max(...parts.map(({ bottom }) => bottom)),
    area: parts.reduce((sum, { area }) => sum + area, 0),
  };
  const stroke = parts.reduce((sum, part) => sum + part.stroke * part.area, 0) / box.area;
  return { ...box, long: Math.max(box.right - box.left, box.bottom - box.top), stroke, parts };
}
