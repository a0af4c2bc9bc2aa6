/** Reading a picture file that somebody brings to the Draw page, and what the page says and asks of it. */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { fitted } from "./fit.js";
import { asMnist } from "./mnist.js";
import { PICTURE_SIDE, greysOf } from "./picture.js";
import { strokesOf } from "./strokes.js";

const MAX_FILE = 10 * 2 ** 20; // bytes
const MAX_PIXELS = 40e6; // a browser takes four bytes each to open it
const LEAST_LEVELS = 3; // of 255, between paper and ink: a step of two is how a browser rounds
const LEAST_INK = 8; // grey levels: more than the steps in which a smooth shade is stored
const SURE_INK = 5; // standard deviations of the paper

/** A picture that cannot be used. Its message is a sentence for the page. */
export class PictureError extends Error {}

/**
 * Read a picture file as greys.
 * @param {File} file
 * @returns {Promise<{greys: import("./picture.js").Greys, strokes: import("./strokes.js").Strokes}>} with all steps taken
 */
export async function readPicture(file) {
  if (file.size === 0) throw new PictureError(`${file.name} is empty (0 bytes). Choose another picture.`);
  if (file.size > MAX_FILE) {
    const size = number(file.size / 2 ** 20, 0);
    throw new PictureError(`${file.name} has ${size} MB, and 10 MB is the most. Save it smaller, or cut out the digit.`);
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
      throw new PictureError(`${name} is ${wide} × ${high} pixels, and 40 million in all is the most. Save it smaller.`);
    }
    return prepared(name, await pixelsOf(vector ? image : blob, wide, high));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new PictureError(`${name} is damaged and cannot be read to its end. Choose another picture.`);
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** @param {ImageData} pixels @returns as `readPicture` */
export function prepared(name, { data, width, height }) {
  const { levels, ...greys } = greysOf(data, width, height);
  if (levels === 0) throw new PictureError(`${name} is of one colour, so there is nothing on it to see. Choose another picture.`);
  const strokes = strokesOf(greys);
  const { figures, typical, noise } = strokes;
  if (levels < LEAST_LEVELS || typical < Math.max(LEAST_INK, SURE_INK * noise) || !figures.length) {
    throw new PictureError(`What is on ${name} is too faint to be told from its paper. Write darker, or give it more light.`);
  }
  return { greys, strokes };
}

/**
 * Take all steps twice with a picture made up here: a browser runs what it has not run before four times as long. While somebody
 * looks for a file there is time for it.
 */
export async function rehearse() {
  const [width, height] = [PICTURE_SIDE, 0.75 * PICTURE_SIDE];
  const pixels = new ImageData(width, height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const table = Math.min(x, y, width - 1 - x, height - 1 - y) < 20;
      const written = Math.abs(x - 200) < 8 && Math.abs(y - 150) < 80;
      pixels.data.fill(table || written ? 60 : y % 24 === 0 ? 150 : 180 + 0.15 * x, at, at + 3);
      pixels.data[at + 3] = 255;
    }
  }
  let found;
  for (let turn = 0; turn < 2; turn++) {
    const { strokes } = prepared("", await pixelsOf(pixels, width, height));
    const one = fitted(strokes, 0, 200, true);
    asMnist(one.ink, one.width, one.height, [28, 28], true);
    found = { figures: strokes.figures.length, lines: strokes.lines, border: strokes.border };
  }
  return found;
}

/**
 * Unpacked, and reduced where it is large; away from the page's own thread where the browser gets the file itself.
 * @param {ImageBitmapSource} source @returns {Promise<ImageData>}
 */
export async function pixelsOf(source, wide, high) {
  const scale = Math.min(1, PICTURE_SIDE / Math.max(wide, high));
  const [width, height] = [wide, high].map((length) => Math.max(1, Math.round(length * scale)));
  const bitmap = await createImageBitmap(source, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  const canvas = make("canvas", "", "", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** @returns {Promise<HTMLImageElement|null>} null where it is no picture */
async function opened(address) {
  const image = new Image();
  return new Promise((resolve) => {
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = address;
  });
}

// SVG -----------------------------------------------------------------------------------------------------------------

/**
 * An SVG whose root says how large it is: as it did, or by its view box, or else by the bounds of its drawing, which a
 * browser would cut at 300 × 150. It is only ever opened as an image, in which no script runs.
 * @param {string} text @returns {Promise<Blob>}
 */
async function sizedSvg(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.localName === "svg") {
    const length = (name) => (/^[\d.]+(px)?$/.test(root.getAttribute(name)?.trim() ?? "") ? Number.parseFloat(root.getAttribute(name)) : 0);
    const given = (root.getAttribute("viewBox") ?? "").trim().split(/[\s,]+/).map(Number);
    const hasBox = given.length === 4 && given.every(Number.isFinite) && given[2] > 0 && given[3] > 0;
    const sized = length("width") > 0 && length("height") > 0;
    if (!sized || hasBox) setBox(root, hasBox ? given : await drawnBounds(root));
  }
  return blobOf(root);
}

const blobOf = (root) => new Blob([new XMLSerializer().serializeToString(root)], { type: "image/svg+xml" });

function setBox(root, [x, y, wide, high]) {
  const scale = PICTURE_SIDE / Math.max(wide, high);
  root.setAttribute("viewBox", `${x} ${y} ${wide} ${high}`);
  root.setAttribute("width", wide * scale);
  root.setAttribute("height", high * scale);
}

/** Where an SVG has drawn, looked for in an ever better window. @returns {Promise<number[]>} x, y, width, height */
async function drawnBounds(root) {
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
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
      }
    }
    if (right <= left) break;
    const [x, y, wide, high] = window;
    const cut = left === 0 || top === 0 || right === columns || bottom === rows;
    const margin = cut ? Math.max(columns, rows) : 0.06 * Math.max(right - left, bottom - top) + 1;
    const step = Math.max(wide / columns, high / rows);
    window = [x + (left - margin) * step, y + (top - margin) * step, (right - left + 2 * margin) * step, (bottom - top + 2 * margin) * step];
    if (!cut && look > 1) break;
  }
  return window;
}

// What was done with it -----------------------------------------------------------------------------------------------

const LABELS = {
  light: "Even out the light",
  lines: "Leave out lines of the paper",
  border: "Leave out frames and what lies along the border",
  specks: "Leave out specks and other digits",
  width: "Match the width of MNIST’s strokes",
};

/** Says what was done with the picture on the field, and lets each step be turned off and one of its digits be chosen. */
export class PicturePanel {
  /** @param {HTMLElement} container @param {function({without?: string[], chosen?: number})} change is told what the person wants */
  constructor(container, change) {
    this.container = container;
    this.said = container.querySelector(".done");
    this.whole = container.querySelector(".read canvas");
    this.which = container.querySelector(".which");
    this.details = container.querySelector("details");
    this.change = change;
    this.boxes = Object.entries(LABELS).map(([step, text]) => {
      const label = make("label", "step");
      const box = make("input", "", "", { type: "checkbox", value: step });
      box.onchange = () => this.change({ without: this.boxes.filter(({ checked }) => !checked).map(({ value }) => value), chosen: null });
      label.append(box, make("span", "", text));
      this.details.append(label);
      return box;
    });
  }

  hide() {
    this.container.hidden = true;
  }

  /**
   * @param {{without: string[]}} picture @param {import("./picture.js").Greys} greys of it @param {import("./strokes.js").Strokes} strokes
   * @param {{chosen: number, change: number, thumbnails: Uint8Array[], shape: number[]}} drawn change: by how much strokes became
   *   wider, in shares of the digit's size
   */
  show(picture, greys, strokes, { chosen, change, thumbnails, shape }) {
    this.container.hidden = false;
    this.showWhole(greys, strokes.figures, chosen);
    for (const box of this.boxes) box.checked = !picture.without.includes(box.value);
    this.details.hidden = strokes.inverted;
    const text = sentence(strokes, change);
    if (this.said.textContent !== text) this.said.textContent = text;
    this.which.hidden = strokes.figures.length < 2;
    if (this.which.hidden) return this.which.replaceChildren();
    const focused = this.which.contains(this.which.getRootNode().activeElement);
    const radios = thumbnails.map((pixels, place) => {
      const name = `Digit ${place + 1} of ${thumbnails.length}, from the left`;
      const label = make("label", "thumbnail", "", { title: name });
      const radio = make("input", "", "", { type: "radio", name: "figure", value: place, "aria-label": name });
      radio.checked = place === chosen;
      radio.onchange = () => this.change({ chosen: place });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, shape).draw(pixels, 1);
      label.append(radio, canvas);
      return label;
    });
    const legend = make("legend", "", `${thumbnails.length} digits are on this picture. Which one?`);
    this.which.replaceChildren(legend, ...radios);
    if (focused) radios[chosen].firstElementChild.focus();
  }

  /** The picture itself, with a box around what was found. */
  showWhole({ source, width, height }, figures, chosen) {
    const { whole } = this;
    new Picture(whole, [height, width]).draw(source, 1);
    const context = whole.getContext("2d");
    const line = Math.max(width, height) / 60;
    context.lineWidth = line;
    context.strokeStyle = getComputedStyle(whole).color;
    figures.forEach(({ left, right, top, bottom }, place) => {
      context.globalAlpha = place === chosen ? 1 : 0.4;
      context.strokeRect(left - line, top - line, right - left + 2 * line, bottom - top + 2 * line);
    });
    context.globalAlpha = 1;
    const found = figures.length === 1 ? "a box around its digit" : `a box around each of its ${figures.length} digits`;
    whole.setAttribute("aria-label", `The picture in greys${figures.length ? `, with ${found}` : ""}`);
  }
}

/** What was left out and done, "2 specks and 8 lines left out; strokes thickened to the width of MNIST’s."; empty for nothing. */
function sentence({ specks, lines, border, frames, uneven, inverted }, change) {
  if (inverted) return "The paper is taken for ink, so nothing is left out.";
  const counted = (count, name) => (count ? [`${count} ${name}${count === 1 ? "" : "s"}`] : []);
  const left = [...counted(specks, "speck"), ...counted(lines, "ruled line"), ...counted(frames, "frame"), ...(border ? ["what lies along the border"] : [])];
  const list = left.length > 1 ? `${left.slice(0, -1).join(", ")} and ${left.at(-1)}` : left.join("");
  const done = [
    ...(list ? [`${list} left out`] : []),
    ...(uneven ? ["the light evened out"] : []),
    ...(change ? [`strokes ${change > 0 ? "thickened" : "thinned"} to the width of MNIST’s`] : []),
  ];
  const text = done.join("; ");
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}
