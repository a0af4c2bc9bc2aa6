/** The pixels of a picture file. */

import { make } from "../shared/elements.js";
import { contextOf } from "../shared/pictures.js";

export const PICTURE_SIDE = 352; // pixels of a picture's longer side: a thin pen is still seen, and all of it takes 0.1 s

/**
 * Unpacked, and reduced where it is large; away from the page's own thread where the browser gets the file itself.
 * @param {ImageBitmapSource} source @param {number} wide @param {number} high its pixels
 * @returns {Promise<ImageData>}
 */
export async function pixelsOf(source, wide, high) {
  const scale = Math.min(1, PICTURE_SIDE / Math.max(wide, high));
  const [width, height] = [wide, high].map((length) => Math.max(1, Math.round(length * scale)));
  const bitmap = await createImageBitmap(source, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  const context = contextOf(make("canvas", "", "", { width, height }), { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** @param {string} address @returns {Promise<HTMLImageElement|null>} null where it is no picture */
export async function opened(address) {
  const image = new Image();
  return new Promise((resolve) => {
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = address;
  });
}
