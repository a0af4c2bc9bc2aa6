/** A film as the browser has it. */

import { half } from "./bytes.js";
import { safetensorsHeader } from "./safetensors.js";

/** @import { About } from "./run.js" */

/**
 * The figures of quality of one kind of layout, a number a frame, and of the last two a number a step between frames. What
 * was not measured is left out; see bvae/runs/schema.py.
 * @typedef {{trustworthiness?: number[], continuity?: number[], accuracy?: number[], step?: number[],
 *   spurious?: (number|null)[]}} Figures
 */

/**
 * @typedef {"umap"|"independent"|"pca_last"|"pca_each"} Kind of layout
 * @typedef {"kl"|"reconstruction"|"kept"} Measure of each point at each frame
 * @typedef {object} OfFilm
 * @property {Record<Kind, {name: string, note: string}>} layouts every kind: what it is called, and what is to be said of
 *   it, with marked words
 * @property {Partial<Record<Kind, Figures>>} kinds
 * @property {Record<string, string>} units of the factors that were measured on each image, by their names
 * @property {number} neighbours of each image, itself among them, by which `kept` is counted
 * @property {number} compared neighbours of each image by which the figures of quality are counted
 * @property {number} unchanged a point that kept this share of its neighbours has no reason to move
 * @property {number|null} [null_test] how far an epoch that brings nothing new moves the median point, as a share of the
 *   film's radius
 * @property {number} images how many
 * @property {string} split from which they are
 * @typedef {About & OfFilm} FilmAbout
 */

const COLUMNS_KEPT = 6; // values of a latent dimension at a frame, taken from among the codes

const FRAMES_KEPT = 4; // of an array whose numbers cannot be read where they lie

const SAMPLED = 20_000; // values among which the range of the colours is looked for

/**
 * Numbers, frame after frame, read where they lie. They may begin at an odd place of what was received, where no typed array
 * can begin; then single frames are copied, since a copy of all would double what a large film takes.
 */
class Frames {
  /** @param {Uint8Array} bytes of float32 @param {number} size numbers of a frame */
  constructor(bytes, size) {
    this.bytes = bytes;
    this.size = size;
    this.count = bytes.length / 4 / size;
    /** @type {Map<number, Float32Array>} */
    this.copies = new Map();
  }

  /** @param {number} frame @returns {Float32Array} */
  at(frame) {
    const { bytes, size, copies } = this;
    const begin = bytes.byteOffset + 4 * size * frame;
    if (begin % 4 === 0) return new Float32Array(bytes.buffer, begin, size);
    return remembered(copies, frame, FRAMES_KEPT, () => new Float32Array(bytes.buffer.slice(begin, begin + 4 * size)));
  }

  /** @returns {Float32Array} all of them, copied */
  all() {
    return new Float32Array(this.bytes.slice().buffer);
  }
}

/**
 * What a map has, or is given now; the oldest goes where it has too many.
 * @template K, V
 * @param {Map<K, V>} map @param {K} key @param {number} most @param {() => V} make
 * @returns {V}
 */
function remembered(map, key, most, make) {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= most) for (const oldest of [...map.keys()].slice(0, 1)) map.delete(oldest);
  const made = make();
  map.set(key, made);
  return made;
}

/** Every test image's place in the plane at every epoch, in several kinds of layout, and what was measured of it. */
export class Film {
  /** @param {Uint8Array} received safetensors, as bvae/browser/film.py writes it */
  constructor(received) {
    const { metadata, entries, body } = safetensorsHeader(received);
    /** @param {string} name */
    const bytes = (name) => {
      const [begin, end] = /** @type {number[]} */ (entries.get(name)?.data_offsets ?? [0, 0]);
      return body.subarray(begin, end);
    };
    /** @param {string} name */
    const whole = (name) => new Int32Array(bytes(name).slice().buffer);
    /** @type {FilmAbout} */
    this.about = JSON.parse(metadata.film);
    this.key = this.about.key;
    this.epochs = this.about.epochs;
    this.imageShape = this.about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.latentDim = this.about.latent_dim;
    this.images = bytes("images");
    this.labels = whole("labels");
    this.indices = whole("indices");
    this.points = this.labels.length;
    this.means = bytes("means"); // half floats, two bytes each
    if (this.means.length !== 2 * this.epochs.length * this.points * this.latentDim)
      throw new Error("It is not whole.");
    /** @type {Map<string, Float32Array>} */
    this.columns = new Map();
    /** @type {Map<string, [number, number]>} */
    this.ranges = new Map();
    const frames = (/** @type {string} */ name) => new Frames(bytes(name), this.points);
    /** @type {Record<Measure, Frames>} */
    this.measured = { kl: frames("kl"), reconstruction: frames("reconstruction"), kept: frames("kept") };
    /** Of each factor one number a point, whatever the frame. @type {Map<string, Float32Array>} */
    this.factors = new Map(
      Object.keys(this.about.units).map((name) => [name, new Frames(bytes(`factors/${name}`), this.points).all()]),
    );
    const kinds = /** @type {Kind[]} */ (Object.keys(this.about.layouts));
    this.positions = new Map(kinds.map((kind) => [kind, new Frames(bytes(kind), 2 * this.points)]));
    /** @type {Map<Kind, {frames: number, positions: Float32Array}>} positions: frame after frame, x and y of each point */
    this.kinds = new Map();
    for (const [kind, positions] of this.positions) {
      if (!positions.count) continue;
      this.kinds.set(kind, {
        frames: positions.count,
        get positions() {
          return positions.all();
        },
      });
    }
    this.places = new Map(Array.from(this.indices, (index, point) => [index, point]));
  }

  /** @param {Kind} kind @param {number} frame @returns {Float32Array} x and y of each point at a frame */
  at(kind, frame) {
    const positions = this.positions.get(kind);
    if (!positions) throw new Error(`${kind} is no kind of layout.`);
    return positions.at(frame);
  }

  /** @param {number} point @returns {Uint8Array} a test image's pixels, 0 to 255 */
  image(point) {
    return this.images.subarray(point * this.pixels, (point + 1) * this.pixels);
  }

  /** @param {number} index @returns {number} which point the test image of this index is, −1 if it is none */
  point(index) {
    return this.places.get(index) ?? -1;
  }

  /**
   * The code of a test image at a frame: the mean of its posterior.
   * @param {number} frame @param {number} point @param {Float32Array} [out]
   */
  mean(frame, point, out = new Float32Array(this.latentDim)) {
    const from = (frame * this.points + point) * this.latentDim;
    for (let dimension = 0; dimension < this.latentDim; dimension++) out[dimension] = this.number(from + dimension);
    return out;
  }

  /** @param {number} place @returns {number} one of those that make up the codes */
  number(place) {
    return half(this.means[2 * place] | (this.means[2 * place + 1] << 8));
  }

  /**
   * One number a point at a frame.
   * @param {string} name "kl" and "reconstruction" in nats, "kept" (the share of its neighbours), "z0", "z1", …, or a factor
   * @param {number} frame
   * @returns {Float32Array|null} null where it is not known
   */
  values(name, frame) {
    if (name === "kept" && frame === 0) return null; // since which epoch?
    const factor = this.factors.get(name);
    if (factor) return factor;
    if (name.startsWith("z")) return frame < this.epochs.length ? this.column(Number(name.slice(1)), frame) : null;
    const all = this.measured[/** @type {Measure} */ (name)]; // if it is one
    return all && frame < all.count && frame >= 0 ? all.at(frame) : null;
  }

  /** @param {number} dimension @param {number} frame */
  column(dimension, frame) {
    return remembered(this.columns, `${dimension} ${frame}`, COLUMNS_KEPT, () => {
      const { latentDim, points } = this;
      const column = new Float32Array(points);
      let from = frame * points * latentDim + dimension;
      for (let point = 0; point < points; point++, from += latentDim) column[point] = this.number(from);
      return column;
    });
  }

  /**
   * Between which values the colours lie, the same for the whole film: 98 of 100 values are within. The first epoch is left
   * out of it: what it reconstructs before any training would take up most of the colours.
   * @param {string} name see `values`
   * @returns {[number, number]}
   */
  range(name) {
    if (name === "kept") return [0, 1];
    return remembered(this.ranges, name, Infinity, () => this.findRange(name));
  }

  /** @param {string} name @returns {[number, number]} */
  findRange(name) {
    const factor = this.factors.get(name);
    const signed = factor ? factor.some((value) => value < 0) : name.startsWith("z");
    const frames = factor ? 1 : signed ? this.epochs.length : this.measured[/** @type {Measure} */ (name)].count;
    const first = frames > 1 ? 1 : 0;
    const stride = Math.max(1, Math.floor(((frames - first) * this.points) / SAMPLED));
    /** @type {number[]} */
    const found = [];
    for (let frame = first; frame < frames; frame++) {
      const values = this.values(name, frame);
      if (!values) continue;
      for (let point = frame % stride; point < this.points; point += stride) {
        const value = signed ? Math.abs(values[point]) : values[point];
        if (Number.isFinite(value)) found.push(value);
      }
    }
    if (!found.length) return [0, 1];
    found.sort((a, b) => a - b);
    /** @param {number} share */
    const level = (share) => found[Math.round(share * (found.length - 1))] ?? 0;
    const most = level(signed ? 0.98 : 0.99);
    return signed ? [-most || -1, most || 1] : [level(0.01), most];
  }
}
