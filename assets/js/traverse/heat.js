/** What a dimension moves in the picture. */

import { number } from "../engine/numbers.js";
import { Picture } from "../shared/pictures.js";

/** @import { Decoder } from "../engine/networks.js" */
/** @import { LiveRun } from "../engine/run.js" */

// The stops of the colour map "inferno", from nothing to most.
const HEAT_COLOURS = ["#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4"];
const HEAT_STEP = 0.001; // of the central difference, in units of z
const HEAT_FULL = 1; // of the scale: black turns white within one unit of z
const PLACES = [
  ["top left", "top", "top right"],
  ["left", "middle", "right"],
  ["bottom left", "bottom", "bottom right"],
];

/** |∂x/∂z_j| of every pixel as a small picture: central differences of the decoder, one decode at a time. */
export class Heat {
  /** @param {HTMLCanvasElement} canvas @param {LiveRun} run */
  constructor(canvas, run) {
    this.canvas = canvas;
    this.picture = new Picture(canvas, run.imageShape);
    this.shape = run.imageShape;
    this.code = new Float32Array(run.latentDim);
    this.above = new Float32Array(run.pixels);
    this.below = new Float32Array(run.pixels);
    this.colours = heatTable();
    /** @type {{decoder: Decoder, high: number, low: number}|null} the first half of the work, if only that is done */
    this.begun = null;
    this.dimension = 0; // of which the picture is
    this.largest = 0; // of its slopes
    this.place = ""; // where most of them are
  }

  /**
   * Do one half of the work.
   * @param {Decoder} decoder @param {ArrayLike<number>} z @param {number} dimension
   * @returns {boolean} whether the picture is drawn, else call again for the other half
   */
  step(decoder, z, dimension) {
    if (!this.begun) {
      this.dimension = dimension;
      const [high, low] = [z[dimension] + HEAT_STEP, z[dimension] - HEAT_STEP];
      this.begun = { decoder, high, low };
      this.code.set(z);
      this.code[dimension] = high;
      decoder.decode(this.code, this.above);
      this.code[dimension] = low;
      return false;
    }
    const { decoder: same, high, low } = this.begun;
    this.begun = null;
    same.decode(this.code, this.below);
    this.draw(Math.fround(high) - Math.fround(low)); // as the code has rounded them
    return true;
  }

  /** @param {number} width between the two codes */
  draw(width) {
    const { packed, frame, context } = this.picture;
    const [rows, columns] = this.shape;
    let sum = 0;
    let x = 0;
    let y = 0;
    this.largest = 0;
    for (let i = 0; i < packed.length; i++) {
      const slope = Math.abs(this.above[i] - this.below[i]) / width;
      packed[i] = this.colours[Math.min(255, Math.round((slope / HEAT_FULL) * 255))];
      this.largest = Math.max(this.largest, slope);
      sum += slope;
      x += slope * (i % columns);
      y += slope * Math.floor(i / columns);
    }
    context.putImageData(frame, 0, 0);
    /** @param {number} value @param {number} size */
    const third = (value, size) => Math.min(2, Math.floor((3 * (value / (sum || 1) + 0.5)) / size));
    this.place = PLACES[third(y, rows)][third(x, columns)];
  }

  /** What the picture shows, in words. */
  text() {
    const what = `What z${this.dimension} moves, |∂x/∂z${this.dimension}|`;
    if (this.largest < 0.005) return `${what}: nothing. No pixel changes by 0.005 a unit.`;
    return `${what}: up to ${number(this.largest)} a unit, most around the ${this.place}.`;
  }
}

/** 256 colours as a canvas keeps them. */
function heatTable() {
  const stops = HEAT_COLOURS.map((text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (stops.length - 1);
    const left = Math.min(stops.length - 2, Math.floor(at));
    const [red, green, blue] = stops[left].map((from, part) =>
      Math.round(from + (at - left) * (stops[left + 1][part] - from)),
    );
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  });
}
