/**
 * A film in the page that plays it alone: what is put into its file, and what is made of that there. Numbers travel in
 * whole
 * steps between the least and the greatest of them, all arrays as one text, compressed, in the 64 characters that any file
 * may hold.
 */

import { unmarked } from "../shared/terms.js";
import { MEASURES } from "./words.js";

/** @import { Film, FilmAbout, Kind, Measure } from "../engine/film.js" */
/** @import { SceneView } from "./camera.js" */
/** @import { Scene, SceneOptions } from "./scene.js" */

/**
 * @typedef {Uint8Array|Uint16Array|Int32Array} Numbers
 * @typedef {{type: string, from: number, length: number}} Place of an array: where it begins, in bytes, and how many
 *   numbers it has
 * @typedef {{array: number, least: number, most: number, steps: number}} Steps array: which one it is
 */

/**
 * @typedef {object} PackedFilm
 * @property {FilmAbout} about
 * @property {boolean[]} hidden by class
 * @property {(Steps & {name: Kind, frames: number})[]} kinds
 * @property {(Steps & {name: Measure, frames: number, range: [number, number]})[]} measured
 * @property {number} images which array
 * @property {number} labels
 * @property {number} indices
 */

/**
 * What stands in the file. shown: how the films were looked at when they were saved; seconds: from frame to frame, at the
 * speed of 1.
 * @typedef {object} PackedPage
 * @property {PackedFilm[]} films
 * @property {{kind: Kind, colourBy: string, options: SceneOptions, view: SceneView, seconds: number, speed: number}} shown
 * @property {Place[]} arrays
 */

/** @type {Record<string, new (buffer: ArrayBuffer, from: number, length: number) => Numbers>} */
const TYPES = { Uint8Array, Uint16Array, Int32Array };

/**
 * What is said of each kind of layout, without the marks of words that are explained in the app alone.
 * @param {FilmAbout["layouts"]} layouts @returns {FilmAbout["layouts"]}
 */
function plain(layouts) {
  const said = { ...layouts };
  for (const kind of /** @type {Kind[]} */ (Object.keys(said)))
    said[kind] = { ...said[kind], note: unmarked(said[kind].note) };
  return said;
}

export class Pack {
  constructor() {
    /** @type {Place[]} */
    this.arrays = [];
    /** @type {Numbers[]} */
    this.parts = [];
    this.size = 0;
  }

  /** @param {Numbers} values @returns {number} which of the arrays it is */
  add(values) {
    const padding = -this.size & 7; // numbers begin at a multiple of their size
    this.parts.push(new Uint8Array(padding), values);
    this.arrays.push({ type: values.constructor.name, from: this.size + padding, length: values.length });
    this.size += padding + values.byteLength;
    return this.arrays.length - 1;
  }

  /** @param {Float32Array} values @param {typeof Uint8Array|typeof Uint16Array} Type of the steps @returns {Steps} */
  addSteps(values, Type) {
    const steps = 2 ** (8 * Type.BYTES_PER_ELEMENT) - 1;
    let [least, most] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const scale = most > least ? steps / (most - least) : 0;
    const found = new Type(values.length);
    for (let i = 0; i < values.length; i++) found[i] = Math.round((values[i] - least) * scale);
    return { array: this.add(found), least, most, steps };
  }

  /** @param {Scene<Film>} scene @returns {PackedFilm} what `SavedFilm` needs of its film */
  addFilm({ film, hidden }) {
    const { about, labels } = film;
    return {
      about: { ...about, key: "", layouts: plain(about.layouts) },
      hidden: about.class_names.map((_, label) => labels.every((of, point) => of !== label || hidden[point] === 1)),
      kinds: Array.from(film.kinds, ([name, { frames, positions }]) => {
        return { name, frames, ...this.addSteps(positions, Uint16Array) };
      }),
      measured: MEASURES.filter((name) => film.measured[name].count).map((name) => {
        const measured = film.measured[name];
        const range = film.range(name);
        return { name, frames: measured.count, range, ...this.addSteps(measured.all(), Uint8Array) };
      }),
      images: this.add(film.images),
      labels: this.add(labels),
      indices: this.add(film.indices),
    };
  }

  /** @returns {Promise<string>} all arrays, one after the other */
  async text() {
    const parts = /** @type {BlobPart[]} */ (this.parts);
    const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("deflate"));
    const bytes = await new Response(stream).blob();
    const reader = new FileReader();
    return new Promise((resolve, reject) => {
      reader.onload = () => {
        const address = String(reader.result);
        resolve(address.slice(address.indexOf(",") + 1));
      };
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(bytes);
    });
  }
}

/** @param {string} text see `Pack.text` @param {Place[]} arrays */
export async function unpack(text, arrays) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return arrays.map(({ type, from, length }) => new TYPES[type](buffer, from, length));
}

/** A film as it was packed, as a scene wants it. */
export class SavedFilm {
  /** @param {PackedFilm} packed @param {Numbers[]} arrays */
  constructor({ about, hidden, kinds, measured, images, labels, indices }, arrays) {
    /** @param {Steps} steps */
    const numbers = ({ array, least, most, steps }) =>
      Float32Array.from(arrays[array], (step) => least + (step / steps) * (most - least));
    this.about = about;
    this.epochs = about.epochs;
    this.imageShape = about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.images = /** @type {Uint8Array} */ (arrays[images]);
    this.labels = arrays[labels];
    this.indices = arrays[indices];
    this.points = this.labels.length;
    this.hidden = hidden;
    this.kinds = new Map(kinds.map((kind) => [kind.name, { frames: kind.frames, positions: numbers(kind) }]));
    /** @type {Map<string, {frames: number, range: [number, number], all: Float32Array}>} */
    this.measured = new Map(measured.map((found) => [found.name, { ...found, all: numbers(found) }]));
  }

  /** @param {Kind} kind @param {number} frame @returns {Float32Array} x and y of each point */
  at(kind, frame) {
    const found = this.kinds.get(kind);
    if (!found) throw new Error(`The film has no layout ${kind}.`);
    return found.positions.subarray(2 * this.points * frame, 2 * this.points * (frame + 1));
  }

  /** @param {number} point */
  image(point) {
    return this.images.subarray(point * this.pixels, (point + 1) * this.pixels);
  }

  /**
   * @param {string} name @param {number} frame
   * @returns {Float32Array|null} one number a point, null where it is not known
   */
  values(name, frame) {
    if (name === "kept" && frame === 0) return null; // as in engine/film.js
    const found = this.measured.get(name);
    return found && frame < found.frames ? found.all.subarray(frame * this.points, (frame + 1) * this.points) : null;
  }

  /** @param {string} name @returns {[number, number]} */
  range(name) {
    return this.measured.get(name)?.range ?? [0, 1];
  }
}
