/** The drawing as the address says it: its strokes, what lies under them, and how it becomes an image. */

import { Asked, parametersOf } from "../engine/address.js";
import { bytesOf, toBase64 } from "../engine/bytes.js";
import { pixelsFrom, pixelsText, writtenOf, writtenText } from "../engine/ink.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { Copied, Step } from "./field.js" */
/** @import { Stroke } from "../engine/ink.js" */

/**
 * What the page is found as. image: as the model saw it, row by row; across: how many pixels a row has; number: of the image;
 * shown: the class whose images are offered. Whatever a browser sends can be altered.
 * @typedef {{steps: Step[], centre?: boolean, image?: number[], across?: number, number?: number, shown?: number|null}} Memory
 */

const MOST = 1000; // characters of a drawing
const MOST_CLASS = 1000;

/**
 * Of a drawing with more strokes than fit, and of a picture, the address has what the model sees of it, to be taken as it is.
 * @param {Memory} memory @returns {Parameters}
 */
export function toAddress({ steps, centre, image = [], across = 0, shown }) {
  const from = steps.findLastIndex(({ kind }) => kind !== "stroke");
  const base = steps[from];
  const strokes = /** @type {Stroke[]} */ (steps.slice(from + 1));
  const written = strokes.length ? writtenText(strokes) : null;
  const under = base?.kind === "image" ? `${base.width}.${pixelsText(bytesOf(base.pixels))}` : null;
  const whole = base?.kind !== "picture" && (written?.length ?? 0) + (under?.length ?? 0) <= MOST;
  const seen = !whole && image.some(Boolean) ? `${across}.${pixelsText(image)}` : null;
  const ink = whole ? under : seen;
  return parametersOf({
    ink: ink && ink.length <= MOST ? ink : null,
    strokes: whole ? written : null,
    centre: centre === undefined ? null : whole && centre ? "yes" : "no",
    shown,
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const under = asked.read("ink", "the drawing", "the pixels of one", copiedOf);
  const strokes = asked.read("strokes", "the strokes", "those of a drawing", writtenOf);
  const centre = asked.choice("centre", "the centring", ["yes", "no"]);
  const memory = {
    steps: [...(under ? [under] : []), ...(strokes ?? [])],
    centre: centre && centre === "yes",
    shown: asked.whole("shown", "the class that is offered", 0, MOST_CLASS) ?? null,
  };
  return { memory, problems: asked.problems };
}

/** @param {string} text @returns {Copied|null} */
function copiedOf(text) {
  const [, columns, packed] = /^(\d{1,3})\.(.*)$/.exec(text) ?? [];
  const pixels = packed ? pixelsFrom(packed) : null;
  const width = Number(columns);
  if (!pixels || !width || pixels.length % width) return null;
  return { kind: "image", pixels: toBase64(pixels), width, height: pixels.length / width };
}
