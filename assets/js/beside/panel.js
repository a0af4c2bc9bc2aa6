/** One of the runs that stand beside each other: its picture, what is said of it, and its sliders. */

import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Picture } from "../shared/pictures.js";
import { Rows } from "./rows.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Start } from "../engine/run.js" */
/** @import { Pairing } from "./pairing.js" */
/** @import { RowsListener } from "./rows.js" */

/**
 * A run among others. start: its own image, where it has not that of the others; said: what there is to see, "" for nothing.
 * @typedef {{run: LiveRun, name: string, pairing: Pairing, start: Start|null, said: string}} Side
 */

export class Panel {
  /** @param {Side} side @param {RowsListener} listener */
  constructor({ run, name, pairing, said }, listener) {
    this.run = run;
    this.name = name;
    this.element = make("section", "side", "", { "aria-label": `${run.about.weight}, ${name}` });
    this.canvas = make("canvas", "decoded", "", { role: "img" });
    this.picture = new Picture(this.canvas, run.imageShape);
    this.out = new Float32Array(run.pixels);
    this.where = make("p", "note where");
    this.where.append(make("span", "run-name", name), make("span", "at"));
    this.rows = new Rows(run, name, listener);
    const reason = make("p", "note reason", pairing.reason);
    this.element.append(make("h3", "", run.about.weight), this.where, this.canvas, make("p", "said", said), reason);
    this.element.append(this.rows.few, this.rows.more);
    /** At which it is. */
    this.epoch = run.last;
  }

  /** @param {ArrayLike<number>} code */
  draw(code) {
    this.picture.draw(this.run.decoder(this.epoch).decode(code, this.out), 255);
  }

  /** @param {number} epoch @param {number} asked by the clock, which may be another @param {boolean} coming whether its weights are on their way */
  showEpoch(epoch, asked, coming) {
    this.epoch = epoch;
    const { name } = epochWords(this.run.about, epoch);
    const why = coming ? `, until ${asked} is here` : epoch === asked ? "" : `, its nearest to ${asked}`;
    this.where.lastElementChild?.replaceChildren(`, ${name}${why}`);
    this.canvas.setAttribute("aria-label", `Decoded by ${this.name} at ${name}`);
    this.rows.showNames(epoch);
  }
}
