/**
 * The cursor and its address, as pages/parts/cursor.py has them for the app: an address of an exported page differs from one of
 * the app only in what stands before it. No DOM.
 */

import { codeText, TAKEN_ALONG, unpacked } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { CursorState, Start } from "../engine/run.js" */

/**
 * What a cursor must fit: the selected run's latent space, its epochs and the images that it can set out from.
 * @typedef {object} Space
 * @property {string} run its name
 * @property {string} dataset positions in the test split of two runs mean the same image only where this is the same
 * @property {number} latentDim
 * @property {number[]} epochs
 * @property {ArrayLike<number>} labels the gallery's classes
 * @property {ArrayLike<number>} indices the gallery's positions in the test split
 * @property {(epoch: number, place: number) => ArrayLike<number>} mean the code of one of the gallery
 * @property {(kind: "digit"|"drawing", index: number) => ((epoch: number) => ArrayLike<number>)|null} guest the codes of any
 *   other image by epoch; null where there is none
 */

/** A part of an address that does not fit the run. Its message is a sentence's end. */
class CursorError extends Error {}

/** @type {("digit"|"drawing")[]} kinds of start that are an image with a code of its own at every epoch */
const IMAGES = ["digit", "drawing"];
const ALONG = ["lesson", "step", "embed"]; // what else goes along from page to page
const CURSOR = TAKEN_ALONG.filter((name) => !ALONG.includes(name));
const MOST_OF_CODE = 450; // characters, unless it has very many dimensions
const MOST_OF_CODES = 1000; // of the code and the one to which a reset returns
// As Python reads a number.
const DIGITS = "\\d(?:_?\\d)*";
const NUMBER = new RegExp(
  `^\\s*[+-]?(?:(?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[+-]?${DIGITS})?|inf|infinity|nan)\\s*$`,
  "i",
);

/** @param {Parameters} parameters @returns {Parameters} what of them is the cursor's */
export const ofCursor = (parameters) => picked(parameters, (name) => CURSOR.includes(name));

/** @param {Parameters} parameters @returns {Parameters} what of them is a page's own */
export const ofPage = (parameters) => picked(parameters, (name) => !CURSOR.includes(name) && !ALONG.includes(name));

/** @param {Parameters} parameters @returns {Parameters} what of them else goes along from page to page */
export const alongIn = (parameters) => picked(parameters, (name) => ALONG.includes(name));

/** @param {Parameters} parameters @param {(name: string) => boolean} wanted @returns {Parameters} */
const picked = (parameters, wanted) => Object.fromEntries(Object.entries(parameters).filter(([name]) => wanted(name)));

/**
 * The cursor on an image's own code: at the last epoch and on a typical test image, unless told.
 * @param {Space} space @param {Start|null} [start] an image that this run has @param {number} [epoch] @returns {CursorState}
 */
export function imageCursor(space, start = null, epoch = space.epochs[space.epochs.length - 1]) {
  const from = start ?? typical(space);
  const z = ownCode(space, from, epoch);
  if (!z) throw new Error("It is no image of this run.");
  return { z: Array.from(z), epoch, start: from, keep: "digit" };
}

/**
 * @param {Space} space @param {Start} start @param {number} epoch
 * @returns {ArrayLike<number>|null} the code of the image that a start is; null if it is none, or none that this run has
 */
export function ownCode(space, { kind, index }, epoch) {
  if ((kind !== "digit" && kind !== "drawing") || index === undefined) return null;
  const place = kind === "digit" ? Array.prototype.indexOf.call(space.indices, index) : -1;
  if (place >= 0) return space.mean(epoch, place);
  return space.guest(kind, index)?.(epoch) ?? null;
}

/** The image whose code is nearest to its class mean. Of the fourth class: a 3 has many neighbours to turn into. @param {Space} space @returns {Start} */
function typical({ labels, indices, epochs, mean }) {
  const classes = [...new Set(Array.from(labels))].sort((a, b) => a - b).slice(0, 4);
  const members = Array.from(labels, (label, place) => (label === classes.at(-1) ? place : -1)).filter((at) => at >= 0);
  const codes = members.map((place) => mean(epochs[epochs.length - 1], place));
  const middle = Array.from(codes[0], (_, dimension) => sum(codes.map((code) => code[dimension])) / codes.length);
  const distances = codes.map((code) => sum(middle.map((value, dimension) => (code[dimension] - value) ** 2)));
  return { kind: "digit", index: indices[members[distances.indexOf(Math.min(...distances))]] };
}

/** @param {number[]} values */
const sum = (values) => values.reduce((all, value) => all + value, 0);

/** @param {CursorState} cursor @returns {Parameters} epoch, z, where it set out from, and what the epoch keeps */
export function toAddress({ z: code, epoch, start, keep }) {
  const z = textOf(code);
  /** @type {Parameters} */
  const address = { epoch: String(epoch), z };
  if (start.index !== undefined) address[start.kind] = String(start.index);
  else if (start.kind !== "code") address.start = start.kind;
  const origin = textOf(start.code ?? code);
  if (origin !== z && origin.length + z.length <= MOST_OF_CODES) address.from = origin;
  if (keep === "code") address.keep = "code";
  return address;
}

/** @param {number[]} code @returns {string} */
function textOf(code) {
  const text = codeText(code, MOST_OF_CODE, ",");
  return text.startsWith("~") ? text : text.split(",").map(asPython).join(",");
}

/** A number as Python writes it: a small one with a power of ten, of two digits. @param {string} text @returns {string} */
function asPython(text) {
  const value = Number(text);
  const small = value !== 0 && Math.abs(value) < 1e-4;
  return small ? value.toExponential().replace(/e-(\d)$/, "e-0$1") : text;
}

/** @param {string} text @returns {number|null} a whole number as an address writes it, null if it is none */
export const shortDecimal = (text) => (/^[0-9]{1,9}$/.test(text) ? Number(text) : null);

/** The kept epoch that is closest to one that is not. @param {number} epoch @param {number[]} epochs */
export const nearestEpoch = (epoch, epochs) =>
  epochs.reduce((best, kept) => (Math.abs(kept - epoch) < Math.abs(best - epoch) ? kept : best));

/**
 * The cursor that an address asks for, as far as it can be followed.
 * @param {Parameters} parameters @param {Space} space
 * @returns {{cursor: CursorState, problems: string[]}} problems: a sentence for every part that had to be left out
 */
export function fromAddress(parameters, space) {
  /** @type {string[]} */
  const problems = [];
  let epoch = space.epochs[space.epochs.length - 1];
  if (parameters.epoch !== undefined) {
    const wanted = shortDecimal(parameters.epoch);
    if (wanted !== null) epoch = nearestEpoch(wanted, space.epochs);
    if (wanted !== epoch) {
      const kept = space.epochs.join(", ");
      problems.push(
        `The address asks for epoch ${quote(parameters.epoch)}. ${space.run} has kept ${kept}; showing ${epoch}.`,
      );
    }
  }
  const image = imageOf(parameters, space, epoch);
  if (!image && parameters.digit !== undefined) {
    problems.push(
      `The address asks for test image ${quote(parameters.digit)}, which is not among the run's probe images.`,
    );
  } else if (!image && parameters.drawing !== undefined) {
    const instead = parameters.z === undefined ? "a test image is shown instead" : "its code is shown as it is";
    problems.push(`The address asks for a drawing that is not kept here; ${instead}.`);
  }
  const cursor = imageCursor(space, image, epoch);
  if (parameters.keep === "code") cursor.keep = "code";
  if (parameters.z !== undefined) {
    try {
      cursor.z = codeIn(parameters.z, space);
      if (!image) cursor.start = startOf(parameters, cursor.z, space);
    } catch (error) {
      if (!(error instanceof CursorError)) throw error;
      problems.push(`The code z in the address ${error.message} Showing a test image instead.`);
    }
  }
  return { cursor, problems };
}

/** @param {string} text @param {Space} space @returns {number[]} */
function codeIn(text, { run, latentDim }) {
  const code = text.startsWith("~") ? unpacked(text) : text.split(",").map(numberOf);
  if (!code || code.includes(null)) throw new CursorError("is not a list of numbers.");
  if (code.length !== latentDim) {
    const count = `${code.length} ${code.length === 1 ? "number" : "numbers"}`;
    throw new CursorError(`cannot be used: it has ${count}, and ${run} has ${latentDim} latent dimensions.`);
  }
  if (!code.every((value) => Math.abs(Number(value)) < 1000))
    throw new CursorError("cannot be used: it has a number that is not finite, or beyond ±1000.");
  return code.map(Number);
}

/** @param {string} text @returns {number|null} null where it is none; NaN and the infinite ones are some */
function numberOf(text) {
  if (!NUMBER.test(text)) return null;
  const plain = text.replaceAll("_", "").trim().toLowerCase();
  if (/n/.test(plain)) return Number.NaN; // nan and inf, neither of which is of use
  return Number(plain);
}

/** @param {Parameters} parameters @param {Space} space @param {number} epoch @returns {Start|null} */
function imageOf(parameters, space, epoch) {
  for (const kind of IMAGES) {
    const index = shortDecimal(parameters[kind] ?? "");
    if (index === null) continue;
    /** @type {Start} */
    const start = { kind, index };
    return ownCode(space, start, epoch) ? start : null;
  }
  return null;
}

/** @param {Parameters} parameters @param {number[]} z @param {Space} space @returns {Start} */
function startOf({ start, from }, z, space) {
  if (start === "origin") return { kind: "origin" };
  let code = z; // then a reset returns to what is shown
  try {
    if (from !== undefined) code = codeIn(from, space);
  } catch (error) {
    if (!(error instanceof CursorError)) throw error;
  }
  return { kind: start === "random" ? "random" : "code", code };
}

/** Names as an address lists them, so that a comma in one is none between two. @param {string[]} names @returns {string} */
export const listText = (names) =>
  names
    .map((name) =>
      encodeURIComponent(name)
        .replaceAll("%20", " ")
        .replace(/[!'*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join(",");

/** @param {string} text @returns {string[]} the names that it lists, each once */
export const listOf = (text) => [
  ...new Set(
    text
      .split(",")
      .filter(Boolean)
      .map((part) => {
        try {
          return decodeURIComponent(part);
        } catch {
          return part; // what nobody encoded
        }
      }),
  ),
];

/**
 * A part of the address, short enough to be quoted, with nothing in it but letters, digits and signs of numbers.
 * @param {string} text @param {number} [most]
 */
export function quote(text, most = 24) {
  const characters = Array.from(text);
  const shown = characters.slice(0, most).filter((character) => /[\p{L}\p{N} .\-+_=]/u.test(character));
  return `“${shown.join("")}${characters.length > most ? "…" : ""}”`;
}
