/** A hundred codes of one run and their decodes, one of which may be the cursor. */

import { bytesOf } from "../engine/bytes.js";
import { number } from "../engine/numbers.js";
import { Cursor } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";
import { Picture } from "../shared/pictures.js";
import { explain } from "../shared/terms.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Clock } from "../shared/clock.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { Settings } from "./settings.js" */

export const COLUMNS = 10;
const SLICE_MS = 10; // of a frame: nothing else moves on this page

/**
 * The noise of a seed.
 * @typedef {object} Noise
 * @property {number} seed
 * @property {string} noise (100, D) numbers, float32 in base64
 * @property {number[]} around places in the gallery, around which codes of the aggregate posterior are drawn
 */

/** @typedef {{root: HTMLElement, link: Link, clock: Clock, settings: Settings}} Place what all runs have in common */

export class Hundred {
  /** @param {Place} place @param {LiveRun} run @param {LiveData & Noise} data */
  constructor({ root, link, clock, settings }, run, data) {
    this.run = run;
    this.link = link;
    this.clock = clock;
    this.settings = settings;
    this.find = finder(root);
    this.cursor = new Cursor(run, data.cursor);
    /** @type {number|null} */
    this.revision = null;
    this.out = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".decoded", HTMLCanvasElement), run.imageShape);
    clock.open(run);
    const count = data.around.length;
    this.mosaic = new Mosaic(this.find(".tiles"), {
      columns: COLUMNS,
      slice: SLICE_MS,
      choose: (tile) => this.choose(tile),
    });
    this.mosaic.open(
      run,
      Array.from({ length: count }, (_, tile) => `Image ${tile + 1} of ${count}`),
    );
    this.codes = Array.from({ length: count }, () => new Float32Array(run.latentDim));
    this.noise = new Float32Array();
    this.noiseSeed = data.seed; // whose noise it is
    this.around = data.around;
    this.takeNoise(data);
    const usual = number(Math.sqrt(run.latentDim));
    explain(
      this.find(".norm-note"),
      `[‖z‖](#norm) is the code's distance from the [origin](#origin). [N(0, I)](#normal) in ${run.latentDim} dimensions ` +
        `has most of its codes near √${run.latentDim} = ${usual}.`,
    );
  }

  /** Another run takes its place. */
  close() {
    this.mosaic.close();
  }

  /** @param {Noise} sent */
  takeNoise({ seed, noise, around }) {
    this.noise = new Float32Array(bytesOf(noise).buffer); // row by row
    this.around = around;
    this.noiseSeed = seed;
    this.settings.takeSeed(seed);
    this.showSeed();
  }

  /** How anybody makes this noise. */
  showSeed() {
    const shape = `(${this.codes.length}, ${this.run.latentDim})`;
    this.find(".hundred > .note").textContent =
      `The noise ε is numpy.random.default_rng(${this.settings.seed}).standard_normal(${shape}): ` +
      "the same seed gives the same images.";
  }

  /** Everything that follows from noise, settings and epoch. */
  show() {
    const { epoch } = this.cursor;
    this.codes.forEach((code, tile) => {
      this.draw(code, tile, epoch);
    });
    this.settings.showTemperature();
    explain(this.find(".source-note"), this.sourceWords());
    this.mosaic.show(this.run.decoder(epoch), this.codes);
    this.clock.show(epoch);
    this.showCursor();
  }

  /** Give a code its values: the noise scaled, alone or around a test image's posterior. @param {Float32Array} code @param {number} tile @param {number} epoch */
  draw(code, tile, epoch) {
    const { run, noise, around } = this;
    const { source, temperature } = this.settings;
    for (let i = 0; i < code.length; i++) code[i] = temperature * noise[tile * code.length + i];
    if (source === "prior") return;
    const mean = run.mean(epoch, around[tile]);
    const logVariance = run.logVariance(epoch, around[tile]);
    for (let i = 0; i < code.length; i++) {
      code[i] = mean[i] + Math.exp(logVariance[i] / 2) * temperature * noise[tile * code.length + i];
    }
  }

  /** @returns {string} with marked words */
  sourceWords() {
    if (this.settings.source === "posterior") {
      return (
        "[Aggregate posterior](#aggregate-posterior): z = μ + temperature · σ · ε, with μ and [σ](#sigma) of a " +
        "[test image](#test-set)'s [posterior](#posterior) at this epoch, a random image in every tile (of the " +
        `${this.run.labels.length} that the app shows). After training this looks better than the [prior](#prior), because ` +
        "the decoder learned from such codes alone, and taken together they are not N(0, I): the prior also reaches into " +
        "the gaps between them."
      );
    }
    return (
      "[Prior](#prior): z = temperature · ε, with ε from [N(0, I)](#normal). At 0 every code is the [origin](#origin); " +
      "above 1 the codes lie farther out than those that the decoder learned from, the " +
      "[aggregate posterior](#aggregate-posterior)."
    );
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.show();
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  /** @param {number} tile */
  choose(tile) {
    const { source, temperature } = this.settings;
    const z = Array.from(this.codes[tile]);
    // On Traverse, "random" is said to be a draw from N(0, I).
    const kind = source === "prior" && temperature === 1 ? "random" : "code";
    this.cursor = new Cursor(this.run, { z, epoch: this.cursor.epoch, start: { kind, code: z }, keep: "code" });
    this.showCursor();
    this.tell();
  }

  tell() {
    this.cursor.tell(this.link);
  }

  showCursor() {
    const { z, epoch } = this.cursor;
    const tile = this.codes.findIndex((code) => this.cursor.isAt(code));
    this.mosaic.mark(tile);
    this.picture.draw(this.run.decoder(epoch).decode(z, this.out), 255);
    const title = tile >= 0 ? `Image ${tile + 1}, now the [cursor](#cursor)` : "The [cursor](#cursor)";
    explain(this.find(".chosen-title"), title);
    this.find(".norm").textContent = `‖z‖ = ${number(Math.hypot(...z))}`;
  }

  /** @returns {string} what the chosen image is */
  chosenWords() {
    return `${this.find(".chosen-title").textContent}, ${this.find(".norm").textContent}`;
  }
}
