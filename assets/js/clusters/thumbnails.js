/** The images at the points, where the film is enlarged enough. */

import { FAINT } from "./surface.js";

/** @import { SceneFilm } from "./scene.js" */
/** @import { Surface } from "./surface.js" */

/**
 * @typedef {{point: number, left: number, top: number, width: number, height: number, border: number}} Thumbnail in
 *   pixels
 */

const IMAGES_FROM = 2.5; // times that the whole must be enlarged before images stand at the points

/**
 * Draw them; none covers another.
 * @param {Surface} surface @param {SceneFilm} film @param {number} scale of the view
 * @param {{xs: Float32Array, ys: Float32Array, opaque: Uint8Array, colours: Uint32Array}} points
 * @returns {Thumbnail[]} as they were drawn, the uppermost last
 */
export function paintThumbnails(surface, film, scale, { xs, ys, opaque, colours }) {
  /** @type {Thumbnail[]} */
  const thumbnails = [];
  if (scale < IMAGES_FROM) return thumbnails;
  const { ratio } = surface;
  const [rows, columns] = film.imageShape;
  const wanted = Math.min(56, 28 * (scale / IMAGES_FROM) ** 0.4) * ratio;
  const enlarged = Math.max(1 / 4, wanted / Math.max(rows, columns));
  const factor = enlarged >= 1 ? Math.round(enlarged) : enlarged;
  const border = Math.max(1, Math.round(1.5 * ratio));
  const width = Math.round(columns * factor) + 2 * border;
  const height = Math.round(rows * factor) + 2 * border;
  /** @type {Map<number, Thumbnail>} by cell of a thumbnail's size: the one whose corner lies there */
  const taken = new Map();
  /** @param {number} column @param {number} row */
  const key = (column, row) => row * 65536 + column;
  /** @param {number} left @param {number} top @returns {number|null} the cell of that corner, if there is room */
  const free = (left, top) => {
    const column = Math.floor(left / width) + 2;
    const row = Math.floor(top / height) + 2;
    for (let y = row - 1; y <= row + 1; y++) {
      for (let x = column - 1; x <= column + 1; x++) {
        const other = taken.get(key(x, y));
        if (other && Math.abs(other.left - left) < width + 1 && Math.abs(other.top - top) < height + 1) return null;
      }
    }
    return key(column, row);
  };
  for (let point = 0; point < film.points; point++) {
    if (opaque[point] <= FAINT) continue;
    const left = Math.round(xs[point] - width / 2);
    const top = Math.round(ys[point] - height / 2);
    if (left < 0 || top < 0 || left + width > surface.width || top + height > surface.height) continue;
    const cell = free(left, top);
    if (cell === null) continue;
    const thumbnail = { point, left, top, width, height, border };
    taken.set(cell, thumbnail);
    thumbnails.push(thumbnail);
    surface.image(film.image(point), film.imageShape, thumbnail, factor, colours[point]);
  }
  return thumbnails;
}
