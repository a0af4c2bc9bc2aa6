/** Which points a hand means: the one beneath it, those within an outline, the next in a direction. */

/** @import { Thumbnail } from "./thumbnails.js" */

/**
 * @typedef {{xs: Float32Array, ys: Float32Array, hidden: Uint8Array}} Drawn where points are, in pixels; hidden: 1 for
 *   those that are not drawn
 */

/**
 * @param {Thumbnail[]} thumbnails @param {number} x @param {number} y
 * @returns {number} the point of the uppermost there, −1 if there is none
 */
export function thumbnailAt(thumbnails, x, y) {
  for (let i = thumbnails.length - 1; i >= 0; i--) {
    const { point, left, top, width, height } = thumbnails[i];
    if (x >= left && x < left + width && y >= top && y < top + height) return point;
  }
  return -1;
}

/**
 * The point nearest to a place.
 * @param {Drawn} drawn @param {number} x @param {number} y @param {number} reach how far it may be
 * @returns {number} −1 if there is none
 */
export function nearestPoint({ xs, ys, hidden }, x, y, reach) {
  let best = -1;
  let least = reach * reach;
  for (let point = 0; point < xs.length; point++) {
    if (hidden[point]) continue;
    const across = xs[point] - x;
    const up = ys[point] - y;
    const square = across * across + up * up;
    if (square > least) continue;
    least = square;
    best = point;
  }
  return best;
}

/** @param {Drawn} drawn @param {number[][]} outline x and y of its corners @returns {number[]} the points within */
export function enclosedPoints({ xs, ys, hidden }, outline) {
  const found = [];
  for (let point = 0; point < xs.length; point++) {
    if (!hidden[point] && encloses(outline, xs[point], ys[point])) found.push(point);
  }
  return found;
}

/**
 * Whether an outline encloses a place, by the rule of even and odd crossings.
 * @param {number[][]} outline @param {number} x @param {number} y
 */
function encloses(outline, x, y) {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i];
    const [bx, by] = outline[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/**
 * The next point within a picture in a direction; without one to set out from, that nearest to the middle.
 * @param {Drawn} drawn @param {{width: number, height: number}} size @param {number} from a point, −1 for none
 * @param {number[]} direction to the right and down, one of them 0 and the other 1 or −1
 * @returns {number} −1 if there is none
 */
export function nextPoint({ xs, ys, hidden }, { width, height }, from, [right, below]) {
  const [x, y] = from >= 0 ? [xs[from], ys[from]] : [width / 2, height / 2];
  let best = -1;
  let least = Infinity;
  for (let point = 0; point < xs.length; point++) {
    if (hidden[point] || point === from) continue;
    const [px, py] = [xs[point], ys[point]];
    if (px < 0 || py < 0 || px > width || py > height) continue;
    const along = (px - x) * right + (py - y) * below;
    const aside = Math.abs((px - x) * below + (py - y) * right);
    if (from >= 0 && (along <= 0.5 || aside > along)) continue;
    const cost = from >= 0 ? along + 2 * aside : Math.hypot(px - x, py - y);
    if (cost >= least) continue;
    least = cost;
    best = point;
  }
  return best;
}
