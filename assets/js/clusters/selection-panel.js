/** The images that a lasso went round, and what they have in common. */

import { shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Picture } from "../shared/pictures.js";
import { Captioned } from "./captioned.js";
import { saveSelection, showDifferences } from "./differences.js";

/** @import { Film } from "../engine/film.js" */
/** @import { Sides } from "./sides.js" */

/**
 * @typedef {object} SelectionListener
 * @property {() => void} all select all that is in view
 * @property {() => void} clear
 * @property {() => void} take the mean code as the cursor
 * @property {(point: number) => void} look at an image, −1 for none
 * @property {(point: number) => void} choose an image as the cursor
 */

const MOST_CHOSEN = 40; // images that are shown
const MOST_CLASSES = 4; // that are named

export class SelectionPanel {
  /** @param {HTMLElement} section @param {Sides} sides @param {SelectionListener} listener */
  constructor(section, sides, listener) {
    this.section = section;
    this.find = finder(section);
    this.sides = sides;
    this.listener = listener;
    /** @type {number[]} of the first film */
    this.points = [];
    this.image = new Captioned(sides.first.imageShape, "mean image");
    this.decoded = sides.all.map(({ film }) => new Captioned(film.imageShape, ""));
    this.find(".means").replaceChildren(this.image.figure, ...this.decoded.map(({ figure }) => figure));
    this.find(".select-all").onclick = () => listener.all();
    this.find(".clear").onclick = () => listener.clear();
    this.frame = 0; // of the first film
    this.find(".save-selection").onclick = () => saveSelection(sides.first, this.frame, this.points);
    this.find(".take").onclick = () => listener.take();
    this.find(".chosen").onkeydown = (event) => moveFocus(event);
  }

  /** @param {number[]} points of the first film */
  choose(points) {
    const { first: film } = this.sides;
    this.points = points;
    this.section.classList.toggle("empty", points.length === 0);
    this.find(".selected").textContent = points.length
      ? inWords(film, points)
      : "Draw round points with the lasso, or drag with Shift held, to see what they have in common.";
    shorten(this.find(".selected"), ...film.about.class_names);
    this.image.picture.draw(meanImage(film, points), 1);
    this.image.canvas.setAttribute("aria-label", `Mean of the ${points.length} selected images`);
    this.showTiles();
  }

  showTiles() {
    const { points, sides, listener } = this;
    const { first: film } = sides;
    const step = Math.max(1, points.length / MOST_CHOSEN); // evenly, not the first
    const count = Math.min(MOST_CHOSEN, points.length);
    const shown = Array.from({ length: count }, (_, place) => points[Math.floor(place * step)]);
    const tiles = shown.map((point, place) => {
      const name = sides.nameOf(point);
      const button = make("button", "", "", { type: "button", title: name, "aria-label": name });
      button.tabIndex = place ? -1 : 0;
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, film.imageShape).draw(film.image(point), 1);
      button.append(canvas);
      button.onclick = () => listener.choose(point);
      button.onpointerenter = () => listener.look(point);
      button.onpointerleave = button.onblur = () => listener.look(-1);
      button.onfocus = () => {
        for (const other of tiles) other.tabIndex = other === button ? 0 : -1;
        listener.look(point);
      };
      return button;
    });
    this.find(".chosen").replaceChildren(...tiles);
  }

  /** Show what the decoders make of their mean code. @param {number[]} epochs by side @param {number[]} frames by side */
  show(epochs, frames) {
    const { run, first } = this.sides;
    [this.frame] = frames;
    showDifferences(this.find(".differences"), first, run, this.frame, this.points);
    if (!this.points.length) return;
    for (const [place, decoded] of this.decoded.entries()) {
      const { run, film, about, pointOf } = this.sides.all[place];
      const points = place ? this.points.map(pointOf).filter((point) => point >= 0) : this.points;
      decoded.decode(run, epochs[place], meanCode(film, frames[place], points));
      const { name, at } = epochWords(about, epochs[place]);
      decoded.say(`mean code, ${this.decoded.length > 1 ? about.name : name}`, `Decode of their mean code${at}`);
    }
  }
}

/**
 * The mean code of images at a frame.
 * @param {Film} film @param {number} frame @param {number[]} points
 * @returns {Float32Array}
 */
export function meanCode(film, frame, points) {
  const sum = new Float64Array(film.latentDim);
  const code = new Float32Array(film.latentDim);
  for (const point of points) {
    film.mean(frame, point, code);
    for (let dimension = 0; dimension < sum.length; dimension++) sum[dimension] += code[dimension];
  }
  return Float32Array.from(sum, (value) => value / Math.max(1, points.length));
}

/** @param {Film} film @param {number[]} points */
function meanImage(film, points) {
  const mean = new Float32Array(film.pixels);
  for (const point of points) {
    const image = film.image(point);
    for (let i = 0; i < mean.length; i++) mean[i] += image[i];
  }
  return mean.map((sum) => sum / Math.max(1, points.length));
}

/** How many they are, and of which classes. @param {Film} film @param {number[]} points */
function inWords({ about, labels, points: all }, points) {
  const names = about.class_names;
  const counts = names.map(() => 0);
  for (const point of points) counts[labels[point]]++;
  const order = Array.from(names.keys())
    .filter((label) => counts[label])
    .sort((a, b) => counts[b] - counts[a]);
  const most = order
    .slice(0, MOST_CLASSES)
    .map((label) => `${names[label]}\u00a0(${counts[label].toLocaleString("en")})`)
    .join(", ");
  const more = order.length > MOST_CLASSES ? ` and ${order.length - MOST_CLASSES} more` : "";
  const [some, images] = [points.length, all].map((count) => count.toLocaleString("en"));
  return `${some} of ${images} test images. By class: ${most}${more}.`;
}

/** The arrow keys go from image to image. @param {KeyboardEvent} event */
function moveFocus(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const tiles = event.currentTarget;
  if (!step || !(tiles instanceof HTMLElement)) return;
  event.preventDefault();
  event.stopPropagation();
  const buttons = [...tiles.querySelectorAll("button")];
  buttons[buttons.findIndex((button) => button.matches(":focus")) + step]?.focus();
}
