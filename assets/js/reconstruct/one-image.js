/**
 * One image beside its reconstruction, with its figures: that which is pointed at, or that from which the cursor set out.
 */

import { floorNats } from "../engine/bound.js";
import { shorten } from "../shared/classes.js";
import { finder } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Picture } from "../shared/pictures.js";
import { explain } from "../shared/terms.js";
import { nats } from "./batch.js";

/** @import { Cursor } from "../shared/cursor.js" */
/** @import { Batch, Made } from "./batch.js" */

/**
 * What is shown.
 * @typedef {{name: string, image: Uint8Array, mean: Float32Array, made: Made, own: boolean}} Shown own: the cursor set
 *   out from it
 */

export class OneImage {
  /** @param {HTMLElement} root @param {Batch} batch */
  constructor(root, batch) {
    this.find = finder(root);
    this.batch = batch;
    this.original = new Picture(this.find(".one-original", HTMLCanvasElement), batch.run.imageShape);
    this.decoded = new Picture(this.find(".one-decoded", HTMLCanvasElement), batch.run.imageShape);
    /** @type {{key: string, made: Made}|null} of an image that is not in the sheet */
    this.last = null;
  }

  /**
   * @param {number} epoch @param {Cursor} cursor
   * @param {number} n the image of the sheet, −1 for one that need not be in it
   */
  show(epoch, cursor, n) {
    const { batch, find } = this;
    if (n >= 0 && !batch.known(epoch, n)) return; // it follows in one of the next frames
    const shown = n >= 0 ? this.ofSheet(epoch, cursor, n) : this.ofRun(epoch, cursor);
    find(".one").classList.toggle("none", !shown);
    if (!shown) {
      explain(find(".detail"), "The [cursor](#cursor) set out from no image.");
      return;
    }
    const { name, image, mean, made, own } = shown;
    const { about } = batch.run;
    this.original.draw(image, 1);
    this.decoded.draw(made.picture, 255);
    const called = epochWords(about, epoch);
    find(".one-original").setAttribute("aria-label", `Original: ${name[0].toLowerCase()}${name.slice(1)}`);
    find(".one-decoded").setAttribute("aria-label", `Its reconstruction${called.at}`);
    find(".one-epoch").textContent = called.name;
    const whose = cursor.isAt(mean) ? " It is the [cursor](#cursor)." : " The [cursor](#cursor) set out from it.";
    explain(find(".detail"), this.sentence(name, image, made) + (own ? whose : ""));
    shorten(find(".detail"), ...about.class_names);
  }

  /** @param {number} epoch @param {Cursor} cursor @param {number} n @returns {Shown} */
  ofSheet(epoch, cursor, n) {
    const { batch } = this;
    const own = n === batch.positionOf(cursor.start);
    const mean = batch.mean(epoch, n);
    return { name: batch.nameOf(n), image: batch.image(n), mean, made: batch.make(epoch, n), own };
  }

  /** @param {number} epoch @param {Cursor} cursor @returns {Shown|null} the image that it set out from, if it is one */
  ofRun(epoch, { start }) {
    const { run } = this.batch;
    const place = run.place(start);
    if (place < 0) return null;
    const test = `Test image ${start.index}, class ${run.about.class_names[run.label(place)]}`;
    const [image, mean] = [run.image(place), run.mean(epoch, place)];
    const key = `${place} ${epoch}`;
    if (this.last?.key !== key) {
      this.last = { key, made: this.batch.decode(epoch, image, mean, run.logVariance(epoch, place)) };
    }
    const name = start.kind === "drawing" ? "Your drawing" : test;
    return { name, image, mean, made: this.last.made, own: true };
  }

  /** @param {string} name @param {Uint8Array} image @param {Made} made */
  sentence(name, image, { reconstruction, kl }) {
    const floor = this.batch.logSigma ? null : floorNats(image);
    const least = floor === null ? "" : `, ${nats(reconstruction - floor)} above the [floor](#floor) of ${nats(floor)}`;
    return `${name}: reconstruction ${nats(reconstruction)} nats${least}; KL ${nats(kl)} nats.`;
  }
}
