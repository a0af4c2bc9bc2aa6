/** Bytes as they travel: base64, and half floats. */

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} what base64 stands for */
export const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {ArrayLike<number>} bytes @returns {string} in base64 */
export const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** What a half float's fraction is worth, by its exponent. @type {number[]} */
const SCALES = Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));
SCALES[31] = Number.POSITIVE_INFINITY;

/** @param {number} bits the sixteen of a half float, which no browser older than 2025 reads by itself @returns {number} */
export function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31 && fraction) return Number.NaN;
  const size = (fraction + (exponent && 1024)) * SCALES[exponent]; // of the least exponent there is no leading one
  return bits & 0x8000 ? -size : size;
}
