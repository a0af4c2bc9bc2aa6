/**
 * How an address says codes and numbers, and how what it says is read: whatever stands in an address can be altered.
 *
 * A code is its decimals, as many as a float32 needs; where that is too long it is packed, and where that is too long, too,
 * with fewer digits: see `codeText`.
 */

import { bytesOf, half, toBase64 } from "./bytes.js";

/** What an address says of a page, by the names of parameters. @typedef {Record<string, string>} Parameters */

// What of an address goes along from page to page: the cursor, and where one is in a lesson; see pages/parts/cursor.py.
export const TAKEN_ALONG = [
  "run",
  "epoch",
  "z",
  "digit",
  "drawing",
  "image",
  "start",
  "from",
  "keep",
  "lesson",
  "step",
];
export const MOST_OF_PAGE = 1000; // characters that one page's parameters may take
const MOST_NUMBERS = 1000; // that a code has
const LARGEST = 1000; // no number of a code lies farther out
const QUOTED = 24; // characters

/**
 * Halfway between two decimals JavaScript takes the larger, and NumPy the one that ends in an even digit, as here.
 * @param {number} value @param {number} rounded the same to so many digits @param {number} digits
 */
function evenly(value, rounded, digits) {
  const [, sign, first, others, power] = /^(-?)(\d)\.(\d+)e(.+)$/.exec(value.toExponential(60)) ?? [];
  const figures = `${first}${others}`;
  const halfway = /^50*$/.test(figures.slice(digits)) && Number(figures[digits - 1]) % 2 === 0;
  return halfway ? Number(`${sign}${first}.${figures.slice(1, digits)}e${power}`) : rounded;
}

/** @param {number} value @returns {string} the fewest digits that are the same float32 */
export function short(value) {
  const wanted = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(wanted.toPrecision(digits));
    if (Math.fround(rounded) === wanted) return String(rounded === 0 ? 0 : evenly(wanted, rounded, digits));
  }
  return String(Number(wanted.toPrecision(9)));
}

/** @param {Uint8Array} bytes @returns {string} base64 as an address takes it */
export const urlText = (bytes) => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** @param {string} text @returns {Uint8Array<ArrayBuffer>|null} null where it is not base64 */
export function urlBytes(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
  return bytesOf(text.replaceAll("-", "+").replaceAll("_", "/"));
}

/**
 * A code, or any list of numbers: decimals, with nothing between the separators for 0; or float32, float16 or bytes with a
 * scale, packed, whichever is the first to fit.
 * @param {ArrayLike<number>} code @param {number} most characters @param {string} [separator] a comma in z, where 0 is written
 * @returns {string} bytes, where nothing fits
 */
export function codeText(code, most, separator = "_") {
  const none = separator === "_" ? "" : "0";
  const decimals = Array.from(code, (value) => (value === 0 ? none : short(value))).join(separator);
  if (decimals.length <= most) return decimals;
  const whole = `~f${urlText(new Uint8Array(Float32Array.from(code).buffer))}`;
  if (whole.length <= most) return whole;
  const halves = `~h${urlText(new Uint8Array(Uint16Array.from(code, halfBits).buffer))}`;
  if (halves.length <= most) return halves;
  const scale = Number(short(Math.max(...Array.from(code, Math.abs)) / 127)) || 1;
  const bytes = Int8Array.from(code, (value) => Math.max(-127, Math.min(127, Math.round(value / scale))));
  return `~b${scale}~${urlText(new Uint8Array(bytes.buffer))}`;
}

/** @param {number} value below 1,000 @returns {number} the sixteen bits of the nearest half float */
function halfBits(value) {
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -14)));
  const steps = Math.round(size / 2 ** (exponent - 10)); // of the last bit; 2,048 carry into the exponent
  return (value < 0 ? 0x8000 : 0) + (exponent === -14 && steps < 1024 ? steps : (exponent + 14) * 1024 + steps);
}

/**
 * The code that an address says.
 * @param {string} text by `codeText`, or with commas between the numbers @param {number} [count] of numbers, where it is known
 * @returns {number[]|null} null where it says none
 */
export function codeOf(text, count) {
  if (text.length > 24 * MOST_NUMBERS) return null;
  const found = text.startsWith("~") ? unpacked(text) : decimalsOf(text);
  const fits = found?.every((value) => Math.abs(value) < LARGEST); // nor is NaN
  return found && fits && found.length === (count ?? Math.min(found.length, MOST_NUMBERS)) ? found : null;
}

/** @param {string} text */
const decimalsOf = (text) => text.split(/[_,]/).map((part) => (part === "" ? 0 : decimalOf(part)));

/** @param {string} text @returns {number} NaN where it is none */
export const decimalOf = (text) => (/^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN);

/** @param {string} text that begins with ~ @returns {number[]|null} null where it is none */
export function unpacked(text) {
  const scaled = /^~b([\d.e-]+)~(.*)$/.exec(text);
  const scale = scaled ? decimalOf(scaled[1]) : 1;
  const bytes = urlBytes(scaled ? scaled[2] : text.slice(2));
  if (!bytes || !Number.isFinite(scale)) return null;
  if (scaled) return Array.from(new Int8Array(bytes.buffer), (value) => value * scale);
  if (text[1] === "f" && bytes.length % 4 === 0) return Array.from(new Float32Array(bytes.buffer));
  if (text[1] === "h" && bytes.length % 2 === 0) return Array.from(new Uint16Array(bytes.buffer), half);
  return null;
}

/**
 * Reads an address part by part. Of what cannot be used nothing is taken, and a sentence says so; what is not there is
 * undefined without a sentence.
 */
export class Asked {
  /** @param {Parameters} parameters */
  constructor(parameters) {
    this.parameters = parameters;
    /** @type {string[]} sentences for the page */
    this.problems = [];
  }

  /** @param {string} name @returns {string|undefined} */
  text(name) {
    const text = this.parameters?.[name];
    return typeof text === "string" && text.length <= 2 * MOST_OF_PAGE ? text : undefined;
  }

  /**
   * @template T
   * @param {string} name @param {string} what it says, as in "the seed" @param {string} expected as in "1 or 2"
   * @param {(text: string) => T|null|undefined} read null where it cannot be used
   * @returns {T|undefined}
   */
  read(name, what, expected, read) {
    if (!Object.hasOwn(this.parameters ?? {}, name)) return undefined;
    const text = this.text(name);
    const found = text === undefined ? null : read(text);
    if (found !== null && found !== undefined) return found;
    this.problems.push(`The address says ${quoted(String(this.parameters[name]))} of ${what}, which is ${expected}.`);
    return undefined;
  }

  /** @param {string} name @param {string} what @param {number} least @param {number} most @returns {number|undefined} */
  whole(name, what, least, most) {
    const range = `a whole number from ${least.toLocaleString("en")} to ${most.toLocaleString("en")}`;
    return this.read(name, what, range, (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : null;
    });
  }

  /** @param {string} name @param {string} what @param {number} least @param {number} most @returns {number|undefined} */
  number(name, what, least, most) {
    return this.read(name, what, `a number from ${least} to ${most}`, (text) => {
      const value = decimalOf(text);
      return value >= least && value <= most ? value : null;
    });
  }

  /**
   * @template {string} T
   * @param {string} name @param {string} what @param {readonly T[]} choices @returns {T|undefined}
   */
  choice(name, what, choices) {
    return this.read(name, what, `one of ${choices.join(", ")}`, (text) => choices.find((choice) => choice === text));
  }
}

/** @param {string} text @returns {string} short enough to be shown */
const quoted = (text) => `“${text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text}”`;

/**
 * What is to stand in an address: the parts that have a text.
 * @param {Record<string, string|number|null|undefined>} parts @returns {Parameters}
 */
export const parametersOf = (parts) =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([name, part]) =>
      part === null || part === undefined ? [] : [[name, String(part)]],
    ),
  );
