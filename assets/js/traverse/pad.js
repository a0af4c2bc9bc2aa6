/**
 * Two dimensions on a pad, dragged as one. For the keyboard it is two sliders: the arrow keys across move one, up and down
 * the other, and the focus goes with them, so that each value is spoken.
 */

import { number } from "../engine/numbers.js";
import { CLASS_COLOURS, classColour } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { enlarged } from "../shared/enlarged.js";
import { contextOf } from "../shared/pictures.js";
import { STEP } from "./spread.js";

/** @import { LiveRun } from "../engine/run.js" */

const PAD_LIMIT = 3; // either way: beyond lies one code in 370 of the prior
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] }; // which axis, and where to

/** @typedef {{input: HTMLInputElement, select: HTMLSelectElement, dimension: number}} Axis */

/**
 * @typedef {object} PadListener
 * @property {(changes: [number, number][], event: Event) => void} moved dimensions and their new values
 * @property {() => void} released
 * @property {() => void} chosen there are other dimensions on it
 */

/** @param {number} value */
const withinPad = (value) => Math.min(PAD_LIMIT, Math.max(-PAD_LIMIT, value));

/** @param {number} share of the pad's side @returns {number} the value there, as a slider has it */
const onPad = (share) => withinPad(Math.round(((2 * share - 1) * PAD_LIMIT) / STEP) * STEP);

export class Pad {
  /**
   * @param {HTMLElement} section @param {LiveRun} run @param {[number, number]} dimensions the two to begin with
   * @param {PadListener} listener
   */
  constructor(section, run, dimensions, listener) {
    this.run = run;
    this.listener = listener;
    const find = finder(section);
    this.box = find(".pad");
    this.canvas = find(".pad canvas", HTMLCanvasElement);
    this.context = contextOf(this.canvas);
    this.knob = find(".knob");
    this.value = find(".pad-value");
    this.names = [find(".pad-across"), find(".pad-up")];
    const [across, up] = dimensions;
    /** @type {Axis} */
    this.across = {
      input: find("input.across", HTMLInputElement),
      select: find("select.across", HTMLSelectElement),
      dimension: across,
    };
    /** @type {Axis} */
    this.up = {
      input: find("input.up", HTMLInputElement),
      select: find("select.up", HTMLSelectElement),
      dimension: up,
    };
    this.axes = [this.across, this.up];
    new ResizeObserver(() => {
      if (this.canvas.width !== this.size()) this.draw(this.epoch);
    }).observe(this.box);
    this.epoch = run.last; // whose data are shown
    this.shown = ""; // the value as a text
    this.moving = false; // whether a hand has moved it and not let go yet
    this.numerals = run.about.class_names.length <= CLASS_COLOURS.length;
    this.numerals &&= run.about.class_names.every((name) => name.length <= 2);
    section.hidden = run.latentDim < 2;
    for (const { select } of this.axes) {
      select.replaceChildren(...run.about.order.map((each) => make("option", "", `z${each}`, { value: each })));
    }
    const numerals = this.numerals ? "; a numeral stands at each class's median" : "";
    find(".pad-dots").textContent =
      `Dots: the means of ${run.labels.length} test images at this epoch, coloured by class${numerals}.`;
    this.closed = new AbortController();
    this.listen();
  }

  /** Another takes its place. */
  close() {
    this.closed.abort();
  }

  listen() {
    const { box } = this;
    let held = false;
    box.onpointerdown = (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // which would take the focus away again
      held = true;
      box.setPointerCapture(event.pointerId);
      this.across.input.focus({ preventScroll: true });
      this.drag(event);
    };
    box.onpointermove = (event) => {
      if (held) this.drag(event);
    };
    box.onpointerup = box.onpointercancel = () => {
      held = false;
      this.release();
    };
    box.onkeydown = (event) => this.press(event);
    box.onkeyup = () => this.release();
    box.addEventListener("focusout", () => this.release(), { signal: this.closed.signal });
    for (const axis of this.axes) {
      axis.input.oninput = (event) => this.move([[axis, Number(axis.input.value)]], event);
      axis.select.onchange = () => this.choose(axis, Number(axis.select.value));
    }
  }

  /** @param {Axis} axis @param {number} dimension */
  choose(axis, dimension) {
    const other = axis === this.across ? this.up : this.across;
    if (other.dimension === dimension) other.dimension = axis.dimension; // the two change places
    axis.dimension = dimension;
    this.draw(this.epoch);
    this.listener.chosen();
  }

  /** @returns {[number, number]} across and up */
  dimensions() {
    return [this.across.dimension, this.up.dimension];
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { left, top, width, height } = this.box.getBoundingClientRect();
    const across = onPad((event.clientX - left) / width);
    const up = onPad(1 - (event.clientY - top) / height);
    this.move(
      [
        [this.across, across],
        [this.up, up],
      ],
      event,
    );
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (!isArrow(event.key) || !this.axes.some(({ input }) => input === event.target)) return;
    event.preventDefault();
    const [which, sign] = KEYS[event.key];
    const axis = this.axes[which];
    axis.input.focus();
    this.move([[axis, withinPad(Number(axis.input.value) + sign * STEP * (event.shiftKey ? 10 : 1))]], event);
  }

  /** @param {[Axis, number][]} changes axes and their new values @param {Event} event */
  move(changes, event) {
    this.moving = true;
    for (const [axis, value] of changes) axis.input.value = String(value); // at once: the next key may come before the next frame
    this.listener.moved(
      changes.map(([{ dimension }, value]) => [dimension, value]),
      event,
    );
  }

  release() {
    if (!this.moving) return;
    this.moving = false;
    this.listener.released();
  }

  /** Put the knob where the code is. @param {ArrayLike<number>} z @param {(dimension: number) => string} spoken */
  show(z, spoken) {
    const { across, up } = this;
    const text = `z${across.dimension} ${number(z[across.dimension])}, z${up.dimension} ${number(z[up.dimension])}`;
    if (text === this.shown) return;
    this.shown = text;
    this.value.textContent = text;
    for (const { input, dimension } of this.axes) {
      if (Number(input.value) !== z[dimension]) input.value = String(withinPad(z[dimension]));
      input.setAttribute("aria-valuetext", spoken(dimension));
    }
    const [x, y] = this.axes.map(({ dimension }) => (withinPad(z[dimension]) + PAD_LIMIT) / (2 * PAD_LIMIT));
    this.knob.style.setProperty("--x", String(x));
    this.knob.style.setProperty("--y", String(1 - y));
  }

  /** Draw the data behind it, as they lie at an epoch. @param {number} epoch */
  draw(epoch) {
    this.epoch = epoch;
    this.axes.forEach(({ input, select, dimension }, which) => {
      select.value = String(dimension);
      const { meaning } = this.run;
      input.setAttribute("aria-label", `${meaning.called(epoch, dimension)} on the pad, ${which ? "up" : "across"}`);
      this.names[which].textContent = meaning.called(epoch, dimension);
      for (const option of select.options) option.text = meaning.called(epoch, Number(option.value));
    });
    const size = this.size();
    const { canvas, context } = this;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    context.clearRect(0, 0, size, size);
    /** @param {number} value */
    const place = (value) => ((value + PAD_LIMIT) / (2 * PAD_LIMIT)) * size;
    const { labels, about } = this.run;
    const letter = devicePixelRatio * enlarged();
    /** @type {[number, number][][]} by class */
    const classes = about.class_names.map(() => []);
    labels.forEach((label, position) => {
      const mean = this.run.mean(epoch, position);
      const [x, y] = [mean[this.across.dimension], mean[this.up.dimension]];
      classes[label]?.push([x, y]);
      context.fillStyle = classColour(label);
      context.beginPath();
      context.arc(place(x), place(-y), 2.5 * letter, 0, 2 * Math.PI);
      context.fill();
    });
    if (this.numerals) this.drawNumerals(classes, place);
  }

  /** Of the canvas, in its pixels. */
  size() {
    return Math.round(this.box.clientWidth * devicePixelRatio) || 260;
  }

  /** @param {[number, number][][]} classes the points of each @param {(value: number) => number} place of a value, in pixels */
  drawNumerals(classes, place) {
    const { context } = this;
    const letter = devicePixelRatio * enlarged();
    const { color, backgroundColor } = getComputedStyle(this.box);
    context.font = `700 ${13 * letter}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 4 * letter;
    context.lineJoin = "round";
    context.strokeStyle = backgroundColor;
    context.fillStyle = color;
    classes.forEach((points, label) => {
      if (points.length === 0) return;
      const [x, y] = [0, 1].map((axis) => middleOf(points.map((point) => point[axis])));
      const name = this.run.about.class_names[label];
      context.strokeText(name, place(x), place(-y));
      context.fillText(name, place(x), place(-y));
    });
  }
}

/** @param {string} key @returns {key is keyof typeof KEYS} */
const isArrow = (key) => key in KEYS;

/** @param {number[]} values */
function middleOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
