/**
 * Many points in few characters: how far each lies after the one before, in Rice's code (Rice and Plaunt 1971), which is near
 * to the shortest where points are taken at random. Where more than half are meant, those that are not are written. Of 5,000
 * points 100 take some 120 characters, and no choice more than 850.
 */

import { urlBytes, urlText } from "../engine/address.js";

const MOST = 100_000; // no film has as many

/** @param {number[]} points ascending, one at least @returns {string} */
export function pointsText(points) {
  const all = points[points.length - 1] + 1;
  if (2 * points.length <= all) return riceText(points);
  return `${all}not${points.length < all ? riceText(others(points, all)) : ""}`;
}

/** @param {string} text @returns {number[]|null} null where it says none */
export function pointsOf(text) {
  const [, all, rest] = /^(\d{1,5})not(.*)$/.exec(text) ?? [];
  if (all === undefined) return ofRice(text);
  const without = rest ? ofRice(rest) : [];
  return without && others(without, Number(all));
}

/** @param {number[]} points ascending @param {number} all @returns {number[]} those below that are none of them */
function others(points, all) {
  const known = new Set(points);
  return Array.from({ length: all }, (_, point) => point).filter((point) => !known.has(point));
}

/** @param {number[]} points ascending, one at least @returns {string} */
function riceText(points) {
  const gaps = points.map((point, place) => point - (place ? points[place - 1] + 1 : 0));
  const lengths = Array.from({ length: 16 }, (_, bits) => gaps.reduce((sum, gap) => sum + (gap >> bits) + 1 + bits, 0));
  const bits = lengths.indexOf(Math.min(...lengths));
  const written = new Uint8Array(Math.ceil(lengths[bits] / 8));
  let at = 0;
  /** @param {number} bit */
  const write = (bit) => {
    written[at >> 3] |= bit << (7 - (at & 7));
    at++;
  };
  for (const gap of gaps) {
    for (let unit = gap >> bits; unit > 0; unit--) write(1);
    write(0);
    for (let bit = bits - 1; bit >= 0; bit--) write((gap >> bit) & 1);
  }
  return `${points.length}.${bits}.${urlText(written)}`;
}

/** @param {string} text @returns {number[]|null} null where it says none */
function ofRice(text) {
  const parts = /^(\d{1,6})\.(\d{1,2})\.([\w-]+)$/.exec(text);
  const bytes = parts && urlBytes(parts[3]);
  if (!bytes) return null;
  const [count, bits] = [Number(parts[1]), Number(parts[2])];
  const length = 8 * bytes.length;
  if (count < 1 || bits > 15 || count * (bits + 1) > length) return null;
  let at = 0;
  const read = () => (bytes[at >> 3] >> (7 - (at++ & 7))) & 1;
  const points = [];
  let next = 0;
  while (points.length < count && at < length) {
    let units = 0;
    while (at < length && read()) units++;
    let gap = units;
    for (let bit = 0; bit < bits; bit++) gap = 2 * gap + read();
    next += gap;
    if (at > length || next >= MOST) return null;
    points.push(next++);
  }
  return points.length === count ? points : null;
}
