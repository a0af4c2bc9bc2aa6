/** What is told about the present code around its picture: in the frames to come, so that the hand is never kept waiting. */

import { number } from "../engine/numbers.js";
import { finder } from "../shared/elements.js";
import { explain } from "../shared/terms.js";
import { Heat } from "./heat.js";

/** @import { Explorer } from "./explorer.js" */

const SLICE_MS = 5; // of a frame's 16 ms, what the strip may take; the picture comes first
const WORDS_MS = 200; // between two texts about a picture that moves

export class Surroundings {
  /** @param {HTMLElement} root @param {Explorer} explorer whose code it is */
  constructor(root, explorer) {
    this.explorer = explorer;
    const find = finder(root);
    this.sign = find(".sign");
    this.signText = find(".sign-text");
    this.distance = find(".distance");
    this.heat = new Heat(find(".heat", HTMLCanvasElement), explorer.run);
    this.heatText = find(".heat-text");
    this.frame = 0; // that is asked for, 0 for none
    this.due = false; // whether sign, pad and heat are to be shown anew
    this.moved = false; // whether the code is another than that of the last heat image
    this.worded = 0; // when texts were written last
  }

  /** The code has changed. */
  follow() {
    this.due = this.moved = true;
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** No text may wait to speak of what is shown now. */
  speak() {
    this.worded = 0;
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  draw() {
    const { run, epoch, z, sliders, pad, strip } = this.explorer;
    this.frame = 0;
    const end = performance.now() + SLICE_MS;
    if (this.due) {
      if (sliders.showData(epoch) && pad.epoch !== epoch) pad.draw(epoch);
      this.showSign();
      pad.show(z, (dimension) => sliders.spoken(dimension));
      const drawn = this.showHeat();
      this.due = !drawn || this.moved;
      if (drawn && this.inWords()) this.worded = performance.now(); // else those of the heat image might never be due
    }
    const whole = strip.draw(run.decoder(epoch), z, end);
    if (!whole || this.due) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Whether the code is where the data are, in words. */
  showSign() {
    const { run, spread, epoch, z } = this.explorer;
    const outside = run.about.order.filter((dimension) => spread.isOutside(epoch, dimension, z[dimension]));
    const distance = spread.distance(epoch, z);
    const limit = spread.limit(epoch);
    const names = outside
      .slice(0, 3)
      .map((dimension) => `z${dimension}`)
      .join(", ");
    const more = outside.length > 3 ? ` and ${outside.length - 3} more` : "";
    let text = "Within the data";
    if (outside.length) text = `Outside the data: ${names}${more}`;
    else if (distance > limit) text = "Outside the data as a whole";
    this.sign.classList.toggle("outside", outside.length > 0 || distance > limit);
    if (this.signText.textContent !== text) this.signText.textContent = text;
    if (!this.inWords()) return;
    const [far, most] = [number(distance, 1), number(limit, 1)];
    explain(this.distance, `${far} [σ](#mahalanobis) from the middle; 99 % are within ${most}`);
  }

  /** @returns {boolean} whether it is drawn; it takes two frames, a decode in each */
  showHeat() {
    const { run, epoch, z, dimension } = this.explorer;
    const drawn = this.heat.step(run.decoder(epoch), z, dimension);
    if (!drawn) {
      this.moved = false; // what it has begun to draw is the present code
      return false;
    }
    if (this.inWords()) {
      const text = this.heat.text();
      this.heat.canvas.setAttribute("aria-label", text);
      this.heatText.textContent = text;
    }
    return true;
  }

  /** @returns {boolean} whether to write again what is drawn: nobody reads a text that changes sixty times a second */
  inWords() {
    return !this.moved || performance.now() - this.worded > WORDS_MS;
  }
}
