/** The name of every class at the median place of its points. */

import { cut } from "../shared/classes.js";
import { FAINT } from "./surface.js";

/** @import { Kind } from "../engine/film.js" */
/** @import { Framing } from "./camera.js" */
/** @import { SceneFilm, Theme } from "./scene.js" */
/** @import { Surface } from "./surface.js" */

/**
 * @typedef {{name: string, x: number, y: number, width: number}} Numeral its middle and the room that it takes, in pixels
 */

const NUMERAL = 14; // characters of a class's name that stand on the map

export class Numerals {
  /** @param {SceneFilm} film */
  constructor(film) {
    this.film = film;
    this.names = film.about.class_names.map((name) => cut(name, NUMERAL));
    /** @type {number[][]|null} the points of each class */
    this.members = null;
    /** @type {Map<string, Float32Array>} */
    this.centres = new Map();
  }

  /** @param {Kind} kind @param {number} frame @returns {Float32Array} x and y of each class; NaN for one without points */
  centresAt(kind, frame) {
    const key = `${kind} ${frame}`;
    let found = this.centres.get(key);
    if (found) return found;
    const positions = this.film.at(kind, frame);
    this.members ??= membersOf(this.film);
    found = new Float32Array(2 * this.members.length);
    for (const [label, members] of this.members.entries()) {
      for (const axis of [0, 1]) {
        const values = Float32Array.from(members, (point) => positions[2 * point + axis]).sort();
        found[2 * label + axis] = (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;
      }
    }
    this.centres.set(key, found);
    return found;
  }

  /**
   * @param {Surface} surface @param {number} at frame
   * @param {{kind: Kind, frames: number, framing: Framing, weight: number}[]} ends the kind of layout, or the two between
   *   which
   *   the points are on their way; the weights add up to 1
   * @param {Uint8Array} opaque of each point @param {Theme} theme
   */
  paint(surface, at, ends, opaque, theme) {
    const { points, labels } = this.film;
    const shown = new Uint32Array(this.names.length);
    for (let point = 0; point < points; point++) if (opaque[point] > FAINT) shown[labels[point]]++;
    /** @type {Numeral[]} */
    const numerals = this.names.map((name) => ({ name, x: 0, y: 0, width: 0 }));
    for (const { kind, frames, framing, weight } of ends) {
      const frame = Math.min(Math.floor(at), frames - 1);
      const before = this.centresAt(kind, frame);
      const after = frame < frames - 1 ? this.centresAt(kind, frame + 1) : before;
      const share = Math.min(1, at - frame);
      for (const [label, numeral] of numerals.entries()) {
        const x = before[2 * label] + (after[2 * label] - before[2 * label]) * share;
        const y = before[2 * label + 1] + (after[2 * label + 1] - before[2 * label + 1]) * share;
        numeral.x += (x * framing.scale + framing.left) * weight;
        numeral.y += (framing.top - y * framing.scale) * weight;
      }
    }
    const drawn = numerals.filter(({ x }, label) => shown[label] > 0 && Number.isFinite(x));
    this.write(surface, drawn, theme);
  }

  /** @param {Surface} surface @param {Numeral[]} numerals @param {Theme} theme */
  write({ context, width, ratio }, numerals, theme) {
    const size = (Math.max(...this.names.map((name) => name.length)) > 2 ? 12 : 17) * ratio;
    context.font = `700 ${size}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 0.28 * size;
    context.strokeStyle = theme.background;
    context.fillStyle = theme.text;
    for (const each of numerals) each.width = 1.15 * Math.max(size, context.measureText(each.name).width);
    makeRoom(numerals, 1.15 * size);
    for (const each of numerals) {
      const half = each.width / 2;
      if (each.x > 0 && each.x < width) each.x = Math.max(half, Math.min(width - half, each.x));
    }
    for (const { name, x, y } of numerals) context.strokeText(name, x, y);
    for (const { name, x, y } of numerals) context.fillText(name, x, y);
  }
}

/** @param {SceneFilm} film @returns {number[][]} */
function membersOf({ points, labels, about }) {
  /** @type {number[][]} */
  const members = about.class_names.map(() => []);
  for (let point = 0; point < points; point++) members[labels[point]]?.push(point);
  return members;
}

/**
 * Push names apart until hardly any covers another; those that have room stay where they are.
 * @param {Numeral[]} numerals @param {number} height
 */
function makeRoom(numerals, height) {
  for (let round = 0; round < 24; round++) {
    let moved = false;
    for (let i = 0; i < numerals.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [numerals[i], numerals[j]];
        const wide = (a.width + b.width) / 2;
        const across = (a.x - b.x) / wide;
        const down = (a.y - b.y) / height;
        const far = Math.hypot(across, down);
        if (far >= 1) continue;
        const push = (1 - far) / 2;
        // Two on one spot part along a direction of their own.
        const [x, y] = far > 1e-3 ? [across / far, down / far] : [Math.cos(i), Math.sin(i)];
        a.x += x * push * wide;
        b.x -= x * push * wide;
        a.y += y * push * height;
        b.y -= y * push * height;
        moved = true;
      }
    }
    if (!moved) return;
  }
}
