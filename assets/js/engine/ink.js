/** A drawing in an address: the pixels of an image, and strokes. pages/parts/numerals.py reads and writes the pixels too. */

import { urlBytes, urlText } from "./address.js";

/** @typedef {{kind: "stroke", width: number, erase: boolean, points: number[]}} Stroke points: x, y, x, y, … in half pixels */

const MOST_INK = 16_384;
const MOST_POINTS = 4000; // numbers of a stroke
const CLOSE_STEP = 7; // half pixels: a step this far either way is one byte
const STEPS_ACROSS = 2 * CLOSE_STEP + 1;
const FAR_STEP = 255; // begins a step that is farther
const ERASER = 0x80; // beside the width, in whole pixels

/** @param {ArrayLike<number>} pixels 0 to 255, most of them 0 @returns {string} their number, and them: of zeros only how many */
export function pixelsText(pixels) {
  /** @type {number[]} */
  const bytes = [];
  for (let at = 0; at < pixels.length; ) {
    let zeros = 0;
    while (zeros < 255 && at + zeros < pixels.length && pixels[at + zeros] === 0) zeros++;
    if (zeros) bytes.push(0, zeros);
    else bytes.push(pixels[at]);
    at += zeros || 1;
  }
  return `${pixels.length}.${urlText(Uint8Array.from(bytes))}`;
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>|null} null where it is none */
export function pixelsFrom(text) {
  const [, count, packed] = /^(\d{1,5})\.([\w-]+)$/.exec(text) ?? [];
  const bytes = packed ? urlBytes(packed) : null;
  if (!bytes || Number(count) > MOST_INK) return null;
  const pixels = new Uint8Array(Number(count));
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0) at += bytes[++i] ?? 0;
    else if (at < pixels.length) pixels[at++] = bytes[i];
    else return null;
  }
  return at === pixels.length ? pixels : null;
}

/** @param {number} value an integer @returns {number[]} it in bytes: seven bits each, the sign last */
function numberBytes(value) {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  const bytes = [];
  for (; rest > 0x7f; rest >>= 7) bytes.push(0x80 | (rest & 0x7f));
  return [...bytes, rest];
}

/** @param {Stroke[]} strokes one at least @returns {string} */
export function writtenText(strokes) {
  /** @type {number[]} */
  const bytes = [];
  for (const { width, erase, points } of strokes) {
    const halves = points.map((value) => Math.round(2 * value));
    bytes.push(
      (erase ? ERASER : 0) | width,
      ...numberBytes(halves.length / 2),
      ...halves.slice(0, 2).flatMap(numberBytes),
    );
    for (let at = 2; at < halves.length; at += 2) {
      const [across, down] = [halves[at] - halves[at - 2], halves[at + 1] - halves[at - 1]];
      if (Math.abs(across) <= CLOSE_STEP && Math.abs(down) <= CLOSE_STEP)
        bytes.push((across + CLOSE_STEP) * STEPS_ACROSS + down + CLOSE_STEP);
      else bytes.push(FAR_STEP, ...numberBytes(across), ...numberBytes(down));
    }
  }
  return urlText(Uint8Array.from(bytes));
}

/** @param {string} text @returns {Stroke[]|null} null where it says none */
export function writtenOf(text) {
  const bytes = urlBytes(text);
  if (!bytes?.length) return null;
  let at = 0;
  const next = () => (at < bytes.length ? bytes[at++] : Number.NaN);
  const number = () => {
    let [sum, weight] = [0, 1];
    for (let byte = next(); ; byte = next()) {
      sum += (byte & 0x7f) * weight;
      weight *= 0x80;
      if (!(byte & 0x80) || weight > 2 ** 28) return Number.isNaN(byte) ? byte : sum % 2 ? -(sum + 1) / 2 : sum / 2;
    }
  };
  /** @type {Stroke[]} */
  const strokes = [];
  while (at < bytes.length) {
    const first = next();
    const count = number();
    if (!(count >= 1 && 2 * count <= MOST_POINTS)) return null;
    let [x, y] = [number(), number()];
    const points = [x / 2, y / 2];
    while (points.length < 2 * count) {
      const byte = next();
      x += byte === FAR_STEP ? number() : Math.floor(byte / STEPS_ACROSS) - CLOSE_STEP;
      y += byte === FAR_STEP ? number() : (byte % STEPS_ACROSS) - CLOSE_STEP;
      points.push(x / 2, y / 2);
    }
    if (!points.every((value) => Math.abs(value) < 4000)) return null; // nor is NaN
    strokes.push({ kind: "stroke", width: first & ~ERASER, erase: first >= ERASER, points });
  }
  return strokes.every(({ width }) => width > 0) ? strokes : null;
}
