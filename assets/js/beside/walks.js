/** The same way between two images in every run: 16 steps of each, rows under each other, and one handle for all. */

import { STEPS, Walk } from "../engine/walk.js";
import { finder, make } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";

/** @import { Panel } from "./panel.js" */

const STEPS_MS = 8; // of a frame that all steps together may take

export class Walks {
  /** @param {HTMLElement} root @param {Panel[]} panels @param {{moved: (event: Event) => void, released: () => void}} listener */
  constructor(root, panels, listener) {
    const find = finder(root);
    this.panels = panels;
    this.handle = find(".share", HTMLInputElement);
    this.share = 0;
    this.codes = panels.map(({ run }) => new Float32Array(run.latentDim));
    this.handle.oninput = (event) => {
      this.share = Number(this.handle.value);
      this.mark();
      listener.moved(event);
    };
    this.handle.onchange = () => listener.released();
    const rows = panels.map(() => make("div", "steps"));
    this.mosaics = panels.map(({ run, name }, side) => {
      const mosaic = new Mosaic(rows[side], {
        columns: STEPS,
        slice: STEPS_MS / panels.length,
        choose: (step) => {
          this.setShare(step / (STEPS - 1));
          listener.moved(new Event("chosen"));
          listener.released();
        },
      });
      mosaic.open(
        run,
        Array.from({ length: STEPS }, (_, step) => `${name}: step ${step + 1} of ${STEPS}`),
      );
      return mosaic;
    });
    find(".walks").replaceChildren(
      ...panels.flatMap(({ run, name }, side) => [make("h3", "", `${run.about.weight}, ${name}`), rows[side]]),
    );
    /** @type {Walk[]} by side */
    this.walks = [];
  }

  /** @param {number} share of the way, 0 to 1 */
  setShare(share) {
    this.share = share;
    this.handle.value = String(share);
    this.mark();
  }

  mark() {
    this.handle.setAttribute("aria-valuetext", `${Math.round(100 * this.share)} % of the way`);
    for (const mosaic of this.mosaics) {
      const step = Math.round(this.share * (STEPS - 1));
      mosaic.mark(Math.abs(step / (STEPS - 1) - this.share) < 1e-6 ? step : -1);
    }
  }

  /** Lead each run from one code to another. @param {Float32Array[]} from by side @param {Float32Array[]} to */
  lead(from, to) {
    this.walks = from.map((start, side) => new Walk(start, to[side], "linear"));
    this.walks.forEach((walk, side) => {
      const { run, epoch } = this.panels[side];
      const steps = Array.from({ length: STEPS }, (_, step) =>
        walk.at(step / (STEPS - 1), new Float32Array(run.latentDim)),
      );
      this.mosaics[side].show(run.decoder(epoch), steps);
    });
  }

  /** @param {number} side @returns {Float32Array} its code where the handle is */
  at(side) {
    return this.walks[side].at(this.share, this.codes[side]);
  }

  close() {
    for (const mosaic of this.mosaics) mosaic.close();
  }
}
