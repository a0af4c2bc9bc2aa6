/** Reads safetensors, the files that hold arrays and nothing else. No DOM. */

import { half } from "./bytes.js";

const ARRAYS = { F32: Float32Array, F64: Float64Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array };

/**
 * @typedef {{F32: Float32Array, F64: Float64Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array}} Arrays by what
 *   safetensors calls their numbers
 */

/**
 * @template {keyof Arrays} D
 * @typedef {{dtype: D, shape: number[], data: Arrays[D]}} TensorOf
 */

/**
 * @typedef {{[D in keyof Arrays]: TensorOf<D>}[keyof Arrays]} Tensor
 * @typedef {Map<string, Tensor>} Tensors by name
 * @typedef {{dtype?: unknown, shape?: unknown, data_offsets?: unknown}|null} Entry what a header says of a tensor, unchecked
 */

/**
 * Read a safetensors file: 8 bytes of header length (little endian), a JSON header, raw data.
 * @param {ArrayBuffer|Uint8Array} source
 * @returns {{metadata: Record<string, string>, tensors: Tensors}}
 */
export function parseSafetensors(source) {
  const { metadata, entries, body } = safetensorsHeader(source);
  return {
    metadata,
    tensors: new Map(Array.from(entries, ([name, entry]) => [name, readTensor(name, entry, body)])),
  };
}

/**
 * The JSON header alone, which tells what a file is without touching its data.
 * @param {ArrayBuffer|Uint8Array} source
 * @returns {{metadata: Record<string, string>, entries: Map<string, Entry>, body: Uint8Array}} all of it that is no tensor's
 *   own, what it says of each tensor, and the raw data
 */
export function safetensorsHeader(source) {
  const bytes = source instanceof Uint8Array ? source : new Uint8Array(source);
  if (bytes.length < 8) throw new Error(`A safetensors file has at least 8 bytes, and this has ${bytes.length}.`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) {
    throw new Error(`The safetensors header claims ${length} bytes, and the file has ${bytes.length - 8} left.`);
  }
  let header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw new Error(`The safetensors header is not JSON: ${/** @type {Error} */ (error).message}`);
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new Error("The safetensors header is not a JSON object.");
  }
  const { __metadata__: metadata, ...entries } = header;
  return { metadata: metadata ?? {}, entries: new Map(Object.entries(entries)), body: bytes.subarray(8 + length) };
}

/** float16 becomes float32. @param {string} name @param {Entry} entry @param {Uint8Array} body @returns {Tensor} */
function readTensor(name, entry, body) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  if (dtype !== "F16" && !isKnown(dtype)) throw new Error(`Tensor ${name} has dtype ${dtype}, which is not read here.`);
  if (!areWhole(shape) || !shape.every((n) => n >= 0)) throw new Error(`Tensor ${name} has no valid shape.`);
  if (!areWhole(offsets) || offsets.length !== 2) throw new Error(`Tensor ${name} has no valid data offsets.`);
  const [begin, end] = offsets;
  const Numbers = dtype === "F16" ? Uint16Array : ARRAYS[dtype];
  const size = Numbers.BYTES_PER_ELEMENT;
  const expected = size * product(shape);
  if (begin < 0 || end > body.length || end - begin !== expected) {
    throw new Error(`Tensor ${name} spans bytes ${begin} to ${end}, not ${expected} bytes within ${body.length}.`);
  }
  const start = body.byteOffset + begin;
  // A typed array must begin at a multiple of its element size, which safetensors does not promise of a sub-array.
  const buffer = start % size === 0 ? body.buffer : body.buffer.slice(start, start + expected);
  const data = new Numbers(/** @type {ArrayBuffer} */ (buffer), buffer === body.buffer ? start : 0, expected / size);
  if (dtype === "F16") return { dtype: "F32", shape, data: widened(/** @type {Uint16Array} */ (data)) };
  return /** @type {Tensor} */ ({ dtype, shape, data });
}

/** @param {Uint16Array} halves numbers of float16, as their bits @returns {Float32Array} the same */
function widened(halves) {
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = half(halves[i]);
  return out;
}

/** @param {unknown} dtype @returns {dtype is keyof Arrays} */
const isKnown = (dtype) => typeof dtype === "string" && Object.hasOwn(ARRAYS, dtype);

/** @param {unknown} values @returns {values is number[]} */
const areWhole = (values) => Array.isArray(values) && values.every(Number.isInteger);

/**
 * One of the tensors, which must be there and hold such numbers.
 * @template {keyof Arrays} D
 * @param {Tensors} tensors @param {string} name @param {D} dtype
 * @returns {TensorOf<D>}
 */
export function tensorOf(tensors, name, dtype) {
  const tensor = tensors.get(name);
  if (tensor?.dtype !== dtype)
    throw new Error(`Tensor ${name} is ${tensor ? `of ${tensor.dtype}, not of ${dtype}` : "missing"}.`);
  return /** @type {TensorOf<D>} */ (tensor);
}

/**
 * @param {{data: Float32Array, shape: number[]}} tensor of two dimensions @param {number} index
 * @returns {Float32Array} one of its rows, where it lies
 */
export const rowOf = ({ data, shape }, index) => data.subarray(index * shape[1], (index + 1) * shape[1]);

/** @param {number[]} numbers */
export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
