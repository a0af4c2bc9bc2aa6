/** The cross-fade's steps, and how far each step of walk and cross-fade leads. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { STEPS, squaredDistance } from "../engine/walk.js";

/** @import { LiveRun } from "../engine/run.js" */

const REASON =
  ", because it goes by way of images that the decoder can draw, where the cross-fade shows both ends at once";

/** @param {ArrayLike<number>[]} images @returns {number[]} how far each is from the next */
const lengthsOf = (images) => images.slice(1).map((image, step) => Math.sqrt(squaredDistance(image, images[step])));

/** @param {number[]} lengths */
const total = (lengths) => lengths.reduce((sum, length) => sum + length, 0);

/** The bars of one track. */
class Bars {
  /** @param {HTMLElement} element @param {string} name of the track */
  constructor(element, name) {
    this.element = element;
    this.name = name;
    this.bars = Array.from({ length: STEPS - 1 }, () => {
      const bar = make("div", "bar");
      const value = make("span", "bar-value");
      bar.append(value, make("span", "bar-body"));
      return { bar, value };
    });
    element.replaceChildren(...this.bars.map(({ bar }) => bar));
  }

  /** @param {number[]} lengths @param {number} most that a bar shows */
  show(lengths, most) {
    lengths.forEach((length, step) => {
      const { bar, value } = this.bars[step];
      bar.style.setProperty("--share", String(length / most));
      value.textContent = number(length);
      bar.title = `Step ${step + 1} to ${step + 2}: ${number(length, 3)}`;
    });
    const all = lengths.map((length) => number(length)).join(", ");
    const label = `${this.name}, length of each step: ${all}; together ${number(total(lengths))}`;
    this.element.setAttribute("aria-label", label);
  }
}

export class Lengths {
  /** @param {HTMLElement} root @param {LiveRun} run */
  constructor(root, run) {
    this.find = finder(root);
    const canvases = Array.from({ length: STEPS }, () => make("canvas"));
    this.find(".fade-steps").replaceChildren(...canvases);
    this.fadeSteps = canvases.map((canvas) => new Picture(canvas, run.imageShape));
    this.walkBars = new Bars(this.find(".walk-bars"), "Latent walk");
    this.fadeBars = new Bars(this.find(".fade-bars"), "Cross-fade");
  }

  /** @param {Float32Array[]} walk its decoded steps */
  show(walk) {
    const [start, end] = [walk[0], walk[STEPS - 1]];
    const fade = walk.map((_, step) => start.map((value, i) => value + ((end[i] - value) * step) / (STEPS - 1)));
    fade.forEach((image, step) => {
      this.fadeSteps[step].draw(image, 255);
    });
    const [walked, faded] = [lengthsOf(walk), lengthsOf(fade)];
    const most = Math.max(...walked, ...faded) || 1;
    this.walkBars.show(walked, most);
    this.fadeBars.show(faded, most);
    const [way, straight] = [total(walked), total(faded)];
    this.find(".walk-length").textContent = `path length ${number(way)}`;
    this.find(".fade-length").textContent = `path length ${number(straight)}`;
    const times = way / straight;
    // Between ends that look alike, as all do before any training, there is nothing to compare.
    const longer =
      straight < 0.005 ? "" : ` The latent walk is ${number(times)} times as long${times < 1.05 ? "" : REASON}.`;
    this.find(".explain").textContent =
      "Bars: how far each image is from the next, as the root of the summed squared differences of their pixels, which go " +
      `from 0 to 1. Both walks begin and end at the same two decoded images, and the cross-fade is the straight line.${longer}`;
  }
}
