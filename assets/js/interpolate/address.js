/** What Interpolate shows, as its address says it: ends, the slot that is being chosen, method, and where on the way one is. */

import { Asked, codeOf, codeText, parametersOf } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { End } from "./ends.js" */

/**
 * What the page remembers; `key` of the run that had these ends, cell: of the grid, the one that is looked at; shown: the class
 * whose images are offered. Whatever a browser sends can be altered.
 * @typedef {{key?: string, ends?: (End|undefined)[], slot?: number, method?: string, share?: number, seconds?: string,
 *   back?: boolean, cell?: number, shown?: number|null}} Memory
 */

export const USUAL = Object.freeze({
  slot: 1,
  method: "linear",
  share: 6 / 15, // where walk and cross-fade differ
  seconds: "4",
  back: true,
  cell: 36, // the middle
});
const NAMES = ["a", "b", "c", "d"];
const CELLS = 64;
const MOST_CLASSES = 1000;
const MOST_OF_CODE = 150; // characters

/** @param {End} end @returns {string} an image's index, then what was added to its code; or a code alone */
function textOf(end) {
  if (end.kind === "code") return `z${codeText(end.code, MOST_OF_CODE)}`;
  const image = end.kind === "drawing" ? `drawing${end.index}` : String(end.index);
  return end.offset ? `${image}z${codeText(end.offset, MOST_OF_CODE)}` : image;
}

/** @param {string} text @returns {End|null} */
function endOf(text) {
  const parts = /^(drawing)?(\d{1,9})?(?:z(.*))?$/.exec(text);
  if (!parts || (parts[1] && !parts[2])) return null;
  const [, drawing, index, code] = parts;
  const numbers = code === undefined ? undefined : codeOf(code);
  if (numbers === null) return null;
  if (index === undefined) return numbers ? { kind: "code", code: numbers } : null;
  const kind = drawing ? "drawing" : "digit";
  return { kind, index: Number(index), ...(numbers && { offset: numbers }) };
}

/** @param {Memory} memory @returns {Parameters} */
export function toAddress({ ends = [], slot, method, share, seconds, back, cell, shown }) {
  const texts = ends.map((end) => (end ? textOf(end) : null));
  return parametersOf({
    ...Object.fromEntries(NAMES.map((name, place) => [name, texts[place]])),
    slot: slot === undefined || slot === USUAL.slot ? null : NAMES[slot],
    method: method === "spherical" ? method : null,
    at: share === USUAL.share ? null : share,
    seconds: seconds === USUAL.seconds ? null : seconds,
    back: back === false ? "no" : null,
    cell: cell === USUAL.cell ? null : cell,
    shown,
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const image = "the number of a test image or a code";
  const slot = asked.choice("slot", "the end that is being chosen", NAMES);
  const memory = {
    ends: NAMES.map((name) => asked.read(name, `the end ${name.toUpperCase()}`, image, endOf)),
    slot: slot ? NAMES.indexOf(slot) : USUAL.slot,
    method: asked.choice("method", "the way", ["linear", "spherical"]) ?? USUAL.method,
    share: asked.number("at", "the place on the way", 0, 1) ?? USUAL.share,
    seconds: asked.choice("seconds", "the pace", ["8", "4", "2", "1"]) ?? USUAL.seconds,
    back: asked.choice("back", "the way back", ["yes", "no"]) !== "no",
    cell: asked.whole("cell", "the cell of the grid", 0, CELLS - 1) ?? USUAL.cell,
    shown: asked.whole("shown", "the class that is offered", 0, MOST_CLASSES) ?? null,
  };
  return { memory, problems: asked.problems };
}
