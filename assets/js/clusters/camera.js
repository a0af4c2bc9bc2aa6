/** Where the positions of a film are in a picture, and what part of the film a picture shows. */

/** @import { Kind } from "../engine/film.js" */
/** @import { SceneFilm } from "./scene.js" */

/**
 * What part of a film is shown: x and y of the picture's middle, as shares of half the film's extent, and how many times
 * the
 * whole is enlarged.
 * @typedef {{x: number, y: number, scale: number}} SceneView
 * @typedef {{width: number, height: number}} Size of a picture, in pixels
 * @typedef {{scale: number, left: number, top: number}} Framing how positions become pixels: x · scale + left, top − y ·
 *   scale
 * @typedef {{x: number, y: number, wide: number, high: number, half: number}} Extent the middle of a kind's film and half
 *   its
 *   width and height; half: the larger of the two
 */

/** The whole film, each point of it. @type {Readonly<SceneView>} */
export const WHOLE = Object.freeze({ x: 0, y: 0, scale: 1 });

export const STEP_IN = 1.6; // times that a button or a key enlarges
const CLOSEST = 80; // times that the whole can be enlarged
const MARGIN = 0.06; // of the picture's half, between the outermost point and the edge
const SHAPES = [0.6, 2.4]; // of a frame, its width by its height: those that a page has room for

/** @param {number} shape of a film @returns {number} that of its frame */
export const clampShape = (shape) => Math.min(SHAPES[1], Math.max(SHAPES[0], shape));

export class Camera {
  /** @param {SceneFilm} film */
  constructor(film) {
    this.film = film;
    /** @type {Map<Kind, Extent>} */
    this.extents = new Map();
  }

  /** One extent for all frames, so that one scale serves them. @param {Kind} kind */
  extent(kind) {
    const found = this.extents.get(kind) ?? this.measure(kind);
    this.extents.set(kind, found);
    return found;
  }

  /** @param {Kind} kind @returns {Extent} */
  measure(kind) {
    const least = [Infinity, Infinity];
    const most = [-Infinity, -Infinity];
    for (let frame = 0; frame < this.frames(kind); frame++) {
      const positions = this.film.at(kind, frame);
      for (let i = 0; i < positions.length; i++) {
        const value = positions[i];
        const axis = i & 1;
        if (value < least[axis]) least[axis] = value;
        if (value > most[axis]) most[axis] = value;
      }
    }
    const [x, y] = [0, 1].map((axis) => (least[axis] + most[axis]) / 2);
    const [wide, high] = [0, 1].map((axis) => Math.max((most[axis] - least[axis]) / 2, 1e-6));
    return { x, y, wide, high, half: Math.max(wide, high) };
  }

  /** @param {Kind} kind @returns {number} how many it has */
  frames(kind) {
    return this.film.kinds.get(kind)?.frames ?? 0;
  }

  /** @param {Kind} kind @returns {number} the width by the height of a frame that the film fills */
  shape(kind) {
    const { wide, high } = this.extent(kind);
    return clampShape(wide / high);
  }

  /**
   * @param {Kind} kind @param {number} scale of a view @param {Size} size
   * @returns {number} pixels of half the film's extent
   */
  unit(kind, scale, { width, height }) {
    const { wide, high, half } = this.extent(kind);
    return half * Math.min(width / 2 / wide, height / 2 / high) * (1 - MARGIN) * scale;
  }

  /** @param {Kind} kind @param {SceneView} view @param {Size} size @returns {Framing} */
  framing(kind, view, size) {
    const { x, y, half } = this.extent(kind);
    const scale = this.unit(kind, view.scale, size) / half;
    return {
      scale,
      left: size.width / 2 - (x + view.x * half) * scale,
      top: size.height / 2 + (y + view.y * half) * scale,
    };
  }

  /**
   * The nearest view that the film fills, as far as it is enlarged enough to.
   * @param {Kind} kind @param {SceneView} view @param {Size} size @returns {SceneView}
   */
  within(kind, { x, y, scale }, size) {
    const { wide, high, half } = this.extent(kind);
    const unit = this.unit(kind, scale, size);
    /** @param {number} extent @param {number} pixels */
    const room = (extent, pixels) => Math.max(0, extent / half / (1 - MARGIN) - pixels / 2 / unit);
    const [across, up] = [room(wide, size.width), room(high, size.height)];
    return { x: Math.min(across, Math.max(-across, x)), y: Math.min(up, Math.max(-up, y)), scale };
  }

  /**
   * A view enlarged so that what is at a place of the picture stays there.
   * @param {Kind} kind @param {SceneView} view @param {number} factor @param {[number, number]} place in pixels
   * @param {Size} size
   * @returns {SceneView}
   */
  zoomed(kind, view, factor, [x, y], size) {
    const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
    const change = 1 / this.unit(kind, view.scale, size) - 1 / this.unit(kind, scale, size);
    const moved = { x: view.x + (x - size.width / 2) * change, y: view.y - (y - size.height / 2) * change, scale };
    return this.within(kind, moved, size);
  }

  /**
   * A view after a hand has moved the film.
   * @param {Kind} kind @param {SceneView} view @param {number} across pixels to the right @param {number} down
   * @param {Size} size
   * @returns {SceneView}
   */
  panned(kind, view, across, down, size) {
    const unit = this.unit(kind, view.scale, size);
    return this.within(kind, { ...view, x: view.x - across / unit, y: view.y + down / unit }, size);
  }

  /**
   * Where every point is at a moment, into `xs` and `ys`.
   * @param {Kind} kind @param {number} at frame; a fraction lies between two @param {SceneView} view @param {Size} size
   * @param {Float32Array} xs @param {Float32Array} ys
   */
  project(kind, at, view, size, xs, ys) {
    const { points } = this.film;
    const frames = this.frames(kind);
    const { scale, left, top } = this.framing(kind, view, size);
    const frame = Math.min(Math.floor(at), frames - 1);
    const share = frame < frames - 1 ? at - frame : 0;
    const before = this.film.at(kind, frame);
    const after = share > 0 ? this.film.at(kind, frame + 1) : before;
    for (let point = 0, i = 0; point < points; point++, i += 2) {
      xs[point] = (before[i] + (after[i] - before[i]) * share) * scale + left;
      ys[point] = top - (before[i + 1] + (after[i + 1] - before[i + 1]) * share) * scale;
    }
  }
}
