/** Reading a picture file that somebody brings to the Draw page. */

import { number } from "../engine/numbers.js";
import { greysOf } from "./colour.js";
import { fitted } from "./fit.js";
import { asMnist } from "./mnist.js";
import { strokesOf } from "./strokes.js";
import { sizedSvg } from "./svg.js";
import { PICTURE_SIDE, opened, pixelsOf } from "./unpack.js";

/** @import { Strokes } from "./strokes.js" */
/** @import { Greys } from "./windows.js" */

/** @typedef {{greys: Greys, strokes: Strokes}} Reading strokes: with all steps taken */

const MAX_FILE = 10 * 2 ** 20; // bytes
const MAX_PIXELS = 40e6; // a browser takes four bytes each to open it
const LEAST_LEVELS = 3; // of 255, between paper and ink: a step of two is how a browser rounds
const LEAST_INK = 8; // grey levels: more than the steps in which a smooth shade is stored
const SURE_INK = 5; // standard deviations of the paper
const REHEARSALS = 6;

/** A picture that cannot be used. Its message is a sentence for the page. */
export class PictureError extends Error {}

/**
 * Read a picture file as greys.
 * @param {File} file
 * @returns {Promise<Reading>}
 */
export async function readPicture(file) {
  if (file.size === 0) throw new PictureError(`${file.name} is empty (0 bytes). Choose another picture.`);
  if (file.size > MAX_FILE) {
    const size = number(file.size / 2 ** 20, 0);
    throw new PictureError(
      `${file.name} has ${size} MB, and 10 MB is the most. Save it smaller, or cut out the digit.`,
    );
  }
  const { name } = file;
  const vector = file.type === "image/svg+xml" || /\.svg$/i.test(name);
  const blob = vector ? await sizedSvg(await file.text()) : file;
  const address = URL.createObjectURL(blob);
  try {
    const image = await opened(address);
    if (!image) throw new PictureError(`${name} is not a picture that can be read. Choose a PNG, JPEG, GIF or WebP.`);
    const { naturalWidth: wide, naturalHeight: high } = image;
    if (!wide || !high) throw new PictureError(`${name} does not say how large it is. Save it as PNG.`);
    // The size is known before the pixels are unpacked, which is when a small file can become a huge picture.
    if (wide * high > MAX_PIXELS) {
      throw new PictureError(
        `${name} is ${wide} × ${high} pixels, and 40 million in all is the most. Save it smaller.`,
      );
    }
    return prepared(name, await pixelsOf(vector ? image : blob, wide, high));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new PictureError(`${name} is damaged and cannot be read to its end. Choose another picture.`);
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** @param {string} name of the file @param {ImageData} pixels @returns {Reading} */
export function prepared(name, pixels) {
  const { data, width, height } = pixels;
  const { levels, greys } = greysOf(data, width, height);
  if (levels === 0)
    throw new PictureError(`${name} is of one colour, so there is nothing on it to see. Choose another picture.`);
  const strokes = strokesOf(greys);
  const { figures, typical, noise } = strokes;
  if (levels < LEAST_LEVELS || typical < Math.max(LEAST_INK, SURE_INK * noise) || !figures.length) {
    throw new PictureError(
      `What is on ${name} is too faint to be told from its paper. Write darker, or give it more light.`,
    );
  }
  return { greys, strokes };
}

/**
 * Take all steps several times with a picture made up here: a browser runs what it has not run before four times as long, and
 * compiles it again when it meets what it has not met. So this one is askew, grainy and unevenly lit, as photographs are. While
 * somebody looks for a file there is time for it.
 * @param {() => boolean} [stop] whether there is no time any more
 */
export async function rehearse(stop = () => false) {
  let found;
  for (let turn = 0; turn < REHEARSALS && !stop(); turn++) {
    const pixels = madeUp(turn);
    const { strokes } = prepared("", await pixelsOf(pixels, pixels.width, pixels.height));
    const one = fitted(strokes, 0, 200, true);
    asMnist(one.ink, one.width, one.height, [28, 28], true);
    found = { figures: strokes.figures.length, lines: strokes.lines, border: strokes.border };
  }
  return found;
}

/** A 1 on a ruled sheet that lies on a table. @param {number} turn how far it is askew */
function madeUp(turn) {
  const [width, height] = [PICTURE_SIDE, 0.75 * PICTURE_SIDE];
  const pixels = new ImageData(width, height);
  const slope = 0.01 + 0.007 * turn;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const [u, v] = [x + slope * (y - height / 2), y - slope * (x - width / 2)];
      const table = Math.min(u, v, width - u, height - v) < 24;
      const written = Math.abs(u - 200) < 8 && Math.abs(v - 150) < 80;
      const grain = ((x * 37 + y * 101) % 17) / 4;
      const ruled = (v + height) % 24 < 1.3;
      pixels.data.fill((table || written ? 60 : ruled ? 150 : 180 + 0.15 * x) + grain, at, at + 3);
      pixels.data[at + 3] = 255;
    }
  }
  return pixels;
}
