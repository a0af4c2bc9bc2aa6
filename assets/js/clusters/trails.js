/** Where each point came from in the last epochs, fading. */

import { FAINT } from "./surface.js";

/** @import { Surface } from "./surface.js" */

const TRAIL = 2; // epochs
const TRAIL_OPAQUE = 110; // of 256, at the point; nothing at the far end

export class Trails {
  /** @param {number} points */
  constructor(points) {
    const both = () => [new Float32Array(points), new Float32Array(points)];
    this.xs = both(); // where the points are at two moments, in turn
    this.ys = both();
  }

  /**
   * @param {Surface} surface @param {number} at frame
   * @param {(moment: number, xs: Float32Array, ys: Float32Array) => void} project finds where the points are
   * @param {Uint8Array} opaque @param {Uint32Array} colours
   */
  paint(surface, at, project, opaque, colours) {
    const start = Math.max(0, at - TRAIL);
    if (at - start < 1e-3) return;
    const moments = [start];
    for (let frame = Math.floor(start) + 1; frame < at; frame++) moments.push(frame);
    moments.push(at);
    project(moments[0], this.xs[0], this.ys[0]);
    for (let i = 1; i < moments.length; i++) {
      const [old, now] = [(i - 1) & 1, i & 1];
      project(moments[i], this.xs[now], this.ys[now]);
      const begin = (TRAIL_OPAQUE * (moments[i - 1] - at + TRAIL)) / TRAIL;
      const end = (TRAIL_OPAQUE * (moments[i] - at + TRAIL)) / TRAIL;
      const [fromXs, fromYs, toXs, toYs] = [this.xs[old], this.ys[old], this.xs[now], this.ys[now]];
      for (let point = 0; point < opaque.length; point++) {
        if (opaque[point] <= FAINT) continue;
        surface.line(fromXs[point], fromYs[point], toXs[point], toYs[point], begin, end, colours[point]);
      }
    }
  }
}
