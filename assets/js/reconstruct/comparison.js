/** Images of one run beside what its epochs make of them: the sheet, the one that is looked at, and the cursor. */

import { Cursor, follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { Batch } from "./batch.js";
import { Cards } from "./cards.js";
import { OneImage } from "./one-image.js";

/** @import { Chosen } from "../engine/chosen.js" */
/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { Clock } from "../shared/clock.js" */
/** @import { Link } from "../shared/link.js" */

export class Comparison {
  /**
   * @param {HTMLElement} root @param {Link} link @param {Clock} clock @param {LiveRun} run @param {Chosen} chosen
   * @param {CursorState} cursor
   */
  constructor(root, link, clock, run, chosen, cursor) {
    this.find = finder(root);
    this.link = link;
    this.clock = clock;
    this.run = run;
    this.cursor = new Cursor(run, { ...cursor, epoch: run.kept(cursor.epoch) });
    /** @type {number|null} see `follow` */
    this.revision = null;
    /** @type {number|null} the image that is pointed at */
    this.pointed = null;
    this.batch = new Batch(run, chosen);
    this.one = new OneImage(root, this.batch);
    this.cards = new Cards(this.find(".sheet"), this.batch, this.cursor.epoch, {
      chosen: (n) => this.choose(n),
      pointed: (n) => this.point(n),
      made: () => this.showFigures(),
    });
  }

  /** Go on where another left off, of the same run with other images. @param {Comparison} other */
  goOn({ cursor, revision }) {
    this.cursor = cursor;
    this.revision = revision;
    this.show();
  }

  /** Take the cursor that Python sent, if it counts. @param {{cursor: CursorState, revision: number}} data */
  receive(data) {
    if (follow(this, data)) this.show();
  }

  /** Decode no more: another takes its place. */
  close() {
    this.cards.close();
  }

  /** Show the cursor's epoch. */
  show() {
    const { epoch } = this.cursor;
    this.clock.show(epoch);
    const { shown } = epochWords(this.run.about, epoch);
    this.find("#figures-title").textContent = shown ? `At epoch ${shown}` : "With these weights";
    this.cards.show(epoch);
    this.mark();
    this.showFigures();
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.show();
  }

  mark() {
    this.cards.mark(this.batch.positionOf(this.cursor.start));
  }

  /** @param {number|null} n */
  point(n) {
    this.pointed = n;
    this.showFigures();
  }

  showFigures() {
    const { cursor, batch } = this;
    this.find(".mean").textContent = this.cards.meanInWords();
    this.one.show(cursor.epoch, cursor, this.pointed ?? batch.positionOf(cursor.start));
  }

  /** Make an image the cursor. @param {number} n */
  choose(n) {
    const { run, batch } = this;
    const { epoch, keep } = this.cursor;
    const z = Array.from(batch.mean(epoch, n));
    if (!Number.isFinite(z[0])) return;
    run.admit(batch.guest(n));
    this.cursor = new Cursor(run, { z, epoch, start: { kind: "digit", index: batch.indices[n] }, keep });
    this.mark();
    this.showFigures();
    this.release();
  }

  release() {
    this.cursor.tell(this.link);
  }
}
