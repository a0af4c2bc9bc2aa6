/**
 * What the encoder leaves open of an image: the width of q(z|x) on every slider, and draws from it, decoded. Of a dimension
 * that carries nothing the draws go all over its slider, and the picture stays as it is.
 */

import { normalCode } from "../engine/numbers.js";
import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { explain } from "../shared/terms.js";

/** @import { Explorer } from "./explorer.js" */

const EVERY_MS = 125; // between two draws
const STILL = 12; // draws beside each other, for those who asked for less motion

/** @typedef {"none"|"all"|"passive"} Drawn in which dimensions */

export class Posterior {
  /** @param {HTMLElement} root @param {Explorer} explorer whose code it is about */
  constructor(root, explorer) {
    this.root = root;
    this.explorer = explorer;
    this.find = finder(root);
    /** @type {Drawn} */
    this.drawn = "none";
    this.place = -1; // of the image among the run's, −1 where the start is none
    this.frame = 0; // that is asked for, 0 for none
    this.last = 0; // when the draw before was
    this.code = new Float32Array(explorer.run.latentDim);
    this.out = new Float32Array(explorer.run.pixels);
    /** @type {number[][]} the noise of the draws that stand still */
    this.noise = [];
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    const { run } = explorer;
    this.canvases = Array.from({ length: STILL }, () => make("canvas"));
    this.pictures = this.canvases.map((canvas) => new Picture(canvas, run.imageShape));
    this.find(".drawn").replaceChildren(...this.canvases);
    for (const { row } of explorer.sliders.all) {
      const track = finder(row)(".track");
      track.prepend(make("span", "width", "", { "aria-hidden": "true" }));
      track.append(make("span", "draw", "", { "aria-hidden": "true" }));
    }
    for (const radio of radiosOf(root, "samples"))
      radio.onchange = () => {
        this.choose(/** @type {Drawn} */ (radio.value));
        explorer.remember();
      };
    this.choose("none");
  }

  /** Draw as it was left, where the start is an image. @param {string|undefined} drawn */
  restore(drawn) {
    const radio = Array.from(radiosOf(this.root, "samples")).find(({ value }) => value === drawn);
    if (radio && drawn !== "none" && this.place >= 0) this.choose(/** @type {Drawn} */ (radio.value));
  }

  /** Another run takes its place. */
  close() {
    this.choose("none");
  }

  /** The dimensions in which it draws. */
  dimensions() {
    const { order, passive } = this.explorer.run.about;
    return this.drawn === "all" ? order : order.slice(order.length - passive);
  }

  /** The start is another, or the epoch is: show the widths. */
  show() {
    const { explorer, root } = this;
    const { run, cursor, epoch } = explorer;
    this.place = run.place(cursor.start);
    const isImage = this.place >= 0;
    root.classList.toggle("with-posterior", isImage);
    const why = "The start is no image, so there is no q(z|x) to draw from. Press a class to start from one.";
    const none = run.about.passive ? "" : "Every dimension of this model carries something.";
    for (const radio of radiosOf(root, "samples")) {
      if (radio.value !== "none") disable(radio, isImage ? (radio.value === "passive" ? none : "") : why);
    }
    if (!isImage) {
      if (this.drawn !== "none") this.choose("none");
      return;
    }
    const mean = run.mean(epoch, this.place);
    const logVariance = run.logVariance(epoch, this.place);
    explorer.sliders.all.forEach(({ row }, dimension) => {
      const deviation = Math.exp(logVariance[dimension] / 2);
      row.style.setProperty("--below", explorer.sliders.along(mean[dimension] - deviation));
      row.style.setProperty("--above", explorer.sliders.along(mean[dimension] + deviation));
    });
    this.follow();
  }

  /** @param {Drawn} drawn */
  choose(drawn) {
    const { explorer, root } = this;
    const before = this.drawn;
    this.drawn = drawn;
    chooseRadio(root, "samples", drawn);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const on = drawn !== "none";
    const still = on && this.calm.matches;
    root.classList.toggle("drawing", on && !still);
    this.find(".drawn").hidden = !still;
    explain(this.find(".samples-note"), this.words(still));
    if (!on) {
      if (before !== "none") explorer.draw(); // the code itself, in place of the last draw
      return;
    }
    explorer.guide.tour.stop();
    if (explorer.run.about.passive) this.find(".passive", HTMLDetailsElement).open = true;
    this.noise = Array.from({ length: STILL }, () => normalCode(this.code.length));
    this.last = 0;
    if (still) this.follow();
    else this.frame = requestAnimationFrame((now) => this.advance(now));
  }

  /** @param {boolean} still */
  words(still) {
    const band =
      "The bar on each rail is μ ± [σ](#sigma) of this image’s [posterior](#posterior): narrow where the code tells much " +
      "of the image, as wide as the [prior](#prior) where it tells nothing.";
    if (this.drawn === "none") return band;
    const how = still ? `${STILL} draws, decoded beside each other.` : "Eight draws a second, each decoded.";
    if (this.drawn === "all")
      return `${how} What all of them have in common is what the code knows; what differs between them, the decoder has to guess.`;
    return `${how} Their values go all over the rails, and the picture stays as it is: the decoder has learned not to listen.`;
  }

  /** The code has changed: draws that stand still are drawn anew. */
  follow() {
    if (this.drawn === "none" || !this.calm.matches || this.place < 0) return;
    this.pictures.forEach((picture, position) => {
      this.draw(this.noise[position], picture);
    });
    const which = this.drawn === "all" ? "every dimension" : "the dimensions that carry nothing";
    this.find(".drawn").setAttribute("aria-label", `${STILL} pictures, decoded from draws in ${which}`);
  }

  /** @param {number} now */
  advance(now) {
    const { root, explorer } = this;
    if (!root.isConnected) {
      this.choose("none");
      return;
    }
    this.frame = requestAnimationFrame((next) => this.advance(next));
    if (now - this.last < EVERY_MS || explorer.guide.tour.playing) return;
    this.last = now;
    this.draw(normalCode(this.code.length), explorer.picture);
    explorer.sliders.all.forEach(({ row }, dimension) => {
      row.style.setProperty("--drawn", explorer.sliders.along(this.code[dimension]));
    });
  }

  /** @param {number[]} noise @param {Picture} picture */
  draw(noise, picture) {
    const { run, epoch, z } = this.explorer;
    const logVariance = run.logVariance(epoch, this.place);
    this.code.set(z);
    for (const dimension of this.dimensions()) {
      this.code[dimension] += Math.exp(logVariance[dimension] / 2) * noise[dimension];
    }
    picture.draw(run.decoder(epoch).decode(this.code, this.out), 255);
  }
}
