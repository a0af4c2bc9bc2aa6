/**
 * The forward pass of decoder and encoder, on weights read from safetensors. A network is data: a list of layers as the run
 * directory stores it.
 */

import {
  convolution,
  convolutionPhases,
  convolvedShape,
  linear,
  readParameters,
  relu,
  silu,
  transposed,
  transposedPhases,
} from "./layers.js";
import { product } from "./safetensors.js";

/** @import { Layer, Shape, Step } from "./layers.js" */
/** @import { Tensors } from "./safetensors.js" */

/**
 * A list of layers and their weights, ready to run. Weights are laid out and buffers allocated once; `run` allocates
 * nothing.
 */
class Network {
  /**
   * @param {Layer[]} layers
   * @param {Tensors} tensors
   * @param {string} prefix what stands before "{index}.weight", for example "0010/decoder."
   * @param {Shape|null} inputShape of an image, null where a vector goes in
   */
  constructor(layers, tensors, prefix, inputShape) {
    /** @type {Step[]} */
    this.steps = [];
    let shape = inputShape; // while there is an image, null while there is a vector
    let size = inputShape ? product(inputShape) : null;
    let inputs = size;
    if (shape) this.steps.push(transposed(shape[0], shape[1] * shape[2]));
    for (const [index, layer] of layers.entries()) {
      const parts = `${prefix}${index}`;
      if (size !== null && "inputs" in layer && layer.inputs !== (shape ? shape[0] : size)) {
        throw new Error(
          `Layer ${index} (${layer.kind}) takes ${layer.inputs} inputs, and gets ${shape ? shape[0] : size}.`,
        );
      }
      if (layer.kind === "linear") {
        if (shape) throw new Error(`Layer ${index} is linear, and its input is an image: a flatten is missing.`);
        this.steps.push(linear(layer, readParameters(layer, tensors, parts)));
        inputs ??= layer.inputs;
        size = layer.outputs;
      } else if (layer.kind === "relu" || layer.kind === "silu") {
        this.steps.push(layer.kind === "relu" ? relu : silu);
      } else if (layer.kind === "reshape") {
        if (product(layer.shape) !== size)
          throw new Error(`Layer ${index} cannot shape ${size} values as ${layer.shape}.`);
        shape = layer.shape;
        this.steps.push(transposed(shape[0], shape[1] * shape[2]));
      } else if (layer.kind === "flatten") {
        if (!shape) throw new Error(`Layer ${index} is a flatten, and its input is a vector already.`);
        this.steps.push(transposed(shape[1] * shape[2], shape[0]));
        shape = null;
      } else if (layer.kind === "conv" || layer.kind === "conv_transpose") {
        if (!shape)
          throw new Error(`Layer ${index} is a convolution, and its input is a vector: a reshape is missing.`);
        const phases = layer.kind === "conv" ? convolutionPhases(layer) : transposedPhases(layer);
        const outputShape = convolvedShape(layer, shape);
        this.steps.push(convolution(layer, readParameters(layer, tensors, parts), phases, shape, outputShape));
        shape = outputShape;
        size = product(shape);
      } else {
        const { kind } = /** @type {{kind: string}} */ (layer);
        throw new Error(`Layer ${index} is a ${kind}, which is not known here.`);
      }
    }
    if (inputs === null || size === null) throw new Error("The network has no layer that tells its size.");
    this.outputs = size;
    this.outputShape = shape;
    this.input = new Float64Array(inputs);
  }

  /** @param {ArrayLike<number>} input @returns {Float64Array} a buffer that the next run writes over */
  run(input) {
    this.input.set(input);
    /** @type {Float64Array} */
    let values = this.input;
    for (const step of this.steps) values = step(values);
    return values;
  }
}

/** The decoder of one snapshot. */
export class Decoder {
  /**
   * @param {Layer[]} layers
   * @param {Tensors} tensors
   * @param {string} prefix what stands before "{index}.weight", for example "0010/decoder."
   * @param {[number, number]} imageShape height and width
   */
  constructor(layers, tensors, prefix, imageShape) {
    this.pixels = product(imageShape);
    this.network = new Network(layers, tensors, prefix, null);
    const { input, outputs, outputShape } = this.network;
    if (outputs !== this.pixels || (outputShape && outputShape[0] !== 1)) {
      throw new Error(`The decoder makes ${outputs} values, and an image has ${this.pixels} pixels.`);
    }
    this.latentDim = input.length;
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
  /**
   * @param {Layer[]} layers
   * @param {Tensors} tensors
   * @param {string} prefix what stands before "{index}.weight", for example "0010/encoder."
   * @param {[number, number]} imageShape height and width
   */
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
    if (image.length !== this.pixels)
      throw new Error(`An image has ${this.pixels} pixels, and this has ${image.length}.`);
    for (let i = 0; i < image.length; i++) this.unit[i] = image[i] / 255;
    const values = this.network.run(this.unit);
    /** @param {number} value */
    const bounded = (value) => Math.min(LOG_VARIANCE_BOUND, Math.max(-LOG_VARIANCE_BOUND, value));
    return {
      mean: Float32Array.from(values.subarray(0, this.latentDim)),
      logVariance: Float32Array.from(values.subarray(this.latentDim), bounded),
    };
  }
}
