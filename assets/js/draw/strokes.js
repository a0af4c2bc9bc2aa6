/** From the greys of a picture to the strokes of its digits, step by step. No DOM. */

import { withoutLines } from "./lines.js";
import { heaviest, partsOf, sorted } from "./parts.js";
import { inkOf, isDarkOnLight, withoutImpulses } from "./picture.js";
import { isOff, onlySheet, sheetOf } from "./sheet.js";
import { negative } from "./windows.js";

/** @import { Figure } from "./parts.js" */
/** @import { Greys } from "./windows.js" */

/** @typedef {"light"|"lines"|"border"|"specks"|"width"} StepName */
/** @typedef {Record<StepName, boolean>} Steps which are taken */

/** @type {StepName[]} */
export const STEPS = ["light", "lines", "border", "specks", "width"];
/** @type {Steps} */
const ALL = { light: true, lines: true, border: true, specks: true, width: true };
/** @type {Steps} */
const NONE = { light: false, lines: false, border: false, specks: false, width: false };
const LEAST = 0.12; // of the ink of a stroke: less is the edge of its blur, or paper

/**
 * @typedef {{soft: Uint8Array, labels: Int8Array, width: number, height: number, figures: Figure[], largest: number,
 *   specks: number, lines: number, border: number, frames: number, uneven: boolean, dark: boolean, inverted: boolean, noise: number,
 *   typical: number}} Strokes
 *   soft: ink, 0 to 255; labels: the figure, from 1, that a pixel belongs to; border: how many things along the border were left
 *   out; frames: how many around a digit; dark: whether ink is dark; inverted: what is read as ink is the paper; noise, typical: of paper and of ink, in grey levels
 */

/**
 * Find what is written on a picture.
 * @param {Greys} brought
 * @param {boolean|null} [wish] whether ink is dark; null where the picture shall tell
 * @param {Steps} [wanted]
 * @returns {Strokes} figures from left to right
 */
export function strokesOf(brought, wish = null, wanted = ALL) {
  const picture = withoutImpulses(brought);
  const { width, height } = picture;
  const sheet = sheetOf(picture);
  const likely = isDarkOnLight(picture, sheet);
  const dark = wish ?? likely;
  const inverted = dark !== likely;
  const steps = inverted ? NONE : wanted;
  const frame = steps.border ? sheet : null;
  const page = frame ? onlySheet(picture, frame) : picture;
  const greys = { source: dark ? page.source : negative(page.source), width, height }; // what is sought is dark
  const cleaned = steps.lines ? withoutLines(greys) : { greys, lines: 0 };
  const { ink, strength, noise, typical, uneven } = inkOf(
    cleaned.greys,
    steps.light ? "around" : inverted ? "lightest" : "usual",
  );
  const soft = new Uint8Array(ink.length);
  for (let at = 0; at < ink.length; at++) {
    const share = ink[at] / strength[at];
    soft[at] = share > LEAST ? Math.min(255, Math.round(255 * share)) : 0;
  }
  const parts = partsOf(soft, ink, width, height);
  if (frame) {
    const off = isOff(frame, picture);
    for (const part of parts)
      part.off = part.pixels.reduce((count, at) => count + Number(off(at)), 0) > 0.3 * part.area;
  }
  const { figures, specks, border, frames } = sorted(parts, width, height, steps);
  const labels = new Int8Array(soft.length);
  figures.forEach((figure, place) => {
    for (const part of figure.parts) for (const at of part.pixels) labels[at] = place + 1;
  });
  if (figures.length && !steps.specks && !border) labels.set(soft.map((value) => Number(value > 0)));
  const largest = figures.length ? figures.indexOf(heaviest(figures)) : -1;
  const counts = { specks, lines: cleaned.lines, border: border + Number(frame !== null), frames };
  return { soft, labels, width, height, figures, largest, ...counts, uneven, dark, inverted, noise, typical };
}
