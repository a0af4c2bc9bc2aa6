/** Many decoded images at once. */

import { make } from "./elements.js";
import { Picture } from "./pictures.js";

/** @import { Decoder } from "../engine/networks.js" */
/** @import { LiveRun } from "../engine/run.js" */

/**
 * Decoded images on buttons, in rows: one stop for the Tab key, and the arrow keys within. They are decoded in the frames
 * to come, a few milliseconds each, and in turn, so that none of them waits for as long as a hand changes the codes.
 */
export class Mosaic {
  /**
   * @param {HTMLElement} container filled here
   * @param {{columns: number, slice?: number, choose: (tile: number) => void,
   *   look?: (tile: number) => void}} options
   *   slice: milliseconds of a frame that it may take; choose: a tile was pressed; look: one is pointed at or focused
   */
  constructor(container, { columns, slice = 5, choose, look }) {
    this.container = container;
    this.columns = columns;
    this.slice = slice;
    this.choose = choose;
    this.look = look;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    /** @type {Picture[]} */
    this.pictures = [];
    /** @type {Float32Array[]} */
    this.images = [];
    /** @type {{decoder: Decoder, codes: ArrayLike<number>[], done?: () => void}|null} */
    this.shown = null;
    this.frame = 0; // that is asked for, 0 for none
    this.left = 0; // how many are still to be drawn
    this.next = 0; // the first of them
    this.stop = 0; // the tile that the Tab key reaches
    container.classList.add("mosaic");
    container.style.setProperty("--columns", String(columns));
    container.onkeydown = (event) => this.move(event);
  }

  /** @param {LiveRun} run @param {string[]} names what each tile is called */
  open(run, names) {
    this.left = this.next = 0;
    this.images = names.map(() => new Float32Array(run.pixels));
    this.pictures = [];
    this.buttons = names.map((name, position) => {
      const button = make("button", "cell", "", { type: "button", "aria-label": name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      this.pictures.push(new Picture(canvas, run.imageShape));
      button.append(canvas);
      button.onclick = () => this.choose(position);
      button.onpointerenter = () => this.look?.(position);
      button.onfocus = () => {
        this.stopAt(position);
        this.look?.(position);
      };
      return button;
    });
    this.container.replaceChildren(...this.buttons);
    this.mark(-1);
    this.stopAt(0);
  }

  /**
   * Draw these codes, as a network decodes them.
   * @param {Decoder} decoder @param {ArrayLike<number>[]} codes @param {() => void} [done] all are drawn
   */
  show(decoder, codes, done) {
    this.shown = { decoder, codes, done };
    this.left = codes.length;
    this.container.setAttribute("aria-busy", "true");
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw(slice = this.slice) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.shown) return;
    const { decoder, codes, done } = this.shown;
    const end = performance.now() + slice;
    while (this.left > 0) {
      const position = this.next;
      this.next = (position + 1) % codes.length;
      this.left--;
      this.pictures[position].draw(decoder.decode(codes[position], this.images[position]), 255);
      if (performance.now() > end) break;
    }
    if (this.left > 0) {
      this.frame = requestAnimationFrame(() => this.draw());
    } else {
      this.container.removeAttribute("aria-busy");
      done?.();
    }
  }

  /** Another takes its place: nothing more is drawn. */
  close() {
    cancelAnimationFrame(this.frame);
    this.frame = this.left = 0;
  }

  /** @returns {Float32Array[]} the images of all codes, without waiting for those that are still to be drawn */
  finished() {
    if (this.left > 0) this.draw(Infinity);
    return this.images;
  }

  /** Show which tile is the chosen one, −1 for none. @param {number} position */
  mark(position) {
    this.buttons.forEach((button, at) => {
      if (at === position) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    if (position >= 0) this.stopAt(position);
  }

  /** @param {number} position of the tile that the Tab key reaches */
  stopAt(position) {
    this.stop = position;
    for (const [at, button] of this.buttons.entries()) button.tabIndex = at === position ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    this.buttons[this.stop + step]?.focus();
  }
}
