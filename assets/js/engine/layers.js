/**
 * The layers of a network, each as a step that takes values and gives values. Linear, convolution and transposed convolution
 * all become one matrix product over gathered patches, so that one tight loop does all the arithmetic.
 */

/** @import { Tensors } from "./safetensors.js" */

/**
 * @typedef {{kind: "linear", inputs: number, outputs: number}} Linear
 * @typedef {{kind: "conv"|"conv_transpose", inputs: number, outputs: number, kernel: number, stride: number,
 *   padding: number, output_padding?: number}} Convolution
 * @typedef {{kind: "reshape", shape: Shape}} Reshape
 * @typedef {{kind: "relu"|"silu"|"flatten"}} Plain without settings
 * @typedef {Linear|Convolution|Reshape|Plain} Layer as the run directory stores it
 * @typedef {[channels: number, height: number, width: number]} Shape of an image
 * @typedef {Float32Array|Float64Array} Floats
 * @typedef {{weight: Floats, bias: Float64Array}} Parameters
 * @typedef {(values: Float64Array) => Float64Array} Step may write over its input, or into a buffer of its own
 */

/** @param {Linear|Convolution} layer @returns {number[]} the shape of its weight in PyTorch's layout */
function weightShape(layer) {
  if (layer.kind === "linear") return [layer.outputs, layer.inputs];
  const { inputs, outputs, kernel } = layer;
  return layer.kind === "conv" ? [outputs, inputs, kernel, kernel] : [inputs, outputs, kernel, kernel];
}

/**
 * Weight and bias of a layer in PyTorch's layout, their shapes checked.
 * @param {Linear|Convolution} layer @param {Tensors} tensors @param {string} name what stands before ".weight"
 * @returns {Parameters}
 */
export function readParameters(layer, tensors, name) {
  /** @param {string} part @param {number[]} shape */
  const read = (part, shape) => {
    const tensor = tensors.get(`${name}.${part}`);
    if (!tensor) throw new Error(`${name}.${part} is missing from the weights.`);
    if (String(tensor.shape) !== String(shape)) {
      throw new Error(`${name}.${part} has shape [${tensor.shape}], and [${shape}] was expected.`);
    }
    if (tensor.dtype !== "F32" && tensor.dtype !== "F64") throw new Error(`${name}.${part} is of ${tensor.dtype}.`);
    return tensor.data;
  };
  return { weight: read("weight", weightShape(layer)), bias: Float64Array.from(read("bias", [layer.outputs])) };
}

/** @param {Linear} layer @param {Parameters} parameters @returns {Step} */
export function linear(layer, { weight, bias }) {
  const matrix = Float64Array.from(weight);
  const out = new Float64Array(layer.outputs);
  return (values) => {
    multiply(matrix, values, bias, out, 1, layer.inputs);
    return out;
  };
}

/** @type {Step} */
export function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
  return values;
}

/** @type {Step} */
export function silu(values) {
  for (let i = 0; i < values.length; i++) values[i] /= 1 + Math.exp(-values[i]);
  return values;
}

/**
 * (rows, columns) to (columns, rows): images are kept channels last, so that a patch is a run of contiguous memory.
 * @param {number} rows @param {number} columns @returns {Step}
 */
export function transposed(rows, columns) {
  if (rows === 1 || columns === 1) return (values) => values;
  const out = new Float64Array(rows * columns);
  return (values) => {
    for (let r = 0, from = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[c * rows + r] = values[from++];
    }
    return out;
  };
}

/** @param {Convolution} layer @param {Shape} shape of its input @returns {Shape} of its output */
export function convolvedShape(layer, [, height, width]) {
  const { kernel, stride, padding, outputs, output_padding: extra = 0 } = layer;
  /** @param {number} n */
  const grow = (n) => (n - 1) * stride - 2 * padding + kernel + extra;
  /** @param {number} n */
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

/** @param {Convolution} layer @returns {Phase[]} along one axis */
export function convolutionPhases({ kernel, stride, padding }) {
  const taps = Array.from({ length: kernel }, (_, k) => ({ k, offset: k - padding }));
  return [{ first: 0, step: 1, scale: stride, taps }];
}

/** @param {Convolution} layer @returns {Phase[]} along one axis */
export function transposedPhases({ kernel, stride, padding }) {
  return Array.from({ length: stride }, (_, first) => {
    /** @type {Phase["taps"]} */
    const taps = [];
    for (let k = 0; k < kernel; k++) {
      const offset = (first + padding - k) / stride;
      if (Number.isInteger(offset)) taps.push({ k, offset });
    }
    return { first, step: stride, scale: 1, taps };
  });
}

/**
 * @param {Convolution} layer @param {Parameters} parameters @param {Phase[]} phases of each axis
 * @param {Shape} shape of its input @param {Shape} outputShape
 * @returns {Step}
 */
export function convolution(layer, { weight, bias }, phases, [inputs, height, width], [outputs, outHeight, outWidth]) {
  /** @type {{y: Phase, x: Phase, rows: number, columns: number, gathered: Int32Array, matrix: Float64Array}[]} */
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

/**
 * Where in the input each tap of each output position reads, −1 outside the image.
 * @param {Phase} y @param {Phase} x @param {number} rows @param {number} columns of the output
 * @param {number} height @param {number} width @param {number} inputs of the input, and its channels
 */
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

/**
 * The kernel elements of a phase as a matrix (outputs, taps·inputs), in the order in which patches are gathered.
 * @param {Convolution} layer @param {Floats} weight @param {Phase} y @param {Phase} x
 */
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

/**
 * @param {Float64Array} values of an image, channels last @param {Int32Array} indices see `patchIndices`
 * @param {number} inputs channels @param {Float64Array} patches filled
 */
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
 * @param {Float64Array} matrix @param {Float64Array} patches @param {Float64Array} bias @param {Float64Array} out
 * @param {number} positions @param {number} depth
 */
function multiply(matrix, patches, bias, out, positions, depth) {
  const outputs = bias.length;
  let p = 0;
  for (; p + 1 < positions; p += 2) {
    const a = p * depth;
    const b = a + depth;
    const toA = p * outputs;
    const toB = toA + outputs;
    let o = 0;
    for (; o + 3 < outputs; o += 4) {
      let a0 = bias[o],
        a1 = bias[o + 1],
        a2 = bias[o + 2],
        a3 = bias[o + 3];
      let b0 = a0,
        b1 = a1,
        b2 = a2,
        b3 = a3;
      let w0 = o * depth,
        w1 = w0 + depth,
        w2 = w1 + depth,
        w3 = w2 + depth;
      for (let i = 0; i < depth; i++) {
        const u = patches[a + i],
          v = patches[b + i];
        const m0 = matrix[w0++],
          m1 = matrix[w1++],
          m2 = matrix[w2++],
          m3 = matrix[w3++];
        a0 += u * m0;
        a1 += u * m1;
        a2 += u * m2;
        a3 += u * m3;
        b0 += v * m0;
        b1 += v * m1;
        b2 += v * m2;
        b3 += v * m3;
      }
      out[toA + o] = a0;
      out[toA + o + 1] = a1;
      out[toA + o + 2] = a2;
      out[toA + o + 3] = a3;
      out[toB + o] = b0;
      out[toB + o + 1] = b1;
      out[toB + o + 2] = b2;
      out[toB + o + 3] = b3;
    }
    for (; o < outputs; o++) {
      out[toA + o] = dot(matrix, o * depth, patches, a, depth, bias[o]);
      out[toB + o] = dot(matrix, o * depth, patches, b, depth, bias[o]);
    }
  }
  if (p < positions) lastPosition(matrix, patches, bias, out, p, depth);
}

/**
 * One position alone: the whole of a linear layer, and the odd one out of an image.
 * @param {Float64Array} matrix @param {Float64Array} patches @param {Float64Array} bias @param {Float64Array} out
 * @param {number} p the position @param {number} depth
 */
function lastPosition(matrix, patches, bias, out, p, depth) {
  const outputs = bias.length;
  const a = p * depth;
  const to = p * outputs;
  let o = 0;
  for (; o + 3 < outputs; o += 4) {
    let a0 = bias[o],
      a1 = bias[o + 1],
      a2 = bias[o + 2],
      a3 = bias[o + 3];
    let w0 = o * depth,
      w1 = w0 + depth,
      w2 = w1 + depth,
      w3 = w2 + depth;
    for (let i = 0; i < depth; i++) {
      const u = patches[a + i];
      a0 += u * matrix[w0++];
      a1 += u * matrix[w1++];
      a2 += u * matrix[w2++];
      a3 += u * matrix[w3++];
    }
    out[to + o] = a0;
    out[to + o + 1] = a1;
    out[to + o + 2] = a2;
    out[to + o + 3] = a3;
  }
  for (; o < outputs; o++) out[to + o] = dot(matrix, o * depth, patches, a, depth, bias[o]);
}

/**
 * @param {Float64Array} matrix @param {number} from @param {Float64Array} patches @param {number} at
 * @param {number} depth @param {number} start
 */
function dot(matrix, from, patches, at, depth, start) {
  let even = start,
    odd = 0,
    i = 0;
  for (; i + 1 < depth; i += 2) {
    even += matrix[from + i] * patches[at + i];
    odd += matrix[from + i + 1] * patches[at + i + 1];
  }
  return even + odd + (i < depth ? matrix[from + i] * patches[at + i] : 0);
}
