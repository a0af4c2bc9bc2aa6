/** One point: its image, what the epoch's decoder makes of it, its code, its figures. */

import { number } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { explain } from "../shared/terms.js";
import { Captioned } from "./captioned.js";
import { activeDimensions } from "./choices.js";

/** @import { Film, Measure } from "../engine/film.js" */
/** @import { Sides } from "./sides.js" */

/**
 * What is shown of a point or a code: by side its code, epoch and frame; and the drawing if that is shown.
 * @typedef {{title: string, codes: (ArrayLike<number>|null)[], epochs: number[], frames: number[], drawing:
 *   Uint8Array|null}} Shown
 */

const CODE_LIMIT = 3; // either way, of the bars of a code

export class PointPanel {
  /** @param {HTMLElement} section @param {Sides} sides */
  constructor(section, sides) {
    const { first: film } = sides;
    this.find = finder(section);
    this.sides = sides;
    this.original = new Captioned(film.imageShape, "original");
    this.made = sides.all.map((side) => new Captioned(side.film.imageShape, ""));
    this.find(".pictures").replaceChildren(this.original.figure, ...this.made.map(({ figure }) => figure));
    const active = activeDimensions(film);
    this.active = active.length ? active : film.about.order;
    this.bars = this.active.map(() => make("span"));
    this.find(".code").replaceChildren(...this.bars);
  }

  /** @param {number} point of the first film, −1 where only a code is known @param {Shown} shown */
  show(point, { title, codes, epochs, frames, drawing }) {
    const { first: film } = this.sides;
    const [frame] = frames;
    const [code] = codes;
    this.find("h2").textContent = title;
    if (point >= 0) shorten(this.find("h2"), film.about.class_names[film.labels[point]]);
    this.showOriginal(point, drawing);
    for (const [place, made] of this.made.entries()) {
      const { run, about } = this.sides.all[place];
      const z = codes[place];
      made.figure.hidden = !z;
      if (!z) continue;
      made.decode(run, epochs[place], z);
      const whose = this.made.length > 1 ? `${about.name}, ` : "";
      const { name, at } = epochWords(about, epochs[place]);
      made.say(`${whose}${name}`, `Decoded by ${about.name}${at}`);
    }
    const whose = this.made.length > 1 ? `${film.about.name}: ` : "";
    explain(this.find(".figures"), point >= 0 ? `${whose}${figuresOf(film, point, frame)}.` : "");
    if (code) this.showCode(code, epochWords(film.about, film.epochs[frame]).at);
  }

  /** @param {number} point @param {Uint8Array|null} drawing */
  showOriginal(point, drawing) {
    const { first: film } = this.sides;
    const original = point >= 0 ? film.image(point) : drawing;
    this.original.figure.hidden = !original;
    if (!original) return;
    this.original.picture.draw(original, 1);
    const own = point >= 0 ? `Original, ${film.about.class_names[film.labels[point]]}` : "";
    this.original.canvas.setAttribute("aria-label", own || "Your drawing, as the model sees it");
  }

  /** @param {ArrayLike<number>} code @param {string} at which epoch, in words */
  showCode(code, at) {
    for (const [place, bar] of this.bars.entries()) {
      const z = code[this.active[place]];
      bar.style.setProperty("--z", String(Math.min(1, Math.max(-1, z / CODE_LIMIT))));
      bar.title = `z${this.active[place]} ${number(z)}`;
    }
    const numbers = this.active.map((dimension) => `z${dimension} ${number(code[dimension])}`).join(", ");
    const names = this.active.map((dimension) => `z${dimension}`).join(", ");
    this.find(".code").setAttribute("aria-label", `Code: ${numbers}`);
    this.find(".code-note").textContent = `Its code${at}, from −${CODE_LIMIT} to ${CODE_LIMIT}: ${names}.`;
  }

  /** @param {number} place @returns {HTMLCanvasElement} what that run's decoder made of it */
  decoded(place) {
    return this.made[place].canvas;
  }

  /** Say it to who does not see. @param {string} text */
  say(text) {
    this.find(".spoken").textContent = text;
  }
}

/** What was measured of an image, as far as it is known. @param {Film} film @param {number} point @param {number} frame */
function figuresOf(film, point, frame) {
  /** @param {Measure} name */
  const value = (name) => film.values(name, frame)?.[point] ?? NaN;
  /** @type {[Measure, string][]} */
  const costs = [
    ["kl", "[KL](#kl)"],
    ["reconstruction", "[reconstruction](#reconstruction)"],
  ];
  const parts = costs
    .filter(([name]) => Number.isFinite(value(name)))
    .map(([name, word], place) => `${word} ${number(value(name), 1)} ${place ? "nats" : "[nats](#nats)"}`);
  const among = Math.min(film.about.neighbours, film.points) - 1;
  const kept = value("kept");
  if (among > 0 && Number.isFinite(kept)) {
    const before = film.epochs[frame - 1];
    parts.push(`kept ${Math.round(kept * among)} of ${among} neighbours since epoch ${before}`);
  }
  return parts.join(", ");
}
