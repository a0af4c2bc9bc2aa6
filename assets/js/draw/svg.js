/** SVG pictures that do not say how large they are. */

import { PICTURE_SIDE, opened, pixelsOf } from "./unpack.js";

/** @typedef {[x: number, y: number, wide: number, high: number]} Box */

/**
 * An SVG whose root says how large it is: as it did, or by its view box, or else by the bounds of its drawing, which a
 * browser would cut at 300 × 150. It is only ever opened as an image, in which no script runs.
 * @param {string} text @returns {Promise<Blob>}
 */
export async function sizedSvg(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.localName === "svg") {
    const box = givenBox(root);
    const sized = givenLength(root, "width") > 0 && givenLength(root, "height") > 0;
    if (!sized || box) setBox(root, box ?? (await drawnBounds(root)));
  }
  return blobOf(root);
}

/** @param {Element} root @param {string} name @returns {number} pixels, 0 where none are given */
function givenLength(root, name) {
  const text = root.getAttribute(name)?.trim() ?? "";
  return /^[\d.]+(px)?$/.test(text) ? Number.parseFloat(text) : 0;
}

/** @param {Element} root @returns {Box|null} */
function givenBox(root) {
  const [x, y, wide, high, ...more] = (root.getAttribute("viewBox") ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const whole = !more.length && [x, y, wide, high].every(Number.isFinite);
  return whole && wide > 0 && high > 0 ? [x, y, wide, high] : null;
}

/** @param {Element} root */
const blobOf = (root) => new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" });

/** @param {Element} root @param {Box} box */
function setBox(root, [x, y, wide, high]) {
  const scale = PICTURE_SIDE / Math.max(wide, high);
  root.setAttribute("viewBox", `${x} ${y} ${wide} ${high}`);
  root.setAttribute("width", String(wide * scale));
  root.setAttribute("height", String(high * scale));
}

/** Where an SVG has drawn, looked for in an ever better window. @param {Element} root @returns {Promise<Box>} */
async function drawnBounds(root) {
  /** @type {Box} */
  let window = [-1000, -1000, 4000, 4000];
  for (let look = 0; look < 6; look++) {
    setBox(root, window);
    const address = URL.createObjectURL(blobOf(root));
    const image = await opened(address);
    URL.revokeObjectURL(address);
    if (!image) break;
    const { data, width: columns, height: rows } = await pixelsOf(image, image.naturalWidth, image.naturalHeight);
    const ground = data.slice(0, 4);
    let [left, right, top, bottom] = [columns, 0, rows, 0];
    for (let y = 0, at = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, at += 4) {
        if (ground.every((value, c) => data[at + c] === value)) continue;
        [left, right, top, bottom] = [
          Math.min(left, x),
          Math.max(right, x + 1),
          Math.min(top, y),
          Math.max(bottom, y + 1),
        ];
      }
    }
    if (right <= left) break;
    const [x, y, wide, high] = window;
    const cut = left === 0 || top === 0 || right === columns || bottom === rows;
    const margin = cut ? Math.max(columns, rows) : 0.06 * Math.max(right - left, bottom - top) + 1;
    const step = Math.max(wide / columns, high / rows);
    window = [
      x + (left - margin) * step,
      y + (top - margin) * step,
      (right - left + 2 * margin) * step,
      (bottom - top + 2 * margin) * step,
    ];
    if (!cut && look > 1) break;
  }
  return window;
}
