/**
 * Two dimensions on a pad, dragged as one. For the keyboard it is two sliders: the arrow keys across move one, up and down
 * the other, and the focus goes with them, so that each value is spoken.
 */

import { number } from "../engine/numbers.js";
import { CLASS_COLOURS, classColour } from "../shared/classes.js";
import { make } from "../shared/elements.js";
import { STEP } from "./data.js";

const PAD_LIMIT = 3; // either way: beyond lies one code in 370 of the prior

export class Pad {
  /** @param {HTMLElement} section @param {{moved: function(Event), released: function(), chosen: function()}} listener */
  constructor(section, listener) {
    this.section = section;
    this.listener = listener;
    this.box = section.querySelector(".pad");
    this.canvas = this.box.querySelector("canvas");
    this.knob = this.box.querySelector(".knob");
    this.axes = ["across", "up"].map((name) => ({
      input: this.box.querySelector(`input.${name}`),
      select: section.querySelector(`select.${name}`),
      dimension: 0,
    }));
    this.listen();
  }

  listen() {
    const { box } = this;
    let held = false;
    box.onpointerdown = (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // which would take the focus away again
      held = true;
      box.setPointerCapture(event.pointerId);
      this.axes[0].input.focus({ preventScroll: true });
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
    box.addEventListener("focusout", () => this.release());
    for (const axis of this.axes) {
      axis.input.oninput = (event) => this.move([[axis, Number(axis.input.value)]], event);
      axis.select.onchange = () => {
        const other = this.axes.find((each) => each !== axis);
        const chosen = Number(axis.select.value);
        if (other.dimension === chosen) other.dimension = axis.dimension; // the two change places
        axis.dimension = chosen;
        this.draw();
        this.listener.chosen();
      };
    }
  }

  /** @param {number[]} dimensions the two to begin with */
  open(run, dimensions) {
    this.run = run;
    this.section.hidden = run.latentDim < 2;
    const [first, second] = dimensions;
    this.axes[0].dimension = first;
    this.axes[1].dimension = second ?? first;
    for (const { select } of this.axes) {
      const option = (dimension) => make("option", "", `z${dimension}`, { value: dimension });
      select.replaceChildren(...run.about.order.map(option));
    }
    const count = run.labels.length;
    const numerals = this.numerals() ? "; a numeral stands at each class's median" : "";
    this.section.querySelector(".pad-dots").textContent =
      `Dots: the means of ${count} test images at this epoch, coloured by class${numerals}.`;
  }

  /** @returns {number[]} across and up */
  dimensions() {
    return this.axes.map(({ dimension }) => dimension);
  }

  numerals() {
    const { class_names: names } = this.run.about;
    return names.length <= CLASS_COLOURS.length && names.every((name) => name.length <= 2);
  }

  drag(event) {
    const { left, top, width, height } = this.box.getBoundingClientRect();
    const along = (share) => withinPad(Math.round(((2 * share - 1) * PAD_LIMIT) / STEP) * STEP);
    const [across, up] = this.axes;
    this.move([[across, along((event.clientX - left) / width)], [up, along(1 - (event.clientY - top) / height)]], event);
  }

  press(event) {
    const arrows = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] };
    if (!(event.key in arrows) || !this.axes.some(({ input }) => input === event.target)) return;
    event.preventDefault();
    const [which, sign] = arrows[event.key];
    const axis = this.axes[which];
    axis.input.focus();
    this.move([[axis, withinPad(Number(axis.input.value) + sign * STEP * (event.shiftKey ? 10 : 1))]], event);
  }

  /** @param {[object, number][]} changes axes and their new values */
  move(changes, event) {
    this.moving = true;
    for (const [axis, value] of changes) axis.input.value = value; // at once: the next key may come before the next frame
    this.listener.moved(changes.map(([{ dimension }, value]) => [dimension, value]), event);
  }

  release() {
    if (!this.moving) return;
    this.moving = false;
    this.listener.released();
  }

  /** Put the knob where the code is. */
  show(z, spoken) {
    const [across, up] = this.axes;
    const text = `z${across.dimension} ${number(z[across.dimension])}, z${up.dimension} ${number(z[up.dimension])}`;
    if (text === this.shown) return;
    this.shown = text;
    this.section.querySelector(".pad-value").textContent = text;
    this.axes.forEach(({ input, dimension }) => {
      if (Number(input.value) !== z[dimension]) input.value = withinPad(z[dimension]);
      input.setAttribute("aria-valuetext", spoken(dimension));
    });
    const [x, y] = this.axes.map(({ dimension }) => (withinPad(z[dimension]) + PAD_LIMIT) / (2 * PAD_LIMIT));
    this.knob.style.setProperty("--x", x);
    this.knob.style.setProperty("--y", 1 - y);
  }

  /** Draw the data behind it, as they lie at this epoch. */
  draw(epoch = this.epoch) {
    this.epoch = epoch;
    const [across, up] = this.axes;
    this.axes.forEach(({ input, select, dimension }) => {
      select.value = dimension;
      input.setAttribute("aria-label", `z${dimension} on the pad, ${input.classList.contains("up") ? "up" : "across"}`);
    });
    this.section.querySelector(".pad-across").textContent = `z${across.dimension}`;
    this.section.querySelector(".pad-up").textContent = `z${up.dimension}`;
    const size = Math.round(this.box.clientWidth * devicePixelRatio) || 260;
    if (this.canvas.width !== size) this.canvas.width = this.canvas.height = size;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, size, size);
    const place = (value) => ((value + PAD_LIMIT) / (2 * PAD_LIMIT)) * size;
    const { labels, about } = this.run;
    const classes = about.class_names.map(() => []);
    labels.forEach((label, position) => {
      const mean = this.run.mean(epoch, position);
      const [x, y] = [mean[across.dimension], mean[up.dimension]];
      classes[label]?.push([x, y]);
      context.fillStyle = classColour(label);
      context.beginPath();
      context.arc(place(x), place(-y), 2.5 * devicePixelRatio, 0, 2 * Math.PI);
      context.fill();
    });
    if (!this.numerals()) return;
    const { color, backgroundColor } = getComputedStyle(this.box);
    context.font = `700 ${13 * devicePixelRatio}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 4 * devicePixelRatio;
    context.lineJoin = "round";
    context.strokeStyle = backgroundColor;
    context.fillStyle = color;
    classes.forEach((points, label) => {
      if (points.length === 0) return;
      const [x, y] = [0, 1].map((axis) => middleOf(points.map((point) => point[axis])));
      context.strokeText(about.class_names[label], place(x), place(-y));
      context.fillText(about.class_names[label], place(x), place(-y));
    });
  }
}

const withinPad = (value) => Math.min(PAD_LIMIT, Math.max(-PAD_LIMIT, value));

function middleOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
