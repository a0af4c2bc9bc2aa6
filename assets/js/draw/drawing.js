/** A drawing under one run: its code there, and what Python is told of it. */

import { Cursor } from "../shared/cursor.js";
import { toAddress } from "./address.js";
import { Results } from "./results.js";

/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { Memory } from "./address.js" */
/** @import { Field } from "./field.js" */

/** @param {Uint8Array} pixels @returns {number} what tells one drawing from another: FNV-1a (Fowler, Noll and Vo), 29 bits of it */
const numberOf = (pixels) => pixels.reduce((hash, pixel) => Math.imul(hash ^ pixel, 0x01000193), 0x811c9dc5 | 0) >>> 3;

export class Drawing {
  /**
   * @param {{root: HTMLElement, link: Link, field: Field, shown: number|null}} page shown: the class whose images it offers
   * @param {LiveRun} run @param {CursorState} cursor
   * @param {{kept: number|null, owed: boolean}} before the same under the run before
   */
  constructor(page, run, cursor, { kept, owed }) {
    const { root, link, field } = page;
    this.page = page;
    this.run = run;
    this.link = link;
    this.field = field;
    this.results = new Results(root, run);
    this.cursor = new Cursor(run, { ...cursor, epoch: run.kept(cursor.epoch) });
    /** @type {number|null} */
    this.revision = null; // none of Python's words has counted
    /** @type {number|null} the number of the drawing that Python has */
    this.kept = kept;
    this.owed = owed; // the drawing shall be the cursor as soon as there is an encoder
  }

  /** From the field to the code and all that follows from it. */
  show() {
    this.results.show(this.field.image(), this.cursor.epoch);
  }

  get number() {
    return numberOf(this.results.image);
  }

  /** The drawing rests: its code is the cursor, and the page is remembered. */
  settle() {
    this.owed = !this.results.posterior && !this.results.isEmpty();
    this.keep(); // first, so that Python has the drawing when it hears of the cursor
    this.release(true);
  }

  /** A run or its encoders have come: do what a drawing was waiting for. */
  catchUp() {
    if (!this.results.posterior) return;
    // The run may have images of another size, and so the drawing.
    if (this.owed || (this.cursor.start.kind === "drawing" && !this.isCursor())) this.settle();
    else if (this.kept !== this.number) this.keep();
  }

  /** Have the page remembered, and the drawing kept for other pages. */
  keep() {
    this.kept = this.number;
    const { steps, centre } = this.field;
    const [, across] = this.run.imageShape;
    const { shown } = this.page;
    /** @type {Memory} */
    const memory = { steps, centre, image: Array.from(this.results.image), across, number: this.kept, shown };
    this.link.remember(memory, toAddress, this.run.key);
  }

  isCursor() {
    const { kind, index } = this.cursor.start;
    return kind === "drawing" && index === this.number;
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    const own = this.isCursor();
    this.cursor = this.cursor.at(epoch);
    this.show();
    if (own) this.cursor = this.ownCursor() ?? this.cursor;
  }

  /** @returns {Cursor|null} at the drawing's code, null while there is none */
  ownCursor() {
    const { posterior, epoch } = this.results;
    if (!posterior) return null;
    const { keep } = this.cursor;
    return new Cursor(this.run, {
      z: Array.from(posterior.mean),
      epoch,
      start: { kind: "drawing", index: this.number },
      keep,
    });
  }

  /** @param {boolean} [own] take the drawing's code for the cursor */
  release(own = false) {
    const { z, start } = this.cursor;
    const wiped = this.results.isEmpty() && start.kind === "drawing"; // no image is left that it set out from
    if (wiped) this.cursor = new Cursor(this.run, { ...this.cursor, start: { kind: "code", code: z } });
    else if (own) this.cursor = this.ownCursor() ?? this.cursor;
    if (!own || wiped || this.results.posterior) this.cursor.tell(this.link);
  }
}
