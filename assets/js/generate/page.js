/**
 * Generate: a hundred random codes and their decodes.
 *
 * The noise comes from Python, where a seed repeats it; temperature, distribution and epoch are applied here, at once.
 */

import { bytesOf } from "../engine/bytes.js";
import { number } from "../engine/numbers.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Link, leadsTo } from "../shared/link.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { Mosaic } from "../shared/mosaic.js";
import { Picture } from "../shared/pictures.js";
import { heading, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";

const COLUMNS = 10;
const SLICE_MS = 10; // of a frame: nothing else moves on this page
const SEEDS = 2 ** 31;

class Generate {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.cursor = null;
    this.revision = null;
    this.source = "prior";
    this.temperature = 1;
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.listen();
  }

  listen() {
    const { root, find } = this;
    this.clock = new Clock(find(".clock"), {
      moved: (epoch) => this.setEpoch(epoch),
      released: () => this.cursor.tell(this.link),
    });
    this.seedInput = find(".seed");
    this.slider = find(".temperature");
    this.mosaic = new Mosaic(find(".tiles"), { columns: COLUMNS, slice: SLICE_MS, choose: (tile) => this.choose(tile) });
    this.slider.oninput = () => {
      this.temperature = Number(this.slider.value);
      this.showCodes();
    };
    this.slider.onchange = () => this.remember();
    for (const radio of root.querySelectorAll("[name=source]")) {
      radio.onchange = () => {
        this.source = radio.value;
        this.showCodes();
        this.remember();
      };
    }
    this.seedInput.onchange = () => this.setSeed(this.seedInput.valueAsNumber);
    find(".new-seed").onclick = () => this.setSeed(Math.floor(Math.random() * 1e6));
    leadsTo(find(".to-traverse"), "traverse", this.link);
    for (const button of root.querySelectorAll(".save-all button")) button.onclick = () => this.saveAll(button.value);
    find(".save-one").onclick = () => this.saveOne();
  }

  /** Take what Python sent: the same again on most reruns, and then nothing changes here. */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    whenRun(this, { key: data.key, epoch: data.cursor.epoch }, (run) => {
      if (run !== this.run) this.openRun(run, data);
      if (follow(this, data) && this.noise) this.showCodes();
      if (this.noise === null || data.seed !== this.noiseSeed) this.takeNoise(data);
      this.root.removeAttribute("aria-busy");
    });
  }

  openRun(run, data) {
    if (!this.run) this.restore(data.memory);
    this.run = run;
    this.noise = null;
    this.out = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".decoded"), run.imageShape);
    this.clock.open(run);
    const count = data.around.length;
    this.mosaic.open(run, Array.from({ length: count }, (_, tile) => `Image ${tile + 1} of ${count}`));
    this.codes = Array.from({ length: count }, () => new Float32Array(run.latentDim));
    const usual = number(Math.sqrt(run.latentDim));
    explain(
      this.find(".norm-note"),
      `[‖z‖](#norm) is the code's distance from the [origin](#origin). [N(0, I)](#normal) in ${run.latentDim} dimensions ` +
        `has most of its codes near √${run.latentDim} = ${usual}.`,
    );
  }

  /** @param {{seed: number, noise: string, around: number[]}} data float32 in base64, and places in the gallery */
  takeNoise({ seed, noise, around }) {
    this.noise = new Float32Array(bytesOf(noise).buffer); // (100, D), row by row
    this.around = around;
    this.noiseSeed = seed;
    this.seed ??= seed;
    this.showSeed();
    this.showCodes();
  }

  // What the page remembers -----------------------------------------------------------------------------------------

  remember() {
    const { seed, temperature, source } = this;
    this.link.send("memory", { seed, temperature, source });
  }

  restore(memory) {
    if (!memory) return;
    if (memory.temperature >= 0 && memory.temperature <= 2) this.temperature = memory.temperature;
    if (memory.source === "posterior") this.source = "posterior";
    this.slider.value = this.temperature;
    for (const radio of this.root.querySelectorAll("[name=source]")) radio.checked = radio.value === this.source;
  }

  /** Ask Python for the noise of a seed. Until it is there, the present images stay. */
  setSeed(seed) {
    const fits = Number.isInteger(seed) && seed >= 0 && seed < SEEDS;
    this.find(".problem").textContent = fits ? "" : "A seed is a whole number from 0 to 2,147,483,647. Type one of these.";
    this.seedInput.setAttribute("aria-invalid", String(!fits));
    if (!fits) return;
    this.seed = seed;
    this.showSeed();
    this.remember();
  }

  showSeed() {
    this.seedInput.value = this.seed;
    const { latentDim } = this.run;
    this.find(".hundred > .note").textContent =
      `The noise ε is numpy.random.default_rng(${this.seed}).standard_normal((${this.codes.length}, ${latentDim})): ` +
      "the same seed gives the same images.";
  }

  // The codes -------------------------------------------------------------------------------------------------------

  showCodes() {
    const { run, source, temperature, noise } = this;
    const { epoch } = this.cursor;
    const posterior = source === "posterior";
    this.codes.forEach((code, tile) => {
      const mean = posterior && run.mean(epoch, this.around[tile]);
      const logVariance = posterior && run.logVariance(epoch, this.around[tile]);
      for (let i = 0; i < code.length; i++) {
        const scaled = temperature * noise[tile * code.length + i];
        code[i] = posterior ? mean[i] + Math.exp(logVariance[i] / 2) * scaled : scaled;
      }
    });
    this.find(".temperature-value").textContent = number(temperature);
    this.slider.setAttribute("aria-valuetext", number(temperature));
    const note = posterior
      ? "[Aggregate posterior](#aggregate-posterior): z = μ + temperature · σ · ε, with μ and [σ](#sigma) of a " +
        "[test image](#test-set)'s [posterior](#posterior) at this epoch, a random image in every tile (of the " +
        `${run.labels.length} that the app shows). After training this looks better than the [prior](#prior), because the ` +
        "decoder learned from such codes alone, and taken together they are not N(0, I): the prior also reaches into the " +
        "gaps between them."
      : "[Prior](#prior): z = temperature · ε, with ε from [N(0, I)](#normal). At 0 every code is the [origin](#origin); " +
        "above 1 the codes lie farther out than those that the decoder learned from, the " +
        "[aggregate posterior](#aggregate-posterior).";
    explain(this.find(".source-note"), note);
    this.mosaic.show(run.decoder(epoch), this.codes);
    this.clock.show(epoch);
    this.showCursor();
  }

  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.showCodes();
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  choose(tile) {
    const z = Array.from(this.codes[tile]);
    // On Traverse, "random" is said to be a draw from N(0, I).
    const kind = this.source === "prior" && this.temperature === 1 ? "random" : "code";
    this.cursor = new Cursor(this.run, { z, epoch: this.cursor.epoch, start: { kind, code: z }, keep: "code" });
    this.showCursor();
    this.cursor.tell(this.link);
  }

  showCursor() {
    const { z, epoch } = this.cursor;
    const tile = this.codes.findIndex((code) => this.cursor.isAt(code));
    this.mosaic.mark(tile);
    this.picture.draw(this.run.decoder(epoch).decode(z, this.out), 255);
    explain(this.find(".chosen-title"), tile >= 0 ? `Image ${tile + 1}, now the [cursor](#cursor)` : "The [cursor](#cursor)");
    this.find(".norm").textContent = `‖z‖ = ${number(Math.hypot(...z))}`;
  }

  // Saving ----------------------------------------------------------------------------------------------------------

  fileName() {
    return `${this.run.about.name}-epoch-${this.cursor.epoch}`;
  }

  saveOne() {
    const { about, imageShape } = this.run;
    const what = `${this.find(".chosen-title").textContent}, ${this.find(".norm").textContent}`;
    saveSheet(`${this.fileName()}.png`, [this.out], imageShape, 1, { title: [heading(about, this.cursor.epoch), what] });
  }

  saveAll(kind) {
    const { run, source, temperature, noiseSeed: seed } = this;
    const name = `${this.fileName()}-${source}-seed-${seed}.${kind}`;
    if (kind === "png") {
      const around = source === "posterior" ? "codes around those of test images" : "codes from N(0, I)";
      const what = `Decoded: ${this.codes.length} ${around}, temperature ${number(temperature)}, seed ${seed}`;
      const rows = this.codes.flatMap((_, tile) => (tile % COLUMNS ? [] : [String(tile + 1)]));
      saveSheet(name, this.mosaic.finished(), run.imageShape, COLUMNS, { title: [heading(run.about, this.cursor.epoch), what], rows });
      return;
    }
    const codes = this.codes.map((z, tile) => {
      const image = source === "posterior" ? `, around test image ${run.indices[this.around[tile]]}` : "";
      return { name: `image ${tile + 1}${image}`, z };
    });
    saveCodes(name, codes, { ...provenance(run.about, this.cursor.epoch), source, seed, temperature });
  }
}

export default liveComponent(".generate", Generate);
