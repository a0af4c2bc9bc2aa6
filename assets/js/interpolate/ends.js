/** What the walk leads between: which ends a run has to offer, their codes, and how they are called. */

import { number } from "../engine/numbers.js";
import { cut } from "../shared/classes.js";
import { codeNorm, squaredDistance } from "../engine/walk.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Cursor } from "../shared/cursor.js" */

/**
 * An end of the walk or a corner of the grid: an image with its own code at every epoch, to which something may have been
 * added, or a code.
 * @typedef {{kind: "digit"|"drawing", index: number, offset?: number[]}|{kind: "code", code: number[]}} End
 */

/** @typedef {Exclude<End, {kind: "code"}>} ImageEnd */

export const LETTERS = ["A", "B", "C", "D"];

/** @template T @param {T[]} values not none @returns {T} */
const pick = (values) => values[Math.floor(Math.random() * values.length)];

/** Whether an end is an image as it is, with nothing added to its code. @param {End} end @returns {end is ImageEnd} */
export const isImage = (end) => end.kind !== "code" && !end.offset;

/** @typedef {{label: number, positions: number[], mean: Float32Array, typical: number}} Class of the gallery's images; typical: the position of the one whose code is nearest to the class's mean */

export class Ends {
  /** @param {LiveRun} run */
  constructor(run) {
    this.run = run;
    /** @type {Map<number, number[]>} */
    const members = new Map();
    run.labels.forEach((label, position) => {
      members.set(label, [...(members.get(label) ?? []), position]);
    });
    /** @type {Map<number, Class>} by label */
    this.classes = new Map(Array.from(members, ([label, positions]) => [label, this.classOf(label, positions)]));
  }

  /** @param {number} label @param {number[]} positions @returns {Class} */
  classOf(label, positions) {
    const codes = positions.map((position) => this.run.mean(this.run.last, position));
    const mean = codes[0].map((_, dimension) => codes.reduce((sum, code) => sum + code[dimension], 0) / codes.length);
    const distances = codes.map((code) => squaredDistance(code, mean));
    return { label, positions, mean, typical: positions[distances.indexOf(Math.min(...distances))] };
  }

  // Of an end -------------------------------------------------------------------------------------------------------

  /** @param {End} end @param {number} epoch */
  codeOf(end, epoch) {
    if (end.kind === "code") return Float32Array.from(end.code);
    const { offset } = end;
    const mean = this.run.mean(epoch, this.run.place(end));
    return offset ? mean.map((value, dimension) => value + offset[dimension]) : mean.slice();
  }

  /** @param {End} end @returns {number} its class, −1 if it is of none */
  labelOf(end) {
    return end.kind === "code" ? -1 : this.run.label(this.run.place(end));
  }

  /** @param {End} end @returns {[string, string]} what it is: its class, and which one of it */
  describe(end) {
    if (end.kind === "code") return ["code", `‖z‖ ${number(codeNorm(end.code))}`];
    const moved = end.offset ? ", moved" : "";
    if (end.kind === "drawing") return ["drawing", `by your hand${moved}`];
    return [this.run.about.class_names[this.labelOf(end)], `test image ${end.index}${moved}`];
  }

  /** What it is, as there is room for on a picture. @param {End} end */
  onPicture(end) {
    const [title, detail] = this.describe(end);
    return `${cut(title)}, ${detail}`;
  }

  /** @param {End} end @param {string|undefined} key of the run for which it was chosen: codes of one run mean nothing in another */
  fits(end, key) {
    const code = end.kind === "code" ? end.code : end.offset;
    if (code && (key !== this.run.key || code.length !== this.run.latentDim || !code.every(Number.isFinite)))
      return false;
    return end.kind === "code" ? Boolean(code) : this.run.place(end) >= 0;
  }

  // Which there are -------------------------------------------------------------------------------------------------

  /** @param {number} position in the gallery @returns {End} */
  digit(position) {
    return { kind: "digit", index: this.run.indices[position] };
  }

  /** @param {Cursor} cursor @returns {End} with what sliders have added to its image */
  ofCursor(cursor) {
    const { z, start, epoch, kept } = cursor;
    const { kind, index } = start;
    if (kept < 0 || index === undefined || (kind !== "digit" && kind !== "drawing")) {
      return { kind: "code", code: Array.from(z) };
    }
    const mean = this.run.mean(epoch, kept);
    if (cursor.isAt(mean)) return { kind, index };
    return { kind, index, offset: z.map((value, dimension) => Math.fround(value - mean[dimension])) }; // as an address has it
  }

  /** The cursor, and then the classes that lie farthest from it and from one another: the walk is worth seeing. @param {Cursor} cursor */
  usual(cursor) {
    const first = this.ofCursor(cursor);
    const taken = [
      first.kind === "code" ? this.codeOf(first, cursor.epoch) : this.run.mean(this.run.last, this.run.place(first)),
    ];
    const left = new Set(this.classes.values());
    for (const each of left) if (each.label === this.labelOf(first)) left.delete(each);
    const ends = [first];
    while (ends.length < LETTERS.length) {
      if (!left.size) for (const each of this.classes.values()) left.add(each);
      /** @param {Class} each */
      const apart = (each) => Math.min(...taken.map((code) => squaredDistance(code, each.mean)));
      const farthest = [...left].reduce((best, each) => (apart(each) > apart(best) ? each : best));
      left.delete(farthest);
      taken.push(farthest.mean);
      ends.push(this.digit(farthest.typical));
    }
    return ends;
  }

  /** Test images of different classes, as far as there are as many. */
  random() {
    const classes = [...this.classes.values()];
    for (let i = classes.length - 1; i > 0; i--) {
      const other = Math.floor(Math.random() * (i + 1));
      [classes[i], classes[other]] = [classes[other], classes[i]];
    }
    return LETTERS.map((_, slot) => this.digit(pick(classes[slot % classes.length].positions)));
  }

  /** A test image of a class that others are not of. @param {End[]} others */
  randomBeside(others) {
    const labels = others.map((end) => this.labelOf(end));
    const all = [...this.classes.values()];
    const free = all.filter(({ label }) => !labels.includes(label));
    return this.digit(pick(pick(free.length ? free : all).positions));
  }
}
