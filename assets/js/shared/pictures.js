/** Grey images on canvases. */

import { make } from "./elements.js";

/** @import { LiveRun } from "../engine/run.js" */

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("The browser has no room for another picture."); // a phone's, with very many of them
  return context;
}

/** A canvas that shows one grey image, white on black. */
export class Picture {
  /** @param {HTMLCanvasElement} canvas @param {[number, number]} shape height and width */
  constructor(canvas, [height, width]) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.context = contextOf(canvas);
    this.frame = this.context.createImageData(width, height);
    this.packed = new Uint32Array(this.frame.data.buffer);
  }

  /** @param {ArrayLike<number>} pixels @param {number} scale 255 for values in [0, 1], 1 for bytes */
  draw(pixels, scale) {
    for (let i = 0; i < pixels.length; i++) this.packed[i] = 0xff000000 | (Math.round(pixels[i] * scale) * 0x010101);
    this.context.putImageData(this.frame, 0, 0);
  }
}

/**
 * A radio button that looks like an image of the gallery, so that the arrow keys work as everywhere.
 * @param {LiveRun} run @param {number} position
 * @param {{group: string, value: string|number, name: string, choose: (event: MouseEvent) => void}} options
 */
export function imageRadio(run, position, { group, value, name, choose }) {
  const label = make("label", "thumbnail", "", { title: name });
  const radio = make("input", "", "", { type: "radio", name: group, value, "aria-label": name });
  const canvas = make("canvas", "", "", { "aria-hidden": "true" });
  new Picture(canvas, run.imageShape).draw(run.image(position), 1);
  radio.onclick = choose; // which the arrow keys are too, and a press on the one that is chosen
  label.append(radio, canvas);
  return label;
}
