/**
 * The pixels of a canvas, written one by one: ten thousand antialiased discs take some two milliseconds so, and thirty
 * with the
 * canvas's own paths.
 */

import { contextOf } from "../shared/pictures.js";

/**
 * @typedef {{offsets: Int32Array, coverage: Uint16Array}} Stamp which pixels a disc covers, and how much of each, of 256
 */

export const FAINT = 30; // of 256: points that are there and not meant
const SUBPIXELS = 4; // places of a disc within a pixel, either way

export class Surface {
  /** @param {HTMLCanvasElement} canvas @param {number} ratio of its pixels to those that sizes are given in */
  constructor(canvas, ratio) {
    this.canvas = canvas;
    this.ratio = ratio;
    this.width = canvas.width;
    this.height = canvas.height;
    this.context = contextOf(canvas, { alpha: false });
    // Larger than the canvas all round, so that a disc at the edge needs no care.
    this.margin = 16 * Math.ceil(ratio);
    this.stride = this.width + 2 * this.margin;
    this.sheet = new ImageData(this.stride, this.height + 2 * this.margin);
    this.pixels = new Uint32Array(this.sheet.data.buffer);
    /** @type {Map<number, Stamp[]>} by a disc's radius in sixteenths of a pixel: one for each place within a pixel */
    this.made = new Map();
  }

  /** @param {HTMLCanvasElement} canvas @param {number} ratio @returns {boolean} whether it is this one's, and as it was */
  isOf(canvas, ratio) {
    const same = canvas === this.canvas && ratio === this.ratio;
    return same && canvas.width === this.width && canvas.height === this.height;
  }

  /** @param {number} colour */
  clear(colour) {
    this.pixels.fill(colour);
  }

  /** Show what was drawn. */
  show() {
    this.context.putImageData(this.sheet, -this.margin, -this.margin);
  }

  /**
   * Draw a disc at each point, the faint ones beneath the others.
   * @param {Float32Array} xs @param {Float32Array} ys @param {Uint8Array} opaque of 256; 0 where none is drawn
   * @param {Uint32Array} colours @param {number} radius
   * @returns {number} how many are on the canvas
   */
  discs(xs, ys, opaque, colours, radius) {
    const stamps = this.stamps(Math.min(radius, this.margin - 2));
    const { pixels, stride, margin, width, height } = this;
    let drawn = 0;
    for (const strong of [false, true]) {
      for (let point = 0; point < opaque.length; point++) {
        const alpha = opaque[point];
        if (alpha === 0 || alpha > FAINT !== strong) continue;
        const x = xs[point] * SUBPIXELS;
        const y = ys[point] * SUBPIXELS;
        const column = Math.round(x);
        const row = Math.round(y);
        const left = column >> 2;
        const top = row >> 2;
        if (left < -2 || top < -2 || left > width + 1 || top > height + 1) continue;
        drawn++;
        const { offsets, coverage } = stamps[(row & 3) * SUBPIXELS + (column & 3)];
        const origin = (top + margin) * stride + left + margin;
        const colour = colours[point];
        const redBlue = colour & 0xff00ff;
        const green = colour & 0x00ff00;
        for (let i = 0; i < offsets.length; i++) {
          const share = (coverage[i] * alpha) >> 8;
          const rest = 256 - share;
          const at = origin + offsets[i];
          const under = pixels[at];
          pixels[at] =
            0xff000000 |
            (((Math.imul(redBlue, share) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff) |
            (((Math.imul(green, share) + Math.imul(under & 0x00ff00, rest)) >>> 8) & 0x00ff00);
        }
      }
    }
    return drawn;
  }

  /** A disc at each place within a pixel. @param {number} wanted its radius @returns {Stamp[]} */
  stamps(wanted) {
    const key = Math.round(wanted * 16);
    let found = this.made.get(key);
    if (found) return found;
    found = [];
    for (let row = 0; row < SUBPIXELS; row++) {
      for (let column = 0; column < SUBPIXELS; column++) {
        found.push(this.stamp(key / 16, column / SUBPIXELS, row / SUBPIXELS));
      }
    }
    if (this.made.size > 32) this.made.clear();
    this.made.set(key, found);
    return found;
  }

  /**
   * @param {number} radius @param {number} right of the disc's middle, from a pixel's corner @param {number} below
   * @returns {Stamp}
   */
  stamp(radius, right, below) {
    const reach = Math.ceil(radius) + 1;
    const offsets = [];
    const coverage = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const far = Math.hypot(x + 0.5 - right, y + 0.5 - below);
        const share = Math.min(1, Math.max(0, radius + 0.5 - far));
        if (share < 0.02) continue;
        offsets.push(y * this.stride + x);
        coverage.push(Math.round(share * 256));
      }
    }
    return { offsets: Int32Array.from(offsets), coverage: Uint16Array.from(coverage) };
  }

  /**
   * A line that grows from one opacity to another, of 256; what leaves the canvas is left out.
   * @param {number} fromX @param {number} fromY @param {number} toX @param {number} toY
   * @param {number} begin @param {number} end @param {number} colour
   */
  line(fromX, fromY, toX, toY, begin, end, colour) {
    const { pixels, stride, margin } = this;
    const right = this.width - 1;
    const bottom = this.height - 1;
    if ((fromX < 0 && toX < 0) || (fromY < 0 && toY < 0)) return;
    if ((fromX > right && toX > right) || (fromY > bottom && toY > bottom)) return;
    const across = toX - fromX;
    const down = toY - fromY;
    const steps = Math.ceil(Math.max(Math.abs(across), Math.abs(down)));
    if (steps === 0) return;
    let first = 0; // shares of the way between which it is within
    let last = 1;
    if (across !== 0) {
      const enter = (across > 0 ? -fromX : right - fromX) / across;
      const leave = (across > 0 ? right - fromX : -fromX) / across;
      if (enter > first) first = enter;
      if (leave < last) last = leave;
    }
    if (down !== 0) {
      const enter = (down > 0 ? -fromY : bottom - fromY) / down;
      const leave = (down > 0 ? bottom - fromY : -fromY) / down;
      if (enter > first) first = enter;
      if (leave < last) last = leave;
    }
    const redBlue = colour & 0xff00ff;
    const green = colour & 0x00ff00;
    const stop = Math.min(steps, Math.ceil(last * steps));
    for (let step = Math.ceil(first * steps); step < stop; step++) {
      const share = step / steps;
      const alpha = (begin + (end - begin) * share) | 0;
      const rest = 256 - alpha;
      // Half a pixel and cut off is a rounding, as no place within is below 0.
      const at = ((fromY + down * share + 0.5 + margin) | 0) * stride + ((fromX + across * share + 0.5 + margin) | 0);
      const under = pixels[at];
      pixels[at] =
        0xff000000 |
        (((Math.imul(redBlue, alpha) + Math.imul(under & 0xff00ff, rest)) >>> 8) & 0xff00ff) |
        (((Math.imul(green, alpha) + Math.imul(under & 0x00ff00, rest)) >>> 8) & 0x00ff00);
    }
  }

  /**
   * A grey image in a frame of a colour.
   * @param {Uint8Array} image @param {[number, number]} shape its rows and columns
   * @param {{left: number, top: number, width: number, height: number, border: number}} box with the frame
   * @param {number} factor pixels of the canvas to one of the image @param {number} colour
   */
  image(image, [rows, columns], { left, top, width, height, border }, factor, colour) {
    const { pixels, stride, margin } = this;
    for (let y = 0; y < height; y++) {
      let to = (top + y + margin) * stride + left + margin;
      const row = Math.min(rows - 1, Math.floor((y - border) / factor));
      const edge = y < border || y >= height - border;
      for (let x = 0; x < width; x++, to++) {
        if (edge || x < border || x >= width - border) {
          pixels[to] = colour;
        } else {
          const grey = image[row * columns + Math.min(columns - 1, Math.floor((x - border) / factor))];
          pixels[to] = 0xff000000 | (grey * 0x010101);
        }
      }
    }
  }
}
