/** Reads safetensors, the files that hold arrays and nothing else. No DOM, no dependency. */

const BYTES = { F32: 4, F64: 8, I64: 8, I32: 4, U8: 1 };

const ARRAYS = { F32: Float32Array, F64: Float64Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array };

/**
 * @typedef {{dtype: string, shape: number[], data: Float32Array|Float64Array|Int32Array|BigInt64Array|Uint8Array}} Tensor
 * @typedef {{kind: string, inputs?: number, outputs?: number, shape?: number[], kernel?: number, stride?: number,
 *   padding?: number, output_padding?: number}} Layer
 */

/**
 * Read a safetensors file: 8 bytes of header length (little endian), a JSON header, raw data.
 * @param {ArrayBuffer|Uint8Array} source
 * @returns {{metadata: Object<string, string>, tensors: Map<string, Tensor>}}
 */
export function parseSafetensors(source) {
  const { header, body } = safetensorsHeader(source);
  const metadata = header.__metadata__ ?? {};
  const tensors = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, readTensor(name, entry, body));
  }
  return { metadata, tensors };
}

/**
 * The JSON header alone, which tells what a file is without touching its data.
 * @param {ArrayBuffer|Uint8Array} source
 * @returns {{header: Object, body: Uint8Array}}
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
    throw new Error(`The safetensors header is not JSON: ${error.message}`);
  }
  if (header === null || typeof header !== "object" || Array.isArray(header)) {
    throw new Error("The safetensors header is not a JSON object.");
  }
  return { header, body: bytes.subarray(8 + length) };
}

function readTensor(name, entry, body) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const size = BYTES[dtype];
  if (!size) throw new Error(`Tensor ${name} has dtype ${dtype}, which is not read here.`);
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new Error(`Tensor ${name} has no valid shape.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(Number.isInteger)) {
    throw new Error(`Tensor ${name} has no valid data offsets.`);
  }
  const [begin, end] = offsets;
  const expected = size * product(shape);
  if (begin < 0 || end > body.length || end - begin !== expected) {
    throw new Error(`Tensor ${name} spans bytes ${begin} to ${end}, not ${expected} bytes within ${body.length}.`);
  }
  const start = body.byteOffset + begin;
  // A typed array must begin at a multiple of its element size, which safetensors does not promise of a sub-array.
  const buffer = start % size === 0 ? body.buffer : body.buffer.slice(start, start + expected);
  const data = new ARRAYS[dtype](buffer, buffer === body.buffer ? start : 0, expected / size);
  return { dtype, shape, data };
}

export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
