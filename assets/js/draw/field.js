/** The field of the Draw page: what is written on it, brought to it and taken back, and the image that the model sees of it. */

import { bytesOf, toBase64 } from "../engine/bytes.js";
import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { Picture, contextOf } from "../shared/pictures.js";
import { Pictures } from "./brought.js";
import { asForm, formOf, levelled, wordsOf } from "./form.js";
import { asItIs, asMnist, stretch } from "./mnist.js";
import { Pen } from "./pen.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Brought, Change } from "./brought.js" */
/** @import { Form } from "./form.js" */
/** @import { Stroke } from "../engine/ink.js" */

const FIELD = 280; // the longer side of the drawing field, in its own pixels
const STEPS_KEPT = 200;
// A picture is the one large step, up to 0.2 MB: what is remembered of a drawing goes to Python and back.
const PICTURES_KEPT = 3;

/**
 * @typedef {{kind: "image", pixels: string, width: number, height: number}} Copied pixels: base64 of a test image
 * @typedef {Stroke|Brought|Copied|{kind: "clear"}} Step
 */

export class Field {
  /**
   * @param {HTMLElement} root
   * @param {{drawing: () => void, drawn: () => void}} told drawing: while a stroke is under the hand; drawn: of each step
   */
  constructor(root, told) {
    const find = finder(root);
    this.told = told;
    /** @type {[number, number]} height and width of the model's images, 0 while there is none */
    this.shape = [0, 0];
    /** @type {Step[]} */
    this.steps = [];
    /** @type {Form|null} that of the run's images; null where they are centred as MNIST's are, or have none */
    this.form = null;
    this.exactly = false; // see asMnist
    this.ink = find(".ink", HTMLCanvasElement);
    this.context = contextOf(this.ink, { willReadFrequently: true });
    this.centring = find(".centre input", HTMLInputElement);
    this.rule = find(".centre span");
    this.measured = find(".measured");
    this.inverting = find(".invert input", HTMLInputElement);
    this.problem = find(".problem");
    this.pen = new Pen(root, this.ink, this.context, {
      drawing: () => told.drawing(),
      drawn: (stroke) => this.add(stroke),
    });
    this.pictures = new Pictures(root, {
      brought: (picture) => this.add(picture),
      changed: (change) => this.setPicture(change),
    });
    find(".undo").onclick = () => this.undo();
    find(".clear").onclick = () => this.image().some((value) => value > 0) && this.add({ kind: "clear" });
    root.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
      event.preventDefault();
      this.undo();
    });
    this.inverting.onchange = () => this.setPicture({ dark: this.inverting.checked, chosen: null });
    this.centring.onchange = () => {
      this.redraw();
      this.drawn();
    };
  }

  /** @param {LiveRun} run @param {boolean} centred whether its own images are */
  open(run, centred) {
    this.shape = run.imageShape;
    this.pen.ready = true;
    this.form = centred
      ? null
      : formOf(
          [...run.labels.keys()].map((position) => run.image(position)),
          this.shape,
        );
    this.pictures.open(centred, this.form);
    this.rule.textContent = this.form ? "Fit to what this run’s images are like" : "Centre and scale as MNIST was";
    this.measured.textContent = this.form ? wordsOf(this.form, this.shape) : "";
    const [rows, columns] = run.imageShape;
    const scale = FIELD / Math.max(rows, columns);
    this.ink.width = Math.round(columns * scale);
    this.ink.height = Math.round(rows * scale);
    this.centre = centred || this.form !== null;
  }

  /** Whether what is drawn is brought into the form of the run's images, or centred and scaled as MNIST's digits are. */
  get centre() {
    return this.centring.checked;
  }

  set centre(wanted) {
    this.centring.checked = wanted;
  }

  /** What the model sees. @returns {Uint8Array} */
  image() {
    const { ink } = this;
    const { data } = this.context.getImageData(0, 0, ink.width, ink.height);
    const values = Uint8Array.from({ length: data.length / 4 }, (_, n) => data[4 * n]);
    const form = this.centre && !this.isOwn() ? this.form : null;
    const image = form
      ? asForm(values, ink.width, ink.height, this.shape, form)
      : this.centre && !this.form
        ? asMnist(values, ink.width, ink.height, this.shape, this.exactly)
        : asItIs(values, ink.width, ink.height, this.shape);
    if (this.brought()) stretch(image);
    return form ? levelled(image, form) : image;
  }

  drawn() {
    this.problem.textContent = ""; // of a picture that was brought before
    this.told.drawn();
  }

  // Step by step --------------------------------------------------------------------------------------------------

  /** @param {Step} step a stroke is on the field already */
  add(step) {
    this.steps.push(step);
    const pictures = () => this.steps.filter(({ kind }) => kind === "picture").length;
    while (this.steps.length > STEPS_KEPT || pictures() > PICTURES_KEPT) this.steps.shift();
    if (step.kind !== "stroke") this.redraw();
    this.drawn();
  }

  undo() {
    if (!this.steps.pop()) return;
    this.redraw();
    this.drawn();
  }

  redraw() {
    const { context, ink } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, ink.width, ink.height);
    this.exactly = false;
    const last = this.steps.findLastIndex(({ kind }) => kind !== "stroke");
    for (const step of this.steps.slice(Math.max(0, last))) {
      if (step.kind === "picture") this.layPicture(step);
      else if (step.kind === "image") this.layImage(step);
      else if (step.kind === "stroke") this.pen.drawAgain(step);
    }
    const brought = this.brought();
    disable(this.inverting, brought ? "" : "This turns a picture that was brought, and there is none.");
    this.inverting.checked = brought?.dark ?? false;
    if (!brought) this.pictures.hide();
  }

  /** The picture that lies on the field, if one does. @returns {Brought|null} */
  brought() {
    const base = this.steps.findLast(({ kind }) => kind !== "stroke");
    return base?.kind === "picture" ? base : null;
  }

  /** Whether a test image lies on the field, which has the form of the run's images. */
  isOwn() {
    const base = this.steps.findLast(({ kind }) => kind !== "stroke");
    return base?.kind === "image" && base.height === this.shape[0] && base.width === this.shape[1];
  }

  /** Read the picture on the field otherwise. @param {Change} change */
  setPicture(change) {
    const brought = this.brought();
    if (!brought) return;
    Object.assign(brought, change);
    this.redraw();
    this.drawn();
  }

  /** @param {Brought} picture */
  layPicture(picture) {
    const { width, height } = this.ink;
    const laid = this.pictures.lay(picture, { width, height, centre: this.centre, shape: this.shape });
    if (!laid) return;
    this.exactly = laid.exactly;
    this.context.drawImage(laid.canvas, laid.left, laid.top);
  }

  /** A test image, in the middle of the field and as large as it takes. @param {Copied} image */
  layImage({ pixels, width, height }) {
    const canvas = make("canvas");
    new Picture(canvas, [height, width]).draw(bytesOf(pixels), 1);
    const scale = Math.min(this.ink.width / width, this.ink.height / height);
    const x = Math.round((this.ink.width - width * scale) / 2);
    const y = Math.round((this.ink.height - height * scale) / 2);
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(canvas, x, y, Math.round(width * scale), Math.round(height * scale));
  }

  /** Start from a test image. @param {Uint8Array} pixels */
  copy(pixels) {
    const [height, width] = this.shape;
    this.add({ kind: "image", pixels: toBase64(pixels), width, height });
  }
}
