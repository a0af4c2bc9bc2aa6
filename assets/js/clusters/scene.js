/**
 * One picture of the film: points, their trails, images and numerals, drawn on a canvas. No DOM beyond that canvas, so
 * that the page, the files it saves and the player outside the app draw the same.
 */

import { Camera, WHOLE } from "./camera.js";
import { Colouring } from "./colours.js";
import { enclosedPoints, nearestPoint, thumbnailAt } from "./hits.js";
import { Numerals } from "./numerals.js";
import { FAINT, Surface } from "./surface.js";
import { paintThumbnails } from "./thumbnails.js";
import { Trails } from "./trails.js";

/** @import { FilmAbout, Kind } from "../engine/film.js" */
/** @import { SceneView, Size } from "./camera.js" */
/** @import { Thumbnail } from "./thumbnails.js" */

/**
 * What a scene needs of a film; see engine/film.js for the whole.
 * @typedef {object} SceneFilm
 * @property {number} points
 * @property {ArrayLike<number>} labels
 * @property {Pick<FilmAbout, "class_names"|"unchanged">} about
 * @property {[number, number]} imageShape height and width
 * @property {ReadonlyMap<Kind, {frames: number}>} kinds of layout that it has
 * @property {(kind: Kind, frame: number) => Float32Array} at x and y of each point, in units of the film's radius
 * @property {(point: number) => Uint8Array} image
 * @property {(name: string, frame: number) => Float32Array|null} values one number a point, of "kl", "reconstruction",
 *   "kept" or "z0", "z1", …
 * @property {(name: string) => [number, number]} range the least and the greatest value for the colours
 */

/**
 * @typedef {{background: string, text: string, dark: boolean}} Theme colours as CSS writes them
 * @typedef {{numerals: boolean, images: boolean, trails: boolean, dim: boolean}} SceneOptions what is drawn; dim: draw
 *   faintly what moves though its neighbourhood stayed
 */

const OPAQUE = 235; // of 256
export const NOTICEABLE = 0.05; // of the film's radius: a movement that is seen
const MOVES_KEPT = 8; // frames of which it is remembered which points moved

/** @template {SceneFilm} [F=SceneFilm] */
export class Scene {
  /** @param {F} film @param {Theme} theme */
  constructor(film, theme) {
    this.film = film;
    this.theme = theme;
    /** @type {Kind} */
    this.kind = film.kinds.has("umap") ? "umap" : "pca_last";
    this.colourBy = "class"; // or a name that `film.values` knows
    /** @type {SceneOptions} */
    this.options = { numerals: true, images: true, trails: false, dim: false };
    this.hidden = new Uint8Array(film.points); // 1 for a point that is not drawn
    /** @type {Uint8Array|null} 1 for the points that are meant; the others are drawn faintly. Null where all are. */
    this.meant = null;
    /** @type {{kind: Kind, share: number}|null} while the points are on their way from another kind of layout */
    this.from = null;
    this.ratio = 1; // of the canvas's pixels to those that sizes are given in

    this.xs = new Float32Array(film.points); // where `paint` drew each point, in pixels of the canvas
    this.ys = new Float32Array(film.points);
    this.opaque = new Uint8Array(film.points); // of 256
    this.drawn = 0; // points that are in the picture
    /** @type {Thumbnail[]} */
    this.thumbnails = [];

    this.camera = new Camera(film);
    this.colouring = new Colouring(film, theme);
    this.numerals = new Numerals(film);
    /** @type {Surface|null} of the canvas that was drawn on last */
    this.surface = null;
    /** @type {Trails|null} */
    this.trails = null;
    /** @type {{xs: Float32Array, ys: Float32Array}|null} where the points are in the layout that they come from */
    this.other = null;
    /** @type {Map<string, Uint8Array>} */
    this.moved = new Map();
    /** @type {{key: string, places: number[][]}|null} of the point whose path was asked for last, in the film's units */
    this.way = null;
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    this.theme = theme;
    this.colouring.setTheme(theme);
  }

  /** @returns {number} how many frames this kind of layout has */
  get frames() {
    return this.camera.frames(this.kind);
  }

  /** @returns {number} the width by the height of a frame that the film fills */
  get shape() {
    return this.camera.shape(this.kind);
  }

  /**
   * Draw the film at a moment.
   * @param {HTMLCanvasElement} canvas @param {number} at frame; a fraction lies between two frames @param {SceneView} view
   */
  paint(canvas, at, view = WHOLE) {
    const frame = Math.min(Math.max(at, 0), this.frames - 1);
    if (!this.surface?.isOf(canvas, this.ratio)) this.surface = new Surface(canvas, this.ratio);
    const { surface, options, xs, ys, opaque } = this;
    const { colours, background } = this.colouring;
    surface.clear(background);
    this.place(frame, view, surface);
    this.colouring.colour(this.colourBy, frame);
    this.findOpacities(frame);
    if (options.trails && !this.from) this.paintTrails(frame, view, surface);
    this.drawn = surface.discs(xs, ys, opaque, colours, this.radius(view));
    const images = options.images && !this.from;
    this.thumbnails = images ? paintThumbnails(surface, this.film, view.scale, { xs, ys, opaque, colours }) : [];
    surface.show();
    if (options.numerals) this.paintNumerals(frame, view, surface);
  }

  /** @param {SceneView} view @returns {number} of a disc, in pixels of the canvas */
  radius(view) {
    const many = Math.min(4, Math.max(1.75, 24 / this.film.points ** 0.29));
    return many * Math.min(2, Math.max(1, view.scale) ** 0.35) * this.ratio;
  }

  /** Where every point is at a moment, into `xs` and `ys`. @param {number} at @param {SceneView} view @param {Size} size */
  place(at, view, size) {
    const { camera, xs, ys } = this;
    const { points } = this.film;
    camera.project(this.kind, at, view, size, xs, ys);
    if (!this.from) return;
    this.other ??= { xs: new Float32Array(points), ys: new Float32Array(points) };
    const { kind, share } = this.from;
    const { xs: otherXs, ys: otherYs } = this.other;
    camera.project(kind, at, view, size, otherXs, otherYs);
    for (let point = 0; point < points; point++) {
      xs[point] = otherXs[point] + (xs[point] - otherXs[point]) * share;
      ys[point] = otherYs[point] + (ys[point] - otherYs[point]) * share;
    }
  }

  /** How opaque every point is; 0 for hidden ones. @param {number} at */
  findOpacities(at) {
    const moved = this.options.dim ? this.unexplained(at) : null;
    for (let point = 0; point < this.film.points; point++) {
      const faint = (this.meant && !this.meant[point]) || moved?.[point];
      this.opaque[point] = this.hidden[point] ? 0 : faint ? FAINT : OPAQUE;
    }
  }

  /**
   * Which points move, on the way to or into a frame, though their neighbourhood stayed.
   * @param {number} at
   * @returns {Uint8Array} 1 for those
   */
  unexplained(at) {
    const { film, kind, moved } = this;
    const frame = Math.ceil(at);
    const key = `${kind} ${frame}`;
    const known = moved.get(key);
    if (known) return known;
    const flags = new Uint8Array(film.points);
    const kept = frame < this.frames ? film.values("kept", frame) : null;
    if (kept) {
      const [before, after] = [film.at(kind, frame - 1), film.at(kind, frame)];
      for (let point = 0, i = 0; point < film.points; point++, i += 2) {
        const far = Math.hypot(after[i] - before[i], after[i + 1] - before[i + 1]);
        flags[point] = kept[point] >= film.about.unchanged && far > NOTICEABLE ? 1 : 0;
      }
    }
    if (moved.size > MOVES_KEPT) moved.clear();
    moved.set(key, flags);
    return flags;
  }

  /** @param {number} frame @param {SceneView} view @param {Surface} surface */
  paintTrails(frame, view, surface) {
    this.trails ??= new Trails(this.film.points);
    /** @param {number} moment @param {Float32Array} xs @param {Float32Array} ys */
    const project = (moment, xs, ys) => this.camera.project(this.kind, moment, view, surface, xs, ys);
    this.trails.paint(surface, frame, project, this.opaque, this.colouring.colours);
  }

  /** @param {number} frame @param {SceneView} view @param {Surface} surface */
  paintNumerals(frame, view, surface) {
    /** @param {Kind} kind @param {number} weight */
    const end = (kind, weight) => {
      const framing = this.camera.framing(kind, view, surface);
      return { kind, frames: this.camera.frames(kind), framing, weight };
    };
    const ends = [end(this.kind, this.from?.share ?? 1)];
    if (this.from) ends.push(end(this.from.kind, 1 - this.from.share));
    this.numerals.paint(surface, frame, ends, this.opaque, this.theme);
  }

  /**
   * Where one point is at each frame up to a moment.
   * @param {number} point @param {number} at @param {SceneView} view @param {Size} size
   * @returns {number[][]} pixels, x and y
   */
  path(point, at, view, size) {
    const { film, kind, frames } = this;
    const { scale, left, top } = this.camera.framing(kind, view, size);
    const key = `${kind} ${point}`;
    if (this.way?.key !== key) {
      const places = Array.from({ length: frames }, (_, frame) => {
        const positions = film.at(kind, frame);
        return [positions[2 * point], positions[2 * point + 1]];
      });
      this.way = { key, places };
    }
    const last = Math.min(Math.floor(at), frames - 1);
    const path = this.way.places.slice(0, last + 1).map(([x, y]) => [x * scale + left, top - y * scale]);
    if (at > last) path.push([this.xs[point], this.ys[point]]);
    return path;
  }

  /**
   * The point drawn nearest to a pixel of the canvas.
   * @param {[number, number]} place @param {number} reach how far it may be
   * @returns {number} −1 if there is none
   */
  nearest([x, y], reach) {
    const point = thumbnailAt(this.thumbnails, x, y);
    return point >= 0 ? point : nearestPoint(this, x, y, reach);
  }

  /** @param {number[][]} outline x and y of its corners, in pixels of the canvas @returns {number[]} the points within */
  enclosed(outline) {
    return enclosedPoints(this, outline);
  }

  /** @returns {string[]} the colours of the values from the least to the greatest, as CSS writes them */
  rampColours() {
    return this.colouring.ramp(this.colourBy);
  }
}
