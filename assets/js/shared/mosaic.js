import { make } from "./elements.js";
import { Picture } from "./pictures.js";

/**
 * Decoded images on buttons, in rows: one stop for the Tab key, and the arrow keys within. They are decoded in the frames
 * to come, a few milliseconds each, and in turn, so that none of them waits for as long as a hand changes the codes.
 */
export class Mosaic {
  /**
   * @param {HTMLElement} container filled here
   * @param {{columns: number, slice?: number, choose: function(number), look?: function(number)}} options
   *   slice: milliseconds of a frame that it may take; choose: a tile was pressed; look: one is pointed at or focused
   */
  constructor(container, { columns, slice = 5, choose, look }) {
    Object.assign(this, { container, columns, slice, choose, look, frame: 0, left: 0, next: 0, stop: 0 });
    container.classList.add("mosaic");
    container.style.setProperty("--columns", columns);
    container.onkeydown = (event) => this.move(event);
  }

  /** @param {string[]} names what each tile is called */
  open(run, names) {
    this.run = run;
    this.left = this.next = 0;
    this.images = names.map(() => new Float32Array(run.pixels));
    this.pictures = [];
    this.buttons = names.map((name, position) => {
      const button = make("button", "cell", "", { type: "button", "aria-label": name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      this.pictures.push(new Picture(canvas, run.imageShape));
      button.append(canvas);
      button.onclick = () => this.choose(position);
      if (this.look) button.onpointerenter = () => this.look(position);
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

  /** Draw these codes, as a network decodes them. @param {ArrayLike<number>[]} codes @param {function()} [done] all are drawn */
  show(decoder, codes, done) {
    Object.assign(this, { decoder, codes, done, left: codes.length });
    this.container.setAttribute("aria-busy", "true");
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw(slice = this.slice) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const end = performance.now() + slice;
    while (this.left > 0) {
      const position = this.next;
      this.next = (position + 1) % this.codes.length;
      this.left--;
      this.pictures[position].draw(this.decoder.decode(this.codes[position], this.images[position]), 255);
      if (performance.now() > end) break;
    }
    if (this.left > 0) {
      this.frame = requestAnimationFrame(() => this.draw());
    } else {
      this.container.removeAttribute("aria-busy");
      this.done?.();
    }
  }

  /** @returns {Float32Array[]} the images of all codes, without waiting for those that are still to be drawn */
  finished() {
    if (this.left > 0) this.draw(Infinity);
    return this.images;
  }

  /** Show which tile is the chosen one, −1 for none. */
  mark(position) {
    this.buttons.forEach((button, at) => {
      if (at === position) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    if (position >= 0) this.stopAt(position);
  }

  stopAt(position) {
    this.stop = position;
    this.buttons.forEach((button, at) => (button.tabIndex = at === position ? 0 : -1));
  }

  move(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns }[event.key];
    if (!step) return;
    event.preventDefault();
    this.buttons[this.stop + step]?.focus();
  }
}
