/** What stands beside the map: the point that is pointed at, the selection, the legend, and how true the frame is. */

import { number } from "../engine/numbers.js";
import { classColour, shorten } from "../shared/classes.js";
import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Picture } from "../shared/pictures.js";
import { explain } from "../shared/terms.js";

const CODE_LIMIT = 3; // either way, of the bars of a code
const MOST_CHOSEN = 40; // images of a selection that are shown
const NEIGHBOURS = 15;

export const KIND_NAMES = {
  umap: "UMAP film",
  independent: "Independent UMAPs",
  pca_last: "PCA of the last epoch",
  pca_each: "PCA of each epoch",
};
export const KIND_NOTES = {
  umap: "A [UMAP](#umap) of each epoch that begins where the one before ended: a point stays near where it was as far as its neighbourhood stayed the same. Neighbours mean something; distances between clusters mean little, other than in a [PCA](#pca).",
  independent: "Each epoch laid out by [UMAP](#umap) alone, then turned to lie as near to the last as it goes. What jumps from frame to frame is chance, not learning.",
  pca_last: "[PCA](#pca): the two directions of greatest variance at the last epoch, for all epochs. Linear: distances are true, and much is hidden behind them.",
  pca_each: "[PCA](#pca): the two directions of greatest variance at each epoch, turned to lie as near to the last frame as they go. Linear.",
};

/** @returns {string} a number with its digits, a dash where there is none */
export const known = (value, digits = 1) => (Number.isFinite(value) ? number(value, digits) : "–");

/** A column of a picture and what it is. */
function captioned(picture, caption) {
  const figure = make("figure");
  const canvas = make("canvas", "", "", { role: "img" });
  const text = make("figcaption", "", caption);
  figure.append(canvas, text);
  return { figure, canvas, text, picture: new Picture(canvas, picture) };
}

/** Draw what an epoch's decoder makes of a code: nothing while its weights are on their way. */
function drawDecoded(picture, canvas, run, epoch, code) {
  if (run.has(epoch)) picture.draw(run.decoder(epoch).decode(code), 255);
  else canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

/** One point: its image, what the epoch's decoder makes of it, its code, its figures. */
export class PointPanel {
  constructor(section) {
    this.find = (selector) => section.querySelector(selector);
  }

  /** @param {object[]} sides the runs shown: {run, film, about} */
  open(sides) {
    this.sides = sides;
    const [{ film }] = sides;
    this.original = captioned(film.imageShape, "original");
    this.made = sides.map((side) => captioned(side.film.imageShape, ""));
    this.find(".pictures").replaceChildren(this.original.figure, ...this.made.map(({ figure }) => figure));
    this.active = film.about.order.slice(0, film.latentDim - film.about.passive);
    if (!this.active.length) this.active = film.about.order;
    this.bars = this.active.map(() => make("span"));
    this.find(".code").replaceChildren(...this.bars);
    this.out = new Float32Array(film.pixels);
  }

  /**
   * @param {number} point of the first film, −1 where only a code is known
   * @param {{title: string, codes: (Float32Array|null)[], epochs: number[], frames: number[], drawing: Uint8Array|null}} what
   *   by run: its code, epoch and frame; and the drawing if that is shown
   */
  show(point, { title, codes, epochs, frames, drawing }) {
    const [{ film }] = this.sides;
    const { class_names: names } = film.about;
    this.find("h2").textContent = title;
    if (point >= 0) shorten(this.find("h2"), names[film.labels[point]]);
    const original = point >= 0 ? film.image(point) : drawing;
    this.original.figure.hidden = !original;
    if (original) {
      this.original.picture.draw(original, 1);
      const whose = point >= 0 ? `Original, ${names[film.labels[point]]}` : "Your drawing, as the model sees it";
      this.original.canvas.setAttribute("aria-label", whose);
    }
    this.made.forEach(({ figure, picture, canvas, text }, side) => {
      const { run, about } = this.sides[side];
      figure.hidden = !codes[side];
      if (!codes[side]) return;
      drawDecoded(picture, canvas, run, epochs[side], codes[side]);
      const whose = this.sides.length > 1 ? `${about.name}, ` : "";
      const { name, at } = epochWords(about, epochs[side]);
      text.textContent = `${whose}${name}`;
      canvas.setAttribute("aria-label", `Decoded by ${about.name}${at}`);
    });
    const [frame] = frames;
    const value = (name) => (point >= 0 ? (film.values(name, frame)?.[point] ?? NaN) : NaN);
    const kept = value("kept");
    const measured = [["kl", "[KL](#kl)"], ["reconstruction", "[reconstruction](#reconstruction)"]].filter(([name]) => Number.isFinite(value(name)));
    const parts = measured.map(([name, word], place) => `${word} ${known(value(name))} ${place ? "nats" : "[nats](#nats)"}`);
    const among = Math.min(NEIGHBOURS, film.points) - 1;
    if (among > 0 && Number.isFinite(kept)) {
      parts.push(`kept ${Math.round(kept * among)} of ${among} neighbours since epoch ${film.epochs[frame - 1]}`);
    }
    const first = this.sides.length > 1 ? `${film.about.name}: ` : "";
    explain(this.find(".figures"), point >= 0 ? `${first}${parts.join(", ")}.` : "");
    const [code] = codes;
    this.bars.forEach((bar, place) => {
      const z = code[this.active[place]];
      bar.style.setProperty("--z", Math.min(1, Math.max(-1, z / CODE_LIMIT)));
      bar.title = `z${this.active[place]} ${number(z)}`;
    });
    const numbers = this.active.map((dimension) => `z${dimension} ${number(code[dimension])}`).join(", ");
    this.find(".code").setAttribute("aria-label", `Code: ${numbers}`);
    this.find(".code-note").textContent =
      `Its code${epochWords(film.about, film.epochs[frame]).at}, from −${CODE_LIMIT} to ${CODE_LIMIT}: ${this.active.map((dimension) => `z${dimension}`).join(", ")}.`;
  }

  /** @returns {HTMLCanvasElement} what a run's decoder made of it */
  decoded(side) {
    return this.made[side].canvas;
  }

  /** Say it to who does not see. */
  say(text) {
    this.find(".spoken").textContent = text;
  }
}

/** The images that a lasso went round. */
export class SelectionPanel {
  /** @param {{all: function(), clear: function(), take: function(), look: function(number), choose: function(number)}} listener */
  constructor(section, listener) {
    this.section = section;
    this.find = (selector) => section.querySelector(selector);
    this.listener = listener;
    this.find(".select-all").onclick = () => listener.all();
    this.find(".clear").onclick = () => listener.clear();
    this.find(".take").onclick = () => listener.take();
    const tiles = this.find(".chosen");
    tiles.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const buttons = [...tiles.querySelectorAll("button")];
      const next = buttons[buttons.findIndex((button) => button.matches(":focus")) + step];
      next?.focus();
    };
  }

  open(sides) {
    this.sides = sides;
    const [{ film }] = sides;
    this.image = captioned(film.imageShape, "mean image");
    this.decoded = sides.map(({ film: { imageShape } }) => captioned(imageShape, ""));
    this.find(".means").replaceChildren(this.image.figure, ...this.decoded.map(({ figure }) => figure));
  }

  /** @param {number[]} points of the first film */
  choose(points) {
    const [{ film }] = this.sides;
    const { class_names: names } = film.about;
    this.points = points;
    this.section.classList.toggle("empty", points.length === 0);
    const counts = names.map(() => 0);
    for (const point of points) counts[film.labels[point]]++;
    const order = Array.from(names.keys()).filter((label) => counts[label]).sort((a, b) => counts[b] - counts[a]);
    const most = order.slice(0, 4).map((label) => `${names[label]}\u00a0(${counts[label].toLocaleString("en")})`).join(", ");
    const more = order.length > 4 ? ` and ${order.length - 4} more` : "";
    const images = film.points.toLocaleString("en");
    this.find(".selected").textContent = points.length
      ? `${points.length.toLocaleString("en")} of ${images} test images. By class: ${most}${more}.`
      : "Draw round points with the lasso, or drag with Shift held, to see what they have in common.";
    shorten(this.find(".selected"), ...names);
    const mean = new Float32Array(film.pixels);
    for (const point of points) {
      const image = film.image(point);
      for (let i = 0; i < mean.length; i++) mean[i] += image[i];
    }
    this.image.picture.draw(mean.map((sum) => sum / Math.max(1, points.length)), 1);
    this.image.canvas.setAttribute("aria-label", `Mean of the ${points.length} selected images`);
    const step = Math.max(1, points.length / MOST_CHOSEN); // evenly, not the first
    const shown = Array.from({ length: Math.min(MOST_CHOSEN, points.length) }, (_, place) => points[Math.floor(place * step)]);
    const tiles = shown.map((point, place) => {
      const name = `Test image ${film.indices[point]}, class ${names[film.labels[point]]}`;
      const button = make("button", "", "", { type: "button", title: name, "aria-label": name, tabindex: place ? -1 : 0 });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, film.imageShape).draw(film.image(point), 1);
      button.append(canvas);
      button.onclick = () => this.listener.choose(point);
      button.onpointerenter = () => this.listener.look(point);
      button.onpointerleave = button.onblur = () => this.listener.look(-1);
      button.onfocus = () => {
        for (const other of tiles) other.tabIndex = other === button ? 0 : -1;
        this.listener.look(point);
      };
      return button;
    });
    this.find(".chosen").replaceChildren(...tiles);
  }

  /** The mean code of the selected images at a frame. @returns {Float32Array} */
  static meanCode(film, frame, points) {
    const sum = new Float64Array(film.latentDim);
    const code = new Float32Array(film.latentDim);
    for (const point of points) {
      film.mean(frame, point, code);
      for (let dimension = 0; dimension < sum.length; dimension++) sum[dimension] += code[dimension];
    }
    return Float32Array.from(sum, (value) => value / Math.max(1, points.length));
  }

  /** @param {number[]} epochs @param {number[]} frames by run */
  show(epochs, frames) {
    if (!this.points.length) return;
    this.decoded.forEach(({ picture, canvas, text }, side) => {
      const { run, film, about, pointOf } = this.sides[side];
      const points = side ? this.points.map(pointOf).filter((point) => point >= 0) : this.points;
      const code = SelectionPanel.meanCode(film, frames[side], points);
      drawDecoded(picture, canvas, run, epochs[side], code);
      const { name, at } = epochWords(about, epochs[side]);
      text.textContent = `mean code, ${this.sides.length > 1 ? about.name : name}`;
      canvas.setAttribute("aria-label", `Decode of their mean code${at}`);
    });
  }
}

/** Which classes are shown, and what the colours say. */
export class Legend {
  /** @param {{hid: function(Set<number>), look: function(number)}} listener look: at a class, −1 for none */
  constructor(section, listener) {
    this.section = section;
    this.find = (selector) => section.querySelector(selector);
    this.listener = listener;
    this.find(".show-all").onclick = () => {
      this.hide(new Set());
      this.buttons.find(Boolean)?.focus();
    };
  }

  open(film, hidden) {
    this.film = film;
    const { class_names: names } = film.about;
    const counts = names.map(() => 0);
    for (const label of film.labels) counts[label]++;
    this.buttons = names.map((name, label) => {
      if (!counts[label]) return null;
      const button = make("button", "class", "", {
        type: "button", title: "Hide or show. With Shift: show this class alone", "aria-label": `Class ${name}, ${counts[label]} images`,
      });
      const swatch = make("span", "swatch");
      swatch.style.background = classColour(label);
      button.append(swatch, make("span", "", name));
      shorten(button, name);
      button.onclick = (event) => this.toggle(label, event.shiftKey);
      button.onpointerenter = button.onfocus = () => this.listener.look(label);
      button.onpointerleave = button.onblur = () => this.listener.look(-1);
      return button;
    });
    this.find(".classes").replaceChildren(...this.buttons.filter(Boolean));
    this.hidden = new Set([...hidden].filter((label) => counts[label]));
    this.showHidden();
  }

  toggle(label, alone) {
    const others = Array.from(this.buttons.keys()).filter((other) => this.buttons[other] && other !== label);
    const isAlone = !this.hidden.has(label) && others.every((other) => this.hidden.has(other));
    if (alone) {
      this.hide(new Set(isAlone ? [] : others));
      return;
    }
    const hidden = new Set(this.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.hide(hidden);
  }

  hide(hidden) {
    this.hidden = hidden;
    this.showHidden();
    this.listener.hid(hidden);
  }

  showHidden() {
    this.buttons.forEach((button, label) => button?.setAttribute("aria-pressed", String(!this.hidden.has(label))));
    this.find(".show-all").hidden = this.hidden.size === 0;
  }

  /** @param {Scene} scene @param {{title: string, unit: string}} what the colours say */
  showColours(scene, { title, note }) {
    const byClass = scene.colourBy === "class";
    this.section.classList.toggle("by-value", !byClass);
    const scale = this.find(".scale");
    scale.hidden = byClass;
    explain(this.find(".scale-note"), note);
    if (byClass) return;
    const [least, most] = scene.film.range(scene.colourBy);
    const digits = most - least < 10 ? 2 : 0;
    this.find(".least").textContent = number(least, digits);
    this.find(".most").textContent = number(most, digits);
    this.find(".ramp").style.background = `linear-gradient(to right, ${scene.rampColours().join(", ")})`;
    scale.setAttribute("aria-label", `Colours: ${title}, from ${number(least, digits)} to ${number(most, digits)}`);
  }
}

const QUALITIES = ["trustworthiness", "continuity", "accuracy"];

/** How true a frame is, and how it moved, by the figures of the film. @param {boolean} named say of which run */
export function showQuality(section, film, kind, frame, named) {
  const find = (selector) => section.querySelector(selector);
  const { kinds } = film.about;
  const value = (of, name, place = frame) => kinds[of]?.[name]?.[place];
  const { at } = epochWords(film.about, film.epochs[frame]);
  find("h2").textContent = `How true the map ${named ? `of ${film.about.name} ` : ""}is${at}`;
  find(".this").textContent = KIND_NAMES[kind];
  const alone = kind === "independent";
  find(".own").hidden = alone;
  const rows = QUALITIES.map((name) => {
    const row = make("tr");
    row.append(make("th", "", `${name[0].toUpperCase()}${name.slice(1)}`, { scope: "row" }), make("td", "", known(value(kind, name), 3)));
    if (!alone) row.append(make("td", "", known(value("independent", name), 3)));
    return row;
  });
  find("tbody").replaceChildren(...rows);
  const step = value(kind, "step", frame - 1);
  const stray = value(kind, "spurious", frame - 1);
  const before = film.epochs[frame - 1];
  let text = "";
  if (frame === 0) text = "The first frame: nothing has moved yet.";
  else if (!Number.isFinite(step)) text = "How far it moved is not worked out yet.";
  else text = `Since epoch ${before} the median point moved ${number(step, 3)} [standard deviations](#sigma) of the positions` +
    (Number.isFinite(stray) ? `; ${number(stray, 3)} among those that kept their neighbours.` : ".");
  explain(find(".moves"), text);
}
