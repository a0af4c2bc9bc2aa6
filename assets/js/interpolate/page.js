/**
 * Interpolate: two images and the walk between their codes, played, as 16 steps, and beside the cross-fade of the pixels;
 * four images and the grid between them.
 *
 * Everything is decoded here. Python hears of the cursor, and of what the page shall remember.
 */

import { number } from "../engine/numbers.js";
import { cut, shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { make } from "../shared/elements.js";
import { provenance, saveCodes } from "../shared/files.js";
import { Link, leadsTo } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Mosaic } from "../shared/mosaic.js";
import { Picture, imageRadio } from "../shared/pictures.js";
import { heading, saveFrames, saveSheet } from "../shared/sheet.js";
import { explain } from "../shared/terms.js";

const STEPS = 16;
const FINE = 10; // positions of the scrubber from one step to the next
const SLICE_STILL = 8; // milliseconds of a frame that steps and grid may take to be drawn anew
const SLICE_PLAYING = 2; // the play comes first
const SIDE = 8; // the grid between four corners has as many rows and columns
const LETTERS = ["A", "B", "C", "D"];

const squares = (values) => values.reduce((sum, value) => sum + value * value, 0);
const codeNorm = (values) => Math.sqrt(squares(values));
const squaredDistance = (one, other) => one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0);
const pick = (values) => values[Math.floor(Math.random() * values.length)];

/** Codes on the way from one code to another, as bvae/latent.py `interpolate` has them. */
class Walk {
  constructor(start, end, method) {
    this.start = start;
    this.end = end;
    this.norms = [codeNorm(start), codeNorm(end)];
    const cosine = start.reduce((sum, value, i) => sum + value * end[i], 0) / (this.norms[0] * this.norms[1]);
    this.angle = Math.acos(Math.min(1, Math.max(-1, cosine))); // NaN where a code is zero
    this.turns = method === "spherical" && Math.sin(this.angle) > 1e-6;
  }

  /** @param {number} share 0 at the start, 1 at the end, where the codes are exactly the given ones */
  at(share, out) {
    const { start, end, norms, angle } = this;
    if (share <= 0 || share >= 1) {
      out.set(share <= 0 ? start : end);
      return out;
    }
    let [first, last] = [1 - share, share];
    if (this.turns) {
      const norm = first * norms[0] + last * norms[1];
      first = (Math.sin(first * angle) / Math.sin(angle) / norms[0]) * norm;
      last = (Math.sin(last * angle) / Math.sin(angle) / norms[1]) * norm;
    }
    for (let i = 0; i < out.length; i++) out[i] = first * start[i] + last * end[i];
    return out;
  }
}

/**
 * An end of the walk or a corner of the grid: an image with its own code at every epoch, or a code.
 * @typedef {{kind: "digit"|"drawing", index: number, offset?: number[]}|{kind: "code", code: number[]}} End
 */

/** Whether an end is an image as it is, with nothing added to its code. @param {End} end */
const isImage = (end) => end.kind !== "code" && !end.offset;

class Interpolate {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.cursor = null;
    this.revision = null;
    this.ends = [];
    this.slot = 0;
    this.share = 0;
    this.direction = 1;
    this.lookedCell = (SIDE * SIDE + SIDE) / 2; // the middle, until one is pointed at
    this.frame = 0;
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.stillness = matchMedia("(prefers-reduced-motion: reduce)");
    this.listen();
  }

  listen() {
    const { root, find } = this;
    this.scrub = find(".scrub");
    this.toggle = find(".toggle");
    this.seconds = find(".seconds");
    this.back = find(".back");
    this.norm = find(".norm");
    this.mix = find(".mix");
    this.marker = find(".marker");
    this.clock = new Clock(find(".clock"), {
      moved: (epoch) => this.setEpoch(epoch),
      released: () => this.cursor.tell(this.link),
    });
    this.scrub.max = (STEPS - 1) * FINE;
    this.scrub.oninput = () => this.scrubTo(Number(this.scrub.value) / this.scrub.max);
    this.scrub.onchange = () => this.remember();
    this.scrub.onkeydown = (event) => {
      const step = { PageUp: 1, PageDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.scrubTo((Math.round(this.share * (STEPS - 1)) + step) / (STEPS - 1));
      this.remember();
    };
    this.toggle.onclick = () => (this.frame ? this.pause() : this.play());
    find(".play").addEventListener("keydown", (event) => {
      if (event.key !== " " || event.target.matches("button, select, a, [type=checkbox], [type=radio]")) return;
      event.preventDefault();
      if (!event.repeat) this.toggle.onclick();
    });
    this.seconds.onchange = this.back.onchange = () => this.remember();
    for (const radio of root.querySelectorAll("[name=method]")) {
      radio.onchange = () => {
        this.method = radio.value;
        this.setEnds(this.ends);
      };
    }
    find(".send").onclick = () => {
      this.pause();
      this.chooseShare(this.share);
    };
    leadsTo(find(".to-traverse"), "traverse", this.link);
    leadsTo(find(".to-draw"), "draw", this.link);

    find(".all-random").onclick = () => this.setEnds(this.randomEnds());
    find(".swap").onclick = () => this.setEnds([this.ends[1], this.ends[0], this.ends[2], this.ends[3]]);
    find(".one-random").onclick = () => this.setEnd(this.randomEnd());
    find(".from-cursor").onclick = () => this.setEnd(this.endOfCursor());
    find(".from-drawing").onclick = () => this.setEnd(this.drawing);

    this.steps = new Mosaic(find(".walk-steps"), { columns: STEPS, slice: SLICE_STILL, choose: (step) => this.chooseStep(step) });
    this.grid = new Mosaic(find(".grid"), {
      columns: SIDE, slice: SLICE_STILL, choose: (cell) => this.chooseCell(cell), look: (cell) => this.lookAt(cell),
    });
    for (const button of root.querySelectorAll(".save-walk button")) button.onclick = () => this.saveWalk(button.value);
    find(".save-corners").onclick = () => {
      this.steps.finished();
      const corners = ["top left", "top right", "bottom left", "bottom right"].map(
        (corner, slot) => `${corner} ${this.onPicture(this.ends[slot])}`,
      );
      const shares = Array.from({ length: SIDE }, (_, place) => number(place / (SIDE - 1)));
      const what = `Between four codes: ${corners.join("; ")}. Shares of the way to the right and down`;
      const words = { title: [heading(this.run.about, this.epoch), what], rows: shares, heads: shares };
      saveSheet(`${this.fileName()}-corners.png`, this.grid.finished(), this.run.imageShape, SIDE, words);
    };
  }

  /** Take what Python sent: the same again on most reruns, and then nothing changes here. */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    const drawing = data.guests.find(({ kind }) => kind === "drawing");
    /** @type {End|null} the drawing that there is */
    this.drawing = drawing ? { kind: "drawing", index: drawing.index } : null;
    whenRun(this, { key: data.key, epoch: data.cursor.epoch }, (run) => {
      if (run !== this.run) this.openRun(run, data);
      else this.follow(data);
      this.showTools();
    });
  }

  openRun(run, data) {
    const memory = this.run ? this.memory() : data.memory;
    this.run = run;
    this.ends = [];
    this.z = new Float32Array(run.latentDim);
    this.out = new Float32Array(run.pixels);
    this.mixed = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".walk"), run.imageShape);
    this.fade = new Picture(this.find(".fade"), run.imageShape);
    this.looked = new Picture(this.find(".looked"), run.imageShape);
    this.clock.open(run);
    this.steps.open(run, Array.from({ length: STEPS }, (_, step) => `Step ${step + 1} of ${STEPS}`));
    this.grid.open(run, Array.from({ length: SIDE * SIDE }, (_, cell) => {
      const [down, right] = [Math.floor(cell / SIDE), cell % SIDE];
      return `Row ${down + 1}, column ${right + 1}`;
    }));
    this.makeFadeSteps();
    this.makeBars(".walk-bars");
    this.makeBars(".fade-bars");
    this.makeClasses();
    this.follow(data);
    this.restore(memory);
    this.root.removeAttribute("aria-busy");
  }

  /** Take the cursor that Python chose: its epoch is the clock of this page. */
  follow(data) {
    if (!follow(this, data)) return;
    this.epoch = this.cursor.epoch;
    this.find(".sent").textContent = "";
    if (this.ends.length) this.showEnds();
  }

  setEpoch(epoch) {
    this.epoch = epoch;
    this.cursor = this.cursor.at(epoch);
    this.showEnds();
  }

  // What the page remembers -----------------------------------------------------------------------------------------

  memory() {
    const { run, ends, slot, method, share } = this;
    return { key: run.key, ends, slot, method, share, seconds: this.seconds.value, back: this.back.checked };
  }

  remember() {
    this.link.send("memory", this.memory(), this.run.key);
  }

  /** Set the page up as it was left, as far as that fits the run. */
  restore(memory) {
    const kept = memory ?? {};
    const usual = this.usualEnds();
    this.ends = LETTERS.map((_, slot) => {
      const end = kept.ends?.[slot]?.kind === "drawing" && this.drawing ? this.drawing : kept.ends?.[slot];
      return end && this.fits(end, kept.key) ? end : usual[slot];
    });
    this.slot = [0, 1, 2, 3].includes(kept.slot) ? kept.slot : 1;
    this.method = kept.method === "spherical" ? "spherical" : "linear";
    this.share = kept.share >= 0 && kept.share <= 1 ? kept.share : 6 / (STEPS - 1); // where the two pictures differ
    if (kept.seconds) this.seconds.value = kept.seconds;
    if (kept.back === false) this.back.checked = false;
    for (const radio of this.root.querySelectorAll("[name=method]")) radio.checked = radio.value === this.method;
    this.showEnds();
  }

  /** @param {string} key of the run for which the end was chosen: codes of one run mean nothing in another */
  fits(end, key) {
    const code = end.kind === "code" ? end.code : end.offset;
    if (code && (key !== this.run.key || code.length !== this.run.latentDim || !code.every(Number.isFinite))) return false;
    return end.kind === "code" ? Boolean(code) : this.run.place(end) >= 0;
  }

  // The ends --------------------------------------------------------------------------------------------------------

  codeOf(end) {
    if (end.kind === "code") return Float32Array.from(end.code);
    const mean = this.run.mean(this.epoch, this.run.place(end));
    return end.offset ? mean.map((value, dimension) => value + end.offset[dimension]) : mean.slice();
  }

  /** @returns {[string, string]} what an end is: its class, and which one of it */
  describe(end) {
    if (end.kind === "code") return ["code", `‖z‖ ${number(codeNorm(end.code))}`];
    const moved = end.offset ? ", moved" : "";
    if (end.kind === "drawing") return ["drawing", `by your hand${moved}`];
    return [this.run.about.class_names[this.labelOf(end)], `test image ${end.index}${moved}`];
  }

  /** What an end is, as there is room for on a picture. */
  onPicture(end) {
    const [title, detail] = this.describe(end);
    return `${cut(title)}, ${detail}`;
  }

  labelOf(end) {
    return end.kind === "code" ? -1 : this.run.label(this.run.place(end));
  }

  digit(position) {
    return { kind: "digit", index: this.run.indices[position] };
  }

  endOfCursor() {
    const { z, start, epoch, kept } = this.cursor;
    if (kept < 0) return { kind: "code", code: Array.from(z) };
    const end = { kind: start.kind, index: start.index };
    const mean = this.run.mean(epoch, kept);
    if (this.cursor.isAt(mean)) return end;
    return { ...end, offset: Array.from(z, (value, dimension) => value - mean[dimension]) };
  }

  /** The cursor, and then the classes that lie farthest from it and from one another: the walk is worth seeing. */
  usualEnds() {
    const first = this.endOfCursor();
    const last = this.run.epochs.at(-1);
    const taken = [first.kind === "code" ? this.codeOf(first) : this.run.mean(last, this.run.place(first))];
    const left = new Set(this.typical.keys());
    left.delete(this.labelOf(first));
    const ends = [first];
    while (ends.length < LETTERS.length) {
      if (!left.size) for (const label of this.typical.keys()) left.add(label);
      const apart = (label) => Math.min(...taken.map((code) => squaredDistance(code, this.classMeans.get(label))));
      const farthest = [...left].reduce((best, label) => (apart(label) > apart(best) ? label : best));
      left.delete(farthest);
      taken.push(this.classMeans.get(farthest));
      ends.push(this.digit(this.typical.get(farthest)));
    }
    return ends;
  }

  randomEnds() {
    const classes = [...this.members.keys()];
    for (let i = classes.length - 1; i > 0; i--) {
      const other = Math.floor(Math.random() * (i + 1));
      [classes[i], classes[other]] = [classes[other], classes[i]];
    }
    return LETTERS.map((_, slot) => this.digit(pick(this.members.get(classes[slot % classes.length]))));
  }

  /** A test image of a class that the other ends are not of. */
  randomEnd() {
    const others = this.ends.filter((_, slot) => slot !== this.slot).map((end) => this.labelOf(end));
    const classes = [...this.members.keys()].filter((label) => !others.includes(label));
    return this.digit(pick(this.members.get(pick(classes.length ? classes : [...this.members.keys()]))));
  }

  setEnd(end) {
    this.setEnds(this.ends.map((before, slot) => (slot === this.slot ? end : before)));
  }

  setEnds(ends) {
    this.ends = ends;
    this.showEnds();
    this.remember();
  }

  /** Everything that follows from ends, method and epoch. */
  showEnds() {
    const { run } = this;
    this.decoder = run.decoder(this.epoch);
    this.clock.show(this.epoch);
    this.codes = this.ends.map((end) => this.codeOf(end));
    this.walk = new Walk(this.codes[0], this.codes[1], this.method);
    this.first = this.decoder.decode(this.codes[0]);
    this.last = this.decoder.decode(this.codes[1]);
    this.stepCodes = Array.from({ length: STEPS }, (_, step) =>
      this.walk.at(step / (STEPS - 1), new Float32Array(run.latentDim)),
    );
    this.gridCodes = Array.from({ length: SIDE * SIDE }, (_, cell) => this.between(cell));
    this.steps.show(this.decoder, this.stepCodes, () => {
      this.showLengths();
      this.grid.show(this.decoder, this.gridCodes); // after the steps, so that a frame of the play has one slice to bear
    });
    this.lookAt(this.lookedCell);
    this.showMethod();
    this.showSlots();
    this.showCursor();
    this.drawAt(this.share);
  }

  showMethod() {
    const notes = {
      linear: "[Linear](#linear): the straight line. Its [norm](#norm) dips where the two codes point apart, other than on the [spherical](#spherical) way.",
      spherical: this.walk.turns
        ? "[Spherical](#spherical): the direction turns at an even pace, and the [norm](#norm) goes evenly from one to the other."
        : "[Spherical](#spherical): both codes lie on one line through the [origin](#origin), so this is the straight line.",
    };
    explain(this.find(".method-note"), notes[this.method]);
  }

  // Choosing --------------------------------------------------------------------------------------------------------

  makeClasses() {
    const { labels, epochs, about } = this.run;
    const last = epochs.at(-1);
    /** @type {Map<number, number[]>} gallery positions by class */
    this.members = new Map();
    labels.forEach((label, position) => this.members.set(label, [...(this.members.get(label) ?? []), position]));
    this.classMeans = new Map();
    this.typical = new Map(); // by class, the position of the image whose code is nearest to the class mean
    for (const [label, positions] of this.members) {
      const codes = positions.map((position) => this.run.mean(last, position));
      const mean = codes[0].map((_, dimension) => codes.reduce((sum, code) => sum + code[dimension], 0) / codes.length);
      const distances = codes.map((code) => squaredDistance(code, mean));
      this.classMeans.set(label, mean);
      this.typical.set(label, positions[distances.indexOf(Math.min(...distances))]);
    }
    const radios = [...this.typical].map(([label, position]) =>
      imageRadio(this.run, position, {
        group: "class", value: label, name: `Class ${about.class_names[label]}`,
        choose: () => this.setEnd(this.digit(position)),
      }),
    );
    this.find(".classes").replaceChildren(...radios);
    this.shownClass = null;
  }

  showClass(label) {
    if (label === this.shownClass) return;
    this.shownClass = label;
    const name = this.run.about.class_names[label];
    const radios = this.members.get(label).map((position) =>
      imageRadio(this.run, position, {
        group: "example", value: position, name: `Test image ${this.run.indices[position]}, ${name}`,
        choose: () => this.setEnd(this.digit(position)),
      }),
    );
    this.find(".examples").replaceChildren(...radios);
  }

  showSlots() {
    const slots = this.find(".slots");
    if (!slots.children.length) slots.append(...LETTERS.map((letter, slot) => this.makeSlot(letter, slot)));
    const tasks = ["start of the walk", "end of the walk", "lower left corner", "lower right corner"];
    this.ends.forEach((end, slot) => {
      const label = slots.children[slot];
      const [title, detail] = this.describe(end);
      label.querySelector(".end-title").textContent = title;
      shorten(label, title);
      label.querySelector(".end-detail").textContent = detail;
      const radio = label.querySelector("input");
      radio.setAttribute("aria-label", `${LETTERS[slot]}, ${tasks[slot]}: ${title}, ${detail}`);
      radio.checked = slot === this.slot;
      const picture = new Picture(label.querySelector("canvas"), this.run.imageShape);
      if (isImage(end)) picture.draw(this.run.image(this.run.place(end)), 1);
      else picture.draw(this.decoder.decode(this.codes[slot], this.out), 255);
    });
    this.showChoice();
  }

  makeSlot(letter, slot) {
    const label = make("label", "slot");
    const radio = make("input", "", "", { type: "radio", name: "slot", value: slot });
    radio.onchange = () => {
      this.slot = slot;
      this.showChoice();
      this.remember();
    };
    const text = make("span", "end-text");
    text.append(make("span", "end-title"), make("span", "end-detail"));
    label.append(radio, make("span", "letter", letter), make("canvas", "", "", { "aria-hidden": "true" }), text);
    return label;
  }

  /** The gallery stands at the image of the slot that is being chosen. */
  showChoice() {
    const end = this.ends[this.slot];
    const label = this.labelOf(end);
    this.find(".choose-title").textContent = `Choose ${LETTERS[this.slot]}`;
    this.showClass(label >= 0 ? label : (this.shownClass ?? this.run.labels[0]));
    for (const radio of this.root.querySelectorAll("[name=class]")) radio.checked = Number(radio.value) === label;
    const position = isImage(end) ? this.run.place(end) : -1;
    for (const radio of this.root.querySelectorAll("[name=example]")) radio.checked = Number(radio.value) === position;
  }

  showTools() {
    this.find(".from-drawing").hidden = !this.drawing;
    this.find(".to-draw").hidden = Boolean(this.drawing);
  }

  // Playing ---------------------------------------------------------------------------------------------------------

  play() {
    if (!this.back.checked) {
      this.direction = 1;
      if (this.share >= 1) this.share = 0;
    }
    this.toggle.textContent = "Pause";
    this.steps.slice = this.grid.slice = SLICE_PLAYING;
    let before = null;
    const tick = (now) => {
      if (!this.root.isConnected) {
        this.frame = 0;
        return;
      }
      this.frame = requestAnimationFrame(tick);
      if (before !== null) {
        live.recordFrame(now - before);
        this.advance(Math.min(100, now - before) / 1000); // after a pause of the browser, go on from where it was
      }
      before = now;
      this.drawAt(this.share);
    };
    this.frame = requestAnimationFrame(tick);
  }

  pause() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.toggle.textContent = "Play";
    this.steps.slice = this.grid.slice = SLICE_STILL;
    this.drawAt(this.share);
    this.remember();
  }

  advance(seconds) {
    this.share += (this.direction * seconds) / Number(this.seconds.value);
    if (this.share < 1 && this.share > 0) return;
    const beyond = this.share >= 1;
    this.share = beyond ? 1 : 0;
    if (beyond && !this.back.checked) this.pause();
    else this.direction = beyond ? -1 : 1;
  }

  scrubTo(share) {
    this.pause();
    this.share = Math.min(1, Math.max(0, share));
    this.drawAt(this.share);
  }

  /** One frame: a decode, a mix, and the few numbers around them. */
  drawAt(share) {
    // Somebody who asked for less motion sees one step after the other.
    const shown = this.frame && this.stillness.matches ? Math.round(share * (STEPS - 1)) / (STEPS - 1) : share;
    const { first, last, mixed } = this;
    this.walk.at(shown, this.z);
    this.picture.draw(this.decoder.decode(this.z, this.out), 255);
    for (let i = 0; i < mixed.length; i++) mixed[i] = (1 - shown) * first[i] + shown * last[i];
    this.fade.draw(mixed, 255);
    const percent = Math.round(100 * shown);
    explain(this.norm, `[‖z‖](#norm) ${number(codeNorm(this.z))}`);
    this.mix.textContent = `${percent} % B`;
    this.scrub.value = Math.round(shown * this.scrub.max);
    this.marker.style.setProperty("--at", (shown * (STEPS - 1) + 0.5) / STEPS);
    if (!this.frame) this.scrub.setAttribute("aria-valuetext", `${percent} % of the way from A to B`);
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  chooseStep(step) {
    this.scrubTo(step / (STEPS - 1));
    this.chooseShare(this.share, `Step ${step + 1}`);
  }

  chooseShare(share, name = `The point at ${Math.round(100 * share)} %`) {
    const end = share === 0 ? this.ends[0] : share === 1 ? this.ends[1] : null;
    this.setCursor(this.walk.at(share, new Float32Array(this.run.latentDim)), end, name);
    this.remember();
  }

  chooseCell(cell) {
    const corner = [0, SIDE - 1, SIDE * (SIDE - 1), SIDE * SIDE - 1].indexOf(cell);
    this.setCursor(this.gridCodes[cell], this.ends[corner], this.grid.buttons[cell].getAttribute("aria-label"));
  }

  /** @param {End} [end] whose code it is; an image stays one, and so is kept when the epoch moves */
  setCursor(code, end, name) {
    const z = Array.from(code);
    const image = end && isImage(end);
    const start = image ? { kind: end.kind, index: end.index } : { kind: "code", code: z };
    this.cursor = new Cursor(this.run, { z, epoch: this.epoch, start, keep: image ? "digit" : "code" });
    this.find(".sent").textContent = `${name} is the cursor now, on every page.`;
    this.showCursor();
    this.cursor.tell(this.link);
  }

  showCursor() {
    const same = (code) => this.cursor.isAt(code);
    this.steps.mark(this.stepCodes.findIndex(same));
    this.grid.mark(this.gridCodes.findIndex(same));
  }

  // Steps and their lengths -----------------------------------------------------------------------------------------

  makeFadeSteps() {
    this.fadeSteps = Array.from({ length: STEPS }, () => make("canvas"));
    this.find(".fade-steps").replaceChildren(...this.fadeSteps);
  }

  makeBars(selector) {
    const bars = Array.from({ length: STEPS - 1 }, () => {
      const bar = make("div", "bar");
      bar.append(make("span", "bar-value"), make("span", "bar-body"));
      return bar;
    });
    this.find(selector).replaceChildren(...bars);
  }

  /** Once all steps are decoded: the cross-fade's steps, and how far each step leads. */
  showLengths() {
    const { imageShape } = this.run;
    const walk = this.steps.images;
    const [start, end] = [walk[0], walk.at(-1)];
    const fade = walk.map((_, step) => start.map((value, i) => value + ((end[i] - value) * step) / (STEPS - 1)));
    fade.forEach((image, step) => new Picture(this.fadeSteps[step], imageShape).draw(image, 255));
    const lengths = (images) => images.slice(1).map((image, step) => Math.sqrt(squaredDistance(image, images[step])));
    const [walked, faded] = [lengths(walk), lengths(fade)];
    const most = Math.max(...walked, ...faded) || 1;
    const total = this.showBars(".walk-bars", "Latent walk", walked, most);
    const straight = this.showBars(".fade-bars", "Cross-fade", faded, most);
    this.find(".walk-length").textContent = `path length ${number(total)}`;
    this.find(".fade-length").textContent = `path length ${number(straight)}`;
    const times = total / straight;
    const reason =
      ", because it goes by way of images that the decoder can draw, where the cross-fade shows both ends at once";
    // Between ends that look alike, as all do before any training, there is nothing to compare.
    const longer = straight < 0.005 ? "" : ` The latent walk is ${number(times)} times as long${times < 1.05 ? "" : reason}.`;
    this.find(".explain").textContent =
      "Bars: how far each image is from the next, as the root of the summed squared differences of their pixels, which go " +
      `from 0 to 1. Both walks begin and end at the same two decoded images, and the cross-fade is the straight line.${longer}`;
  }

  showBars(selector, name, lengths, most) {
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const element = this.find(selector);
    lengths.forEach((length, step) => {
      const bar = element.children[step];
      bar.style.setProperty("--share", length / most);
      bar.firstElementChild.textContent = number(length);
      bar.title = `Step ${step + 1} to ${step + 2}: ${number(length, 3)}`;
    });
    const all = lengths.map((length) => number(length)).join(", ");
    element.setAttribute("aria-label", `${name}, length of each step: ${all}; together ${number(total)}`);
    return total;
  }

  // The grid --------------------------------------------------------------------------------------------------------

  /** @returns {number[]} how much each corner counts in a cell */
  weights(cell) {
    const down = Math.floor(cell / SIDE) / (SIDE - 1);
    const right = (cell % SIDE) / (SIDE - 1);
    return [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right];
  }

  between(cell) {
    const weights = this.weights(cell);
    const mixed = (dimension) => this.codes.reduce((sum, code, corner) => sum + weights[corner] * code[dimension], 0);
    return this.codes[0].map((_, dimension) => mixed(dimension));
  }

  lookAt(cell) {
    this.lookedCell = cell;
    this.looked.draw(this.decoder.decode(this.gridCodes[cell], this.out), 255);
    const parts = this.weights(cell).map((weight, corner) => `${LETTERS[corner]} ${Math.round(100 * weight)} %`);
    this.find(".looked-text").textContent = parts.join(" · ");
  }

  // Saving ----------------------------------------------------------------------------------------------------------

  fileName() {
    return `${this.run.about.name}-epoch-${this.epoch}`;
  }

  saveWalk(kind) {
    const { run } = this;
    const name = `${this.fileName()}-walk.${kind}`;
    const [begin, end] = this.ends.map((each) => this.onPicture(each));
    const title = [heading(run.about, this.epoch), `From ${begin} to ${end}, ${this.method}`];
    const share = (place, of) => number(place / (of - 1));
    if (kind === "png") {
      title[1] += "; above each picture its share of the way";
      const heads = this.stepCodes.map((_, step) => share(step, STEPS));
      saveSheet(name, this.steps.finished(), run.imageShape, STEPS, { title, heads });
    } else if (kind === "gif") {
      const frames = this.film();
      const there = 2 * STEPS - 1;
      const moments = frames.map((_, i) => `at ${share(i < there ? i : 2 * there - 2 - i, there)} of the way`);
      saveFrames(name, frames, run.imageShape, { title, moments });
    } else {
      const codes = this.stepCodes.map((z, step) => ({ name: `step ${step + 1}`, z }));
      const [from, to] = this.ends.map((each) => this.describe(each).join(", "));
      saveCodes(name, codes, { ...provenance(run.about, this.epoch), method: this.method, from, to });
    }
  }

  /** Two frames a step, and back again if the play goes back. */
  film() {
    const frames = Array.from({ length: 2 * STEPS - 1 }, (_, frame) => {
      this.walk.at(frame / (2 * STEPS - 2), this.z);
      return this.decoder.decode(this.z);
    });
    return this.back.checked ? [...frames, ...frames.slice(1, -1).reverse()] : frames;
  }
}

export default liveComponent(".interpolate", Interpolate);
