/** Pictures with a line of words below them. */

import { make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";

/** @import { LiveRun } from "../engine/run.js" */

/** A picture and what it is. */
export class Captioned {
  /** @param {[number, number]} shape height and width @param {string} caption */
  constructor(shape, caption) {
    this.figure = make("figure");
    this.canvas = make("canvas", "", "", { role: "img" });
    this.text = make("figcaption", "", caption);
    this.figure.append(this.canvas, this.text);
    this.picture = new Picture(this.canvas, shape);
  }

  /** @param {string} caption @param {string} name for who does not see */
  say(caption, name) {
    this.text.textContent = caption;
    this.canvas.setAttribute("aria-label", name);
  }

  /**
   * Draw what an epoch's decoder makes of a code: nothing while its weights are on their way.
   * @param {LiveRun} run @param {number} epoch @param {ArrayLike<number>} code
   */
  decode(run, epoch, code) {
    if (run.has(epoch)) this.picture.draw(run.decoder(epoch).decode(code), 255);
    else this.picture.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
