/** The field of the Draw page: what is written on it, brought to it and taken back, and the image that the model sees of it. */

import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { PictureError, PicturePanel, readPicture, rehearse } from "./bring.js";
import { fitted } from "./fit.js";
import { asItIs, asMnist, stretch } from "./mnist.js";
import { STEPS, strokesOf } from "./strokes.js";

const FIELD = 280; // the longer side of the drawing field, in its own pixels
const STEPS_KEPT = 200;
// A picture is the one large step, up to 0.2 MB: what is remembered of a drawing goes to Python and back.
const PICTURES_KEPT = 3;

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const wayOf = ({ dark, without }) => JSON.stringify([dark, without]); // how a picture is read
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/**
 * @typedef {{kind: "stroke", width: number, erase: boolean, points: number[]}} Stroke points: x, y, x, y, …
 * @typedef {{kind: "picture", source: string, width: number, height: number, dark: boolean, without: string[], chosen: number|null}}
 *   Brought base64 of its greys; without: which of `STEPS` are not taken; chosen: which digit, the largest where null
 * @typedef {{kind: "image", pixels: string, width: number, height: number}} Copied base64 of a test image
 * @typedef {Stroke|Brought|Copied|{kind: "clear"}} Step
 */

export class Field {
  /**
   * @param {HTMLElement} root
   * @param {{drawing: function(), drawn: function()}} told drawing: while a stroke is under the hand; drawn: of each step
   */
  constructor(root, { drawing, drawn }) {
    this.told = { drawing, drawn };
    /** @type {Step[]} */
    this.steps = [];
    this.stroke = null; // the one under the hand
    this.prepared = new WeakMap(); // of each picture, what was found on it the last time
    this.find = (selector) => root.querySelector(selector);
    this.ink = this.find(".ink");
    this.context = this.ink.getContext("2d", { willReadFrequently: true });
    const { find, ink } = this;
    ink.onpointerdown = (event) => this.begin(event);
    ink.onpointermove = (event) => this.go(event);
    ink.onpointerup = ink.onpointercancel = (event) => this.end(event);
    find(".undo").onclick = () => this.undo();
    find(".clear").onclick = () => this.shape && this.image().some((value) => value > 0) && this.add({ kind: "clear" });
    root.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
      event.preventDefault();
      this.undo();
    });
    find(".file input").onchange = (event) => this.bring(event.target);
    find(".file input").onclick = () => setTimeout(rehearse, 100); // when the browser's own window for files is open
    find(".invert input").onchange = (event) => this.setPicture({ dark: event.target.checked, chosen: null });
    this.panel = new PicturePanel(find(".brought"), (change) => this.setPicture(change));
    find(".centre input").onchange = () => {
      this.redraw();
      this.drawn();
    };
  }

  /** @param {boolean} centred whether the run's own images are */
  open(run, centred) {
    this.shape = run.imageShape;
    this.centred = centred;
    const [rows, columns] = run.imageShape;
    const scale = FIELD / Math.max(rows, columns);
    this.ink.width = Math.round(columns * scale);
    this.ink.height = Math.round(rows * scale);
    this.centre = centred;
  }

  /** Whether what is drawn is centred and scaled as MNIST's digits are. */
  get centre() {
    return this.find(".centre input").checked;
  }

  set centre(wanted) {
    this.find(".centre input").checked = wanted;
  }

  /** What the model sees. @returns {Uint8Array} */
  image() {
    const { ink } = this;
    const { data } = this.context.getImageData(0, 0, ink.width, ink.height);
    const values = Uint8Array.from({ length: data.length / 4 }, (_, n) => data[4 * n]);
    const form = this.centre ? asMnist : asItIs;
    const image = form(values, ink.width, ink.height, this.shape, this.exactly);
    if (this.brought()) stretch(image);
    return image;
  }

  drawn() {
    this.find(".problem").textContent = ""; // of a picture that was brought before
    this.told.drawn();
  }

  // By hand -------------------------------------------------------------------------------------------------------

  at(event) {
    const box = this.ink.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * this.ink.width;
    const down = ((event.clientY - box.top) / box.height) * this.ink.height;
    return [Math.round(across * 2) / 2, Math.round(down * 2) / 2];
  }

  begin(event) {
    if (!this.shape || this.stroke || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    try {
      this.ink.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already, as after a tap under a busy machine; the stroke is a dot then.
    }
    const erase = this.find("[value=eraser]").checked;
    const [x, y] = this.at(event);
    this.stroke = { kind: "stroke", width: Number(this.find(".width input").value), erase, points: [x, y] };
    this.draw(this.stroke, x, y, x, y);
    this.told.drawing();
  }

  go(event) {
    if (!this.stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const [x, y] = this.at(one);
      const [fromX, fromY] = this.stroke.points.slice(-2);
      if (x === fromX && y === fromY) continue;
      this.stroke.points.push(x, y);
      this.draw(this.stroke, fromX, fromY, x, y);
    }
    this.told.drawing();
  }

  end(event) {
    if (!this.stroke || !event.isPrimary) return;
    this.steps.push(this.stroke);
    this.stroke = null;
    this.trim();
    this.drawn();
  }

  /** Every piece is drawn alone, so that a drawing drawn anew is the same to the last grey. */
  draw({ width, erase }, fromX, fromY, toX, toY) {
    const { context } = this;
    context.lineCap = "round";
    context.lineWidth = width;
    context.strokeStyle = erase ? "#000" : "#fff";
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  }

  // Step by step --------------------------------------------------------------------------------------------------

  /** @param {Step} step */
  add(step) {
    this.steps.push(step);
    this.trim();
    this.redraw();
    this.drawn();
  }

  undo() {
    if (!this.steps.pop()) return;
    this.redraw();
    this.drawn();
  }

  trim() {
    const pictures = () => this.steps.filter(({ kind }) => kind === "picture").length;
    while (this.steps.length > STEPS_KEPT || pictures() > PICTURES_KEPT) this.steps.shift();
  }

  redraw() {
    const { context, ink } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, ink.width, ink.height);
    this.exactly = false; // see asMnist
    const last = this.steps.findLastIndex(({ kind }) => kind !== "stroke");
    for (const step of this.steps.slice(Math.max(0, last))) {
      if (step.kind === "picture") this.layPicture(step);
      else if (step.kind === "image") this.layImage(step);
      else if (step.kind === "stroke") {
        const { points } = step;
        this.draw(step, points[0], points[1], points[0], points[1]);
        for (let i = 2; i < points.length; i += 2) this.draw(step, ...points.slice(i - 2, i + 2));
      }
    }
    const invert = this.find(".invert input");
    const brought = this.brought();
    disable(invert, brought ? "" : "This turns a picture that was brought, and there is none.");
    invert.checked = brought?.dark ?? false;
    if (!brought) this.panel.hide();
  }

  // A picture -----------------------------------------------------------------------------------------------------

  /** The picture that lies on the field, if one does. @returns {Brought|null} */
  brought() {
    const base = this.steps.findLast(({ kind }) => kind !== "stroke");
    return base?.kind === "picture" ? base : null;
  }

  /** A picture's digit, enlarged to most of the field where it will be centred anyway, else as it lies on its paper. */
  layPicture(picture) {
    const strokes = this.strokes(picture);
    const { figures, width, height } = strokes;
    const whole = Math.min(this.ink.width / width, this.ink.height / height);
    const { rows, columns } = { rows: this.ink.height, columns: this.ink.width };
    const { centre } = this;
    const match = !picture.without.includes("width") && !strokes.inverted;
    const drawn = figures.map((figure, place) => fitted(strokes, place, centre ? (200 / FIELD) * Math.min(rows, columns) : whole * figure.long, match));
    const chosen = picture.chosen ?? strokes.largest;
    const one = drawn[chosen];
    if (one) {
      this.exactly = !one.coarse;
      const canvas = make("canvas");
      new Picture(canvas, [one.height, one.width]).draw(one.ink, 1);
      const left = centre ? (columns - one.width) / 2 : one.left + (columns - width * whole) / 2;
      const top = centre ? (rows - one.height) / 2 : one.top + (rows - height * whole) / 2;
      this.context.globalCompositeOperation = "lighten"; // its margin may lie over the edge of another's
      this.context.drawImage(canvas, Math.round(left), Math.round(top));
      this.context.globalCompositeOperation = "source-over";
    }
    const thumbnails = drawn.map((digit) => asMnist(digit.ink, digit.width, digit.height, this.shape, !digit.coarse));
    this.panel.show(picture, this.greys(picture), strokes, { chosen, change: one ? one.after - one.before : 0, thumbnails, shape: this.shape });
  }

  greys({ source, width, height }) {
    return { source: fromBase64(source), width, height };
  }

  /** What is found on a picture, kept until it is read otherwise. */
  strokes(picture) {
    const way = wayOf(picture);
    let kept = this.prepared.get(picture);
    if (kept?.way !== way) {
      const steps = Object.fromEntries(STEPS.map((step) => [step, !picture.without.includes(step)]));
      kept = { way, strokes: strokesOf(this.greys(picture), picture.dark, steps) };
      this.prepared.set(picture, kept);
    }
    return kept.strokes;
  }

  /** A test image, in the middle of the field and as large as it takes. */
  layImage({ pixels, width, height }) {
    const canvas = make("canvas");
    new Picture(canvas, [height, width]).draw(fromBase64(pixels), 1);
    const scale = Math.min(this.ink.width / width, this.ink.height / height);
    const x = Math.round((this.ink.width - width * scale) / 2);
    const y = Math.round((this.ink.height - height * scale) / 2);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(canvas, x, y, Math.round(width * scale), Math.round(height * scale));
  }

  async bring(input) {
    const [file] = input.files;
    input.value = ""; // so that the same file can be brought again
    if (!file) return;
    const problem = this.find(".problem");
    problem.textContent = "";
    const label = this.find(".file");
    this.chosen = file;
    const isLast = () => this.chosen === file; // a small picture is read sooner than a large one that was chosen before
    label.setAttribute("aria-busy", "true");
    try {
      const { greys, strokes } = await readPicture(file);
      if (!isLast()) return;
      // What is not made of strokes has its greys, and no lines or specks.
      const without = this.centred ? [] : [...STEPS];
      const picture = { ...greys, kind: "picture", source: toBase64(greys.source), dark: strokes.dark, without, chosen: null };
      if (this.centred) this.prepared.set(picture, { way: wayOf(picture), strokes });
      this.add(picture);
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      if (isLast()) problem.textContent = error.message;
    } finally {
      if (isLast()) label.removeAttribute("aria-busy");
    }
  }

  /** Read the picture on the field otherwise. @param {Partial<Brought>} change */
  setPicture(change) {
    const brought = this.brought();
    if (!brought) return;
    Object.assign(brought, change);
    this.redraw();
    this.drawn();
  }

  /** Start from a test image. */
  copy(pixels) {
    const [height, width] = this.shape;
    this.add({ kind: "image", pixels: toBase64(pixels), width, height });
  }
}
