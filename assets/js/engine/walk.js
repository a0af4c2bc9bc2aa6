/** Codes on the way from one code to another, and what is decoded of them. */

/** @import { LiveRun } from "./run.js" */

export const STEPS = 16;

/** @typedef {"linear"|"spherical"} Method */

/** @param {ArrayLike<number>} one @param {ArrayLike<number>} other */
export function squaredDistance(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] - other[i]) ** 2;
  return sum;
}

/** @param {Iterable<number>} code */
export const codeNorm = (code) => Math.hypot(...code);

/** As bvae/latent.py `interpolate` has them. */
export class Walk {
  /** @param {Float32Array} start @param {Float32Array} end @param {Method} method */
  constructor(start, end, method) {
    this.start = start;
    this.end = end;
    this.norms = [codeNorm(start), codeNorm(end)];
    const cosine = start.reduce((sum, value, i) => sum + value * end[i], 0) / (this.norms[0] * this.norms[1]);
    this.angle = Math.acos(Math.min(1, Math.max(-1, cosine))); // NaN where a code is zero
    this.turns = method === "spherical" && Math.sin(this.angle) > 1e-6;
  }

  /**
   * The code at a share of the way, written into `out`.
   * @param {number} share 0 at the start, 1 at the end, where the codes are exactly the given ones @param {Float32Array} out
   */
  at(share, out) {
    const { start, end, norms, angle } = this;
    if (share <= 0 || share >= 1) {
      out.set(share <= 0 ? start : end);
      return out;
    }
    let [first, last] = [1 - share, share];
    if (this.turns) {
      const norm = first * norms[0] + last * norms[1];
      first = (Math.sin(first * angle) / Math.sin(angle) / norms[0]) * norm;
      last = (Math.sin(last * angle) / Math.sin(angle) / norms[1]) * norm;
    }
    for (let i = 0; i < out.length; i++) out[i] = first * start[i] + last * end[i];
    return out;
  }
}

/** What lies between the ends, whose codes are given, at an epoch. */
export class Way {
  /** @param {LiveRun} run @param {number} epoch @param {Float32Array[]} codes of the ends @param {Method} method */
  constructor(run, epoch, codes, method) {
    this.decoder = run.decoder(epoch);
    this.codes = codes;
    this.walk = new Walk(codes[0], codes[1], method);
    this.first = this.decoder.decode(codes[0]);
    this.last = this.decoder.decode(codes[1]);
    this.steps = Array.from({ length: STEPS }, (_, step) =>
      this.walk.at(step / (STEPS - 1), new Float32Array(run.latentDim)),
    );
  }
}
