/**
 * Saved pictures that say what they show: images in rows as a PNG, frames as a GIF, each with words around it.
 *
 * As bvae/pictures.py makes them, on white paper in both themes, because they go into slides and papers.
 */

import { encodeGif } from "../engine/gif.js";
import { cut } from "./classes.js";
import { make } from "./elements.js";
import { epochWords } from "./epochs.js";
import { save } from "./files.js";
import { contextOf, Picture } from "./pictures.js";

const LONG_SIDE = 800; // pixels that the longer side of the images has at least, for a slide
const LEAST_SCALE = 4;
const LEAST_WIDTH = 480;
const LEAST_SIZE = 9; // of letters; what is too long even so is cut
const LINE = 1.3; // of a letter's size
const FONT = "system-ui, sans-serif";
const SHEET_COLOURS = { paper: "#ffffff", ink: "#181818", ground: "#404040" };

/** @import { About } from "../engine/run.js" */

/**
 * Of what a picture is: run, β or capacity, and epoch.
 * @param {Pick<About, "name"|"weight"|"imported">} about a run @param {number} epoch
 */
export const heading = (about, epoch) => `${about.name} · ${about.weight} · ${epochWords(about, epoch).name}`;

/**
 * Save grey images as one PNG, in rows of `columns`, with words around them.
 * @param {string} name of the file
 * @param {ArrayLike<number>[]} images in [0, 1] @param {[number, number]} shape height and width @param {number} columns
 * @param {{title: string[], rows?: string[], heads?: string[]}} words lines above, of which long ones are broken; what
 *   stands before each row, and above each column, there smaller where columns are narrow
 */
export function saveSheet(name, images, shape, columns, { title, rows = [], heads: wanted = [] }) {
  const [height, width] = shape;
  const gap = images.length > 1 ? 1 : 0;
  const down = Math.ceil(images.length / columns);
  const across = columns * (width + gap) + gap;
  const high = down * (height + gap) + gap;
  const scale = Math.max(LEAST_SCALE, Math.ceil(LONG_SIDE / Math.max(across, high)));
  const size = Math.min(28, Math.max(18, Math.round((Math.max(across, high) * scale) / 50)));
  const pad = size / 2;
  const page = make("canvas");
  const context = contextOf(page);
  /** @param {string} text @param {number} letters their size */
  const wide = (text, letters) => {
    context.font = `${letters}px ${FONT}`;
    return Math.max(...text.split("\n").map((line) => context.measureText(line).width));
  };
  const gutter = Math.ceil(rows.length ? Math.max(...rows.map((row) => wide(row, size))) + 2 * pad : pad);
  const step = { x: (across * scale) / columns, y: (high * scale) / down };
  /** @param {string} line */
  const fitting = (line) => {
    let most = line.length;
    while (most > 1 && wide(cut(line, most), LEAST_SIZE) > 0.95 * step.x) most--;
    return cut(line, most);
  };
  const heads = wanted.map((head) => head.split("\n").map(fitting).join("\n"));
  const widest = Math.max(1, ...heads.map((head) => wide(head, size)));
  const headSize = Math.max(LEAST_SIZE, Math.min(size, Math.floor((size * 0.9 * step.x) / widest)));
  const headLines = Math.max(0, ...heads.map((head) => head.split("\n").length));
  page.width = Math.max(Math.ceil(gutter + across * scale + pad), LEAST_WIDTH);
  const lines = brokenLines(title, page.width - 2 * pad, (text) => wide(text, size));
  const top = Math.ceil(pad + lines.length * size * LINE + pad + (headLines ? headLines * headSize * LINE + pad : 0));
  page.height = top + high * scale + pad;

  context.fillStyle = SHEET_COLOURS.paper;
  context.fillRect(0, 0, page.width, page.height);
  writeLines(context, lines, pad, pad, size);
  heads.forEach((head, place) => {
    const parts = head.split("\n");
    writeLines(
      context,
      parts,
      gutter + step.x * (place + 0.5),
      top - pad / 2 - parts.length * headSize * LINE,
      headSize,
      "center",
    );
  });
  rows.forEach((row, place) => {
    const parts = row.split("\n");
    writeLines(
      context,
      parts,
      gutter - pad,
      top + step.y * (place + 0.5) - (parts.length * size * LINE) / 2,
      size,
      "right",
    );
  });
  context.fillStyle = SHEET_COLOURS.ground;
  context.fillRect(gutter, top, across * scale, high * scale);
  context.imageSmoothingEnabled = false;
  const tile = make("canvas");
  const picture = new Picture(tile, shape);
  images.forEach((image, position) => {
    picture.draw(image, 255);
    const left = gutter + ((position % columns) * (width + gap) + gap) * scale;
    const above = top + (Math.floor(position / columns) * (height + gap) + gap) * scale;
    context.drawImage(tile, left, above, width * scale, height * scale);
  });
  page.toBlob((blob) => blob && save(name, [blob], "image/png"), "image/png");
}

/**
 * Save grey frames as a GIF that plays for ever, over a band of words.
 * @param {string} name of the file
 * @param {ArrayLike<number>[]} frames in [0, 1] @param {[number, number]} shape height and width
 * @param {{title: string[], moments: string[]}} words lines below, and one of each frame's own
 * @param {number} [seconds] a frame
 */
export function saveFrames(name, frames, shape, { title, moments }, seconds = 0.08) {
  const [height, width] = shape;
  const scale = Math.ceil(LONG_SIDE / Math.max(height, width));
  const [across, high] = [width * scale, height * scale];
  const size = Math.max(18, Math.round(across / 40));
  const pad = Math.round(size / 2);
  const band = make("canvas", "", "", { width: across });
  const context = contextOf(band, { willReadFrequently: true });
  context.font = `${size}px ${FONT}`;
  const lines = brokenLines(title, across - 2 * pad, (text) => context.measureText(text).width);
  band.height = Math.ceil(2 * pad + (lines.length + 1) * size * LINE);
  const enlarged = frames.map((frame, number) => {
    const out = new Uint8Array(across * (high + band.height));
    for (let y = 0; y < high; y += scale) {
      const from = (y / scale) * width;
      const row = out.subarray(y * across, (y + 1) * across);
      for (let x = 0; x < across; x++) row[x] = Math.round(frame[from + Math.floor(x / scale)] * 255);
      for (let copy = 1; copy < scale; copy++) out.copyWithin((y + copy) * across, y * across, (y + 1) * across);
    }
    context.fillStyle = SHEET_COLOURS.paper;
    context.fillRect(0, 0, across, band.height);
    writeLines(context, [...lines, moments[number]], pad, pad, size);
    const { data } = context.getImageData(0, 0, across, band.height);
    for (let i = 0; i < across * band.height; i++) out[across * high + i] = data[4 * i];
    return out;
  });
  save(name, encodeGif(enlarged, across, high + band.height, Math.round(seconds * 100)), "image/gif");
}

/**
 * @param {CanvasRenderingContext2D} context @param {string[]} lines one below the other
 * @param {number} x @param {number} y of their upper edge @param {number} size of the letters
 * @param {CanvasTextAlign} [side] of them at which x is
 */
function writeLines(context, lines, x, y, size, side = "left") {
  context.font = `${size}px ${FONT}`;
  context.textAlign = side;
  context.textBaseline = "middle";
  context.fillStyle = SHEET_COLOURS.ink;
  for (const [place, line] of lines.entries()) context.fillText(line, x, y + (place + 0.5) * size * LINE);
}

/**
 * @param {string[]} texts @param {number} room pixels @param {(text: string) => number} wide its pixels
 * @returns {string[]} lines that fit, broken between words
 */
function brokenLines(texts, room, wide) {
  return texts.flatMap((text) => {
    const lines = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = `${line} ${word}`.trim();
      if (line && wide(longer) > room) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    return [...lines, line];
  });
}
