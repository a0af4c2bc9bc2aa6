/** A picture of the maps with words around them, as it is saved. */

import { number } from "../engine/numbers.js";
import { classColour, cut } from "../shared/classes.js";
import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { contextOf } from "../shared/pictures.js";
import { Scene } from "./scene.js";

/** @import { Film } from "../engine/film.js" */
/** @import { Shot, ShotMap } from "./shot.js" */

/** @typedef {ShotMap & {canvas: HTMLCanvasElement, left: number}} SheetMap */

const DRAWN_FOR = 560; // pixels of a map in which points and numerals have the size that they have on the page

/** A canvas with the maps side by side, their titles above and what the colours say below. */
export class FilmSheet {
  /** @param {Shot} shot @param {number} width pixels of a map; two share twice that as their films' shapes need it */
  constructor({ maps, font, colouredBy }, width) {
    this.font = font;
    this.colouredBy = colouredBy;
    this.width = width;
    this.unit = width / 480; // sizes are given for a map of that width
    const shapes = maps.map(({ scene }) => scene.shape);
    const whole = width * maps.length;
    this.height = Math.round(whole / shapes.reduce((sum, shape) => sum + shape)); // of the maps
    let right = 0;
    this.maps = maps.map((map, place) => {
      const left = right;
      right = place === maps.length - 1 ? whole : Math.round(left + this.height * shapes[place]);
      const canvas = make("canvas", "", "", { width: right - left, height: this.height });
      return { ...map, scene: copied(map.scene, width), canvas, left };
    });
    const { theme } = maps[0].scene;
    this.paper = theme.background;
    this.ink = theme.text;
    this.head = Math.round(46 * this.unit);
    this.row = Math.round(22 * this.unit);
    this.canvas = make("canvas", "", "", { width: even(whole) });
    this.context = contextOf(this.canvas, { alpha: false, willReadFrequently: true });
    const [{ scene }] = this.maps;
    this.classes = scene.colourBy === "class" ? this.classesOf(scene) : [];
    const rows = 1 + Math.max(0, ...this.classes.map(({ row }) => row));
    this.canvas.height = even(this.head + this.height + rows * this.row + 4 * this.unit);
  }

  /** @param {number} moment in frames of the first map's film */
  draw(moment) {
    const { context, canvas, height, head } = this;
    context.fillStyle = this.paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const map of this.maps) {
      const at = map.at(moment);
      map.scene.paint(map.canvas, at, map.view);
      context.drawImage(map.canvas, map.left, head);
      this.write(map, at);
    }
    this.explain(head + height);
  }

  /** @param {SheetMap} map @param {number} at frame of its own */
  write({ scene, title, facts, canvas: { width }, left }, at) {
    const { unit } = this;
    const frame = Math.min(Math.round(at), scene.frames - 1);
    const { name } = epochWords(scene.film.about, scene.film.epochs[frame]);
    this.text(name, left + width - 10 * unit, 16 * unit, { weight: 600, side: "right" });
    this.text(title, left + 10 * unit, 16 * unit, { weight: 600, room: width - 110 * unit });
    this.text(facts(frame), left + 10 * unit, 34 * unit, { size: 11, room: width - 20 * unit, opacity: 0.75 });
  }

  /** What the colours say: the names of the classes in as many rows as they need, or a scale. @param {number} top */
  explain(top) {
    const [{ scene }] = this.maps;
    if (scene.colourBy === "class") this.nameClasses(top);
    else this.drawScale(scene, top + this.row / 2);
  }

  /** @param {number} top */
  nameClasses(top) {
    const { unit, context } = this;
    for (const { label, name, left, row } of this.classes) {
      const middle = top + (row + 0.5) * this.row;
      context.fillStyle = classColour(label);
      context.beginPath();
      context.arc(left + 5 * unit, middle, 4.5 * unit, 0, 2 * Math.PI);
      context.fill();
      this.text(name, left + 13 * unit, middle, { size: 11 });
    }
  }

  /** @param {Scene<Film>} scene @param {number} middle of the scale, from above */
  drawScale(scene, middle) {
    const { unit, context, canvas } = this;
    const [least, most] = scene.film.range(scene.colourBy);
    const [long, high] = [120 * unit, 10 * unit];
    const words = `${this.colouredBy}:  ${number(least)}`;
    const left = 18 * unit + this.text(words, 10 * unit, middle, { size: 11, room: canvas.width - 2 * long });
    const scale = context.createLinearGradient(left, 0, left + long, 0);
    const colours = scene.rampColours();
    for (const [place, colour] of colours.entries()) scale.addColorStop(place / (colours.length - 1), colour);
    context.fillStyle = scale;
    context.fillRect(left, middle - high / 2, long, high);
    this.text(number(most), left + long + 8 * unit, middle, { size: 11 });
  }

  /** Where the names of the classes that are shown stand below the maps. @param {Scene<Film>} scene */
  classesOf({ film, hidden }) {
    const shown = new Set(film.labels.filter((_, point) => !hidden[point]));
    /** @type {{label: number, name: string, left: number, row: number}[]} */
    const found = [];
    let [left, row] = [10 * this.unit, 0];
    this.setFont(11);
    for (const [label, whole] of film.about.class_names.entries()) {
      if (!shown.has(label)) continue;
      const name = cut(whole);
      const wide = 26 * this.unit + this.context.measureText(name).width;
      if (left + wide > this.canvas.width && left > 10 * this.unit) [left, row] = [10 * this.unit, row + 1];
      found.push({ label, name, left, row });
      left += wide;
    }
    return found;
  }

  /**
   * @param {string} text @param {number} x @param {number} y its middle
   * @param {{size?: number, weight?: number, side?: CanvasTextAlign, room?: number, opacity?: number}} style room: what
   *   it may
   *   take, in pixels
   * @returns {number} how wide it became
   */
  text(text, x, y, { size = 13, weight = 400, side = "left", room = Infinity, opacity = 1 } = {}) {
    const { context } = this;
    this.setFont(size, weight);
    context.textAlign = side;
    context.textBaseline = "middle";
    context.fillStyle = this.ink;
    context.globalAlpha = opacity;
    const wide = Math.min(context.measureText(text).width, room);
    context.fillText(text, x, y, room === Infinity ? undefined : room);
    context.globalAlpha = 1;
    return wide;
  }

  /** @param {number} size @param {number} weight */
  setFont(size, weight = 400) {
    this.context.font = `${weight} ${size * this.unit}px ${this.font}`;
  }
}

/** @param {number} pixels */
const even = (pixels) => Math.ceil(pixels / 2) * 2; // as videos need it

/** A scene of one's own that draws the same. @param {Scene<Film>} scene @param {number} width pixels of its map */
function copied(scene, width) {
  const own = new Scene(scene.film, scene.theme);
  own.kind = scene.kind;
  own.colourBy = scene.colourBy;
  own.meant = scene.meant?.slice() ?? null;
  own.options = { ...scene.options };
  own.hidden.set(scene.hidden);
  own.ratio = width / DRAWN_FOR;
  return own;
}
