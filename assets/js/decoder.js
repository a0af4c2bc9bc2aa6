/**
 * The forward pass of decoder and encoder in plain JavaScript, on weights read from safetensors. No DOM, no dependency.
 *
 * A network is data: a list of layers as the run directory stores it. Linear, convolution and transposed convolution
 * all become one matrix product over gathered patches, so that one tight loop does all the arithmetic.
 */

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

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/**
 * A list of layers and their weights, ready to run. Weights are laid out and buffers allocated once; `run` allocates
 * nothing.
 */
class Network {
  /**
   * @param {Layer[]} layers
   * @param {Map<string, Tensor>} tensors
   * @param {string} prefix what stands before "{index}.weight", for example "0010/decoder."
   * @param {number[]|null} inputShape [channels, height, width] of an image, null where a vector goes in
   */
  constructor(layers, tensors, prefix, inputShape) {
    this.steps = [];
    let shape = inputShape; // [channels, height, width] while there is an image, null while there is a vector
    let size = inputShape ? product(inputShape) : null;
    this.inputs = size;
    if (shape) this.steps.push(transposed(shape[0], shape[1] * shape[2]));
    layers.forEach((layer, index) => {
      const parameters = () => readParameters(layer, tensors, `${prefix}${index}`);
      if (size !== null && layer.inputs !== undefined && layer.inputs !== (shape ? shape[0] : size)) {
        throw new Error(`Layer ${index} (${layer.kind}) takes ${layer.inputs} inputs, and gets ${shape ? shape[0] : size}.`);
      }
      if (layer.kind === "linear") {
        if (shape) throw new Error(`Layer ${index} is linear, and its input is an image: a flatten is missing.`);
        this.steps.push(linear(layer, parameters()));
        this.inputs ??= layer.inputs;
        size = layer.outputs;
      } else if (layer.kind === "relu" || layer.kind === "silu") {
        this.steps.push(layer.kind === "relu" ? relu : silu);
      } else if (layer.kind === "reshape") {
        if (product(layer.shape) !== size) throw new Error(`Layer ${index} cannot shape ${size} values as ${layer.shape}.`);
        shape = layer.shape;
        this.steps.push(transposed(shape[0], shape[1] * shape[2]));
      } else if (layer.kind === "flatten") {
        this.steps.push(transposed(shape[1] * shape[2], shape[0]));
        shape = null;
      } else if (layer.kind === "conv" || layer.kind === "conv_transpose") {
        if (!shape) throw new Error(`Layer ${index} is a convolution, and its input is a vector: a reshape is missing.`);
        const phases = layer.kind === "conv" ? convolutionPhases(layer) : transposedPhases(layer);
        const outputShape = convolvedShape(layer, shape);
        this.steps.push(convolution(layer, parameters(), phases, shape, outputShape));
        shape = outputShape;
        size = product(shape);
      } else {
        throw new Error(`Layer ${index} is a ${layer.kind}, which is not known here.`);
      }
    });
    this.outputs = size;
    this.outputShape = shape;
    this.input = new Float64Array(this.inputs);
  }

  /** @param {ArrayLike<number>} input @returns {Float64Array} a buffer that the next run writes over */
  run(input) {
    let values = this.input;
    values.set(input);
    for (const step of this.steps) values = step(values);
    return values;
  }
}

/** The decoder of one snapshot. */
export class Decoder {
  /**
   * @param {Layer[]} layers
   * @param {Map<string, Tensor>} tensors
   * @param {string} prefix what stands before "{index}.weight", for example "0010/decoder."
   * @param {number[]} imageShape [height, width]
   */
  constructor(layers, tensors, prefix, imageShape) {
    this.pixels = product(imageShape);
    this.network = new Network(layers, tensors, prefix, null);
    const { inputs, outputs, outputShape } = this.network;
    if (outputs !== this.pixels || (outputShape && outputShape[0] !== 1)) {
      throw new Error(`The decoder makes ${outputs} values, and an image has ${this.pixels} pixels.`);
    }
    this.latentDim = inputs;
  }

  /**
   * Pixel means of one code.
   * @param {ArrayLike<number>} z latentDim numbers
   * @param {Float32Array} [out] height·width numbers, filled and returned
   * @returns {Float32Array} values in [0, 1], row by row
   */
  decode(z, out = new Float32Array(this.pixels)) {
    const values = this.logits(z);
    for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-values[i]));
    return out;
  }

  /**
   * Logits of the pixel means of one code.
   * @param {ArrayLike<number>} z latentDim numbers
   * @returns {Float64Array} height·width numbers in a buffer that the next call writes over
   */
  logits(z) {
    if (z.length !== this.latentDim) throw new Error(`A code has ${this.latentDim} numbers, and this has ${z.length}.`);
    return this.network.run(z);
  }
}

const LOG_VARIANCE_BOUND = 20; // as in bvae/network.py

/** The encoder of one snapshot. */
export class Encoder {
  /** The arguments are those of a Decoder. */
  constructor(layers, tensors, prefix, imageShape) {
    this.pixels = product(imageShape);
    this.network = new Network(layers, tensors, prefix, [1, ...imageShape]);
    if (this.network.outputs % 2) throw new Error(`The encoder makes ${this.network.outputs} values, no even number.`);
    this.latentDim = this.network.outputs / 2;
    this.unit = new Float64Array(this.pixels);
  }

  /**
   * The posterior q(z|x) of one image.
   * @param {Uint8Array} image height·width bytes, row by row
   * @returns {{mean: Float32Array, logVariance: Float32Array}} latentDim numbers each
   */
  encode(image) {
    if (image.length !== this.pixels) throw new Error(`An image has ${this.pixels} pixels, and this has ${image.length}.`);
    for (let i = 0; i < image.length; i++) this.unit[i] = image[i] / 255;
    const values = this.network.run(this.unit);
    const bounded = (value) => Math.min(LOG_VARIANCE_BOUND, Math.max(-LOG_VARIANCE_BOUND, value));
    return {
      mean: Float32Array.from(values.subarray(0, this.latentDim)),
      logVariance: Float32Array.from(values.subarray(this.latentDim), bounded),
    };
  }
}

// The parts of the bound for one image, in nats, as in bvae/objective.py ------------------------------------------

/**
 * −log p(x|z), summed over pixels.
 * @param {ArrayLike<number>} logits of the pixel means @param {Uint8Array} image bytes
 * @param {number|null} logSigma of a gaussian likelihood, null for bernoulli
 */
export function reconstructionNats(logits, image, logSigma) {
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    const l = logits[i];
    const x = image[i] / 255;
    if (logSigma === null) {
      sum += Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l))) - l * x;
    } else {
      const error = 1 / (1 + Math.exp(-l)) - x;
      sum += (error * error) / (2 * Math.exp(2 * logSigma)) + logSigma + 0.5 * Math.log(2 * Math.PI);
    }
  }
  return sum;
}

/** KL(q(z|x) ‖ N(0, I)), summed over dimensions. */
export function klNats(mean, logVariance) {
  let sum = 0;
  for (let j = 0; j < mean.length; j++) sum += mean[j] ** 2 + Math.exp(logVariance[j]) - 1 - logVariance[j];
  return sum / 2;
}

/** Entropy of the grey values: the least that a Bernoulli reconstruction of the image can be. */
export function floorNats(image) {
  let sum = 0;
  for (const byte of image) {
    if (byte === 0 || byte === 255) continue;
    const p = byte / 255;
    sum -= p * Math.log(p) + (1 - p) * Math.log(1 - p);
  }
  return sum;
}

/** Weight and bias of a layer in PyTorch's layout, their shapes checked. */
function readParameters(layer, tensors, name) {
  const { kind, inputs, outputs, kernel } = layer;
  const shapes = {
    linear: [outputs, inputs],
    conv: [outputs, inputs, kernel, kernel],
    conv_transpose: [inputs, outputs, kernel, kernel],
  };
  const read = (part, shape) => {
    const tensor = tensors.get(`${name}.${part}`);
    if (!tensor) throw new Error(`${name}.${part} is missing from the weights.`);
    if (String(tensor.shape) !== String(shape)) {
      throw new Error(`${name}.${part} has shape [${tensor.shape}], and [${shape}] was expected.`);
    }
    return tensor.data;
  };
  return { weight: read("weight", shapes[kind]), bias: Float64Array.from(read("bias", [outputs])) };
}

// Activations are float64: a float32 array costs a conversion at every load, and float64 is the faster (measured).

function linear(layer, { weight, bias }) {
  const matrix = Float64Array.from(weight);
  const out = new Float64Array(layer.outputs);
  return (values) => {
    multiply(matrix, values, bias, out, 1, 0);
    return out;
  };
}

function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
  return values;
}

function silu(values) {
  for (let i = 0; i < values.length; i++) values[i] /= 1 + Math.exp(-values[i]);
  return values;
}

/** (rows, columns) to (columns, rows): images are kept channels last, so that a patch is a run of contiguous memory. */
function transposed(rows, columns) {
  if (rows === 1 || columns === 1) return (values) => values;
  const out = new Float64Array(rows * columns);
  return (values) => {
    for (let r = 0, from = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = values[from++];
    }
    return out;
  };
}

function convolvedShape(layer, [, height, width]) {
  const { kernel, stride, padding, outputs, output_padding: extra = 0 } = layer;
  const grow = (n) => (n - 1) * stride - 2 * padding + kernel + extra;
  const shrink = (n) => Math.floor((n + 2 * padding - kernel) / stride) + 1;
  const side = layer.kind === "conv" ? shrink : grow;
  return [outputs, side(height), side(width)];
}

/**
 * A phase is a set of output positions that see the kernel alike: output o = first + step·n reads, for every tap,
 * input o_n = scale·n + tap.offset through kernel element tap.k. A convolution has one phase; a transposed
 * convolution has one per residue modulo its stride, which leaves out every product with an inserted zero.
 * @typedef {{first: number, step: number, scale: number, taps: {k: number, offset: number}[]}} Phase
 */

/** @returns {Phase[]} along one axis */
function convolutionPhases({ kernel, stride, padding }) {
  const taps = Array.from({ length: kernel }, (_, k) => ({ k, offset: k - padding }));
  return [{ first: 0, step: 1, scale: stride, taps }];
}

/** @returns {Phase[]} along one axis */
function transposedPhases({ kernel, stride, padding }) {
  return Array.from({ length: stride }, (_, first) => {
    const taps = [];
    for (let k = 0; k < kernel; k++) {
      const offset = (first + padding - k) / stride;
      if (Number.isInteger(offset)) taps.push({ k, offset });
    }
    return { first, step: stride, scale: 1, taps };
  });
}

function convolution(layer, { weight, bias }, phases, [inputs, height, width], [outputs, outHeight, outWidth]) {
  const parts = [];
  for (const y of phases) {
    for (const x of phases) {
      const rows = Math.ceil((outHeight - y.first) / y.step);
      const columns = Math.ceil((outWidth - x.first) / x.step);
      if (rows > 0 && columns > 0) {
        const gathered = patchIndices(y, x, rows, columns, height, width, inputs);
        parts.push({ y, x, rows, columns, gathered, matrix: phaseMatrix(layer, weight, y, x) });
      }
    }
  }
  const patches = new Float64Array(Math.max(...parts.map((p) => p.gathered.length * inputs)));
  const products = new Float64Array(Math.max(...parts.map((p) => p.rows * p.columns)) * outputs);
  const out = new Float64Array(outputs * outHeight * outWidth);
  return (values) => {
    for (const { y, x, rows, columns, gathered, matrix } of parts) {
      gather(values, gathered, inputs, patches);
      multiply(matrix, patches, bias, products, rows * columns, matrix.length / outputs);
      let from = 0;
      for (let r = 0; r < rows; r++) {
        let to = ((y.first + y.step * r) * outWidth + x.first) * outputs;
        const step = (x.step - 1) * outputs;
        for (let c = 0; c < columns; c++, to += step) {
          for (let o = 0; o < outputs; o++) out[to++] = products[from++];
        }
      }
    }
    return out;
  };
}

/** Where in the input each tap of each output position reads, −1 outside the image. */
function patchIndices(y, x, rows, columns, height, width, inputs) {
  const indices = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (const tapY of y.taps) {
        for (const tapX of x.taps) {
          const row = y.scale * r + tapY.offset;
          const column = x.scale * c + tapX.offset;
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          indices.push(inside ? (row * width + column) * inputs : -1);
        }
      }
    }
  }
  return Int32Array.from(indices);
}

/** The kernel elements of a phase as a matrix (outputs, taps·inputs), in the order in which patches are gathered. */
function phaseMatrix({ kind, inputs, outputs, kernel }, weight, y, x) {
  const matrix = new Float64Array(outputs * y.taps.length * x.taps.length * inputs);
  let to = 0;
  for (let o = 0; o < outputs; o++) {
    for (const tapY of y.taps) {
      for (const tapX of x.taps) {
        for (let i = 0; i < inputs; i++) {
          const pair = kind === "conv" ? o * inputs + i : i * outputs + o;
          matrix[to++] = weight[(pair * kernel + tapY.k) * kernel + tapX.k];
        }
      }
    }
  }
  return matrix;
}

function gather(values, indices, inputs, patches) {
  let to = 0;
  for (let n = 0; n < indices.length; n++) {
    let from = indices[n];
    if (from < 0) for (let i = 0; i < inputs; i++) patches[to++] = 0;
    else for (let i = 0; i < inputs; i++) patches[to++] = values[from++];
  }
}

/**
 * out (positions, outputs) = patches (positions, depth) · matrixᵀ (depth, outputs) + bias.
 * Four outputs by two positions are accumulated in registers: six loads for eight products.
 */
function multiply(matrix, patches, bias, out, positions, depth) {
  const outputs = bias.length;
  if (depth === 0) depth = matrix.length / outputs;
  let p = 0;
  for (; p + 1 < positions; p += 2) {
    const a = p * depth;
    const b = a + depth;
    const toA = p * outputs;
    const toB = toA + outputs;
    let o = 0;
    for (; o + 3 < outputs; o += 4) {
      let a0 = bias[o], a1 = bias[o + 1], a2 = bias[o + 2], a3 = bias[o + 3];
      let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
      let w0 = o * depth, w1 = w0 + depth, w2 = w1 + depth, w3 = w2 + depth;
      for (let i = 0; i < depth; i++) {
        const u = patches[a + i], v = patches[b + i];
        const m0 = matrix[w0++], m1 = matrix[w1++], m2 = matrix[w2++], m3 = matrix[w3++];
        a0 += u * m0; a1 += u * m1; a2 += u * m2; a3 += u * m3;
        b0 += v * m0; b1 += v * m1; b2 += v * m2; b3 += v * m3;
      }
      out[toA + o] = a0; out[toA + o + 1] = a1; out[toA + o + 2] = a2; out[toA + o + 3] = a3;
      out[toB + o] = b0; out[toB + o + 1] = b1; out[toB + o + 2] = b2; out[toB + o + 3] = b3;
    }
    for (; o < outputs; o++) {
      out[toA + o] = dot(matrix, o * depth, patches, a, depth, bias[o]);
      out[toB + o] = dot(matrix, o * depth, patches, b, depth, bias[o]);
    }
  }
  if (p < positions) lastPosition(matrix, patches, bias, out, p, depth);
}

/** One position alone: the whole of a linear layer, and the odd one out of an image. */
function lastPosition(matrix, patches, bias, out, p, depth) {
  const outputs = bias.length;
  const a = p * depth;
  const to = p * outputs;
  let o = 0;
  for (; o + 3 < outputs; o += 4) {
    let a0 = bias[o], a1 = bias[o + 1], a2 = bias[o + 2], a3 = bias[o + 3];
    let w0 = o * depth, w1 = w0 + depth, w2 = w1 + depth, w3 = w2 + depth;
    for (let i = 0; i < depth; i++) {
      const u = patches[a + i];
      a0 += u * matrix[w0++]; a1 += u * matrix[w1++]; a2 += u * matrix[w2++]; a3 += u * matrix[w3++];
    }
    out[to + o] = a0; out[to + o + 1] = a1; out[to + o + 2] = a2; out[to + o + 3] = a3;
  }
  for (; o < outputs; o++) out[to + o] = dot(matrix, o * depth, patches, a, depth, bias[o]);
}

function dot(matrix, from, patches, at, depth, start) {
  let even = start, odd = 0, i = 0;
  for (; i + 1 < depth; i += 2) {
    even += matrix[from + i] * patches[at + i];
    odd += matrix[from + i + 1] * patches[at + i + 1];
  }
  return even + odd + (i < depth ? matrix[from + i] * patches[at + i] : 0);
}
