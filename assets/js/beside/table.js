/** Two to four runs on one cursor and one clock: a hand moves one of them, and what is paired moves with it. */

import { shorten } from "../shared/classes.js";
import { Cursor } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { nearestPlace } from "../engine/numbers.js";
import { Codes } from "./codes.js";
import { fromAddress } from "./address.js";
import { Classes, Images, sharedPlaces } from "./images.js";
import { alone, entriesBeside, orderOf } from "./order.js";
import { Panel } from "./panel.js";
import { Turns } from "./turns.js";
import { Walks } from "./walks.js";

/** @import { Memory } from "./address.js" */
/** @import { CursorState, Start } from "../engine/run.js" */
/** @import { Clock } from "../shared/clock.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { Side } from "./panel.js" */

/**
 * What all sets of runs have in common on the page. few: sliders that are not folded away; factors: what dimensions are named
 * after that come first.
 * @typedef {{root: HTMLElement, link: Link, clock: Clock, few: number, factors: string[], remember: (memory: Memory) => void}} Place
 */

export class Table {
  /** @param {Place} place @param {Side[]} sides @param {number} lead the place of the one that leads @param {CursorState} cursor */
  constructor(place, sides, lead, cursor) {
    this.place = place;
    this.sides = sides;
    this.lead = lead;
    this.run = sides[lead].run;
    this.link = place.link;
    this.cursor = new Cursor(this.run, cursor);
    /** @type {number|null} */
    this.revision = null;
    this.view = fromAddress({}).memory;
    this.codes = new Codes(
      sides.map(({ pairing }) => pairing),
      lead,
    );
    const find = finder(place.root);
    this.panels = sides.map(
      (side, at) =>
        new Panel(side, {
          slid: (dimension, value, event) => this.slide(at, dimension, value, event),
          released: () => this.release(),
          reset: (dimension) => {
            this.slide(at, dimension, this.codes.bases[at][dimension]);
            this.release();
          },
          folded: (open) => {
            if (open === this.view.open) return; // as it was found
            this.unfold(open);
            this.remember();
          },
        }),
    );
    find(".sides").replaceChildren(...this.panels.map(({ element }) => element));
    place.root.style.setProperty("--runs", String(sides.length));
    place.clock.open(this.run);
    const others = sides.flatMap(({ run, start }) => (start ? [] : [run]));
    const shared = sharedPlaces(this.run, others);
    this.images = new Images(place.root, this.run, shared, (start) => this.startFrom(start));
    this.endText = find(".end-text");
    this.ends = new Classes(find(".ends .classes"), this.run, shared, "beside-end", (chosen) => {
      this.view.to = this.run.indices[chosen];
      this.remember();
      this.showWalk();
    });
    this.walks = new Walks(place.root, this.panels, {
      moved: (event) => this.turns.drawAll(event),
      released: () => {
        this.view.share = this.walks.share;
        this.remember();
      },
    });
    find(".reset").onclick = () => {
      this.codes.begin(this.codes.bases, this.codes.bases[this.lead]);
      this.showCodes();
      this.release();
    };
    this.turns = new Turns(sides.length, (at) =>
      this.panels[at].draw(this.view.show === "walk" ? this.walks.at(at) : this.codes.all[at]),
    );
    this.rest = sides.map(({ run }) => run.whole);
    this.begun = ""; // as `of` tells it
  }

  /** Others take their place. */
  close() {
    this.turns.close();
    this.walks.close();
  }

  // Where each run is -----------------------------------------------------------------------------------------------

  /** @param {number} at the place of a side @returns {{epoch: number, coming: boolean}} its epoch, and whether the right one is on its way */
  epochOf(at) {
    const { run } = this.sides[at];
    const wanted = run.epochs[nearestPlace(run.epochs, this.cursor.epoch)];
    return run.has(wanted) ? { epoch: wanted, coming: false } : { epoch: run.last, coming: true };
  }

  /** @returns {Float32Array[]} by side: the code from which it sets out, at its epoch */
  bases() {
    const { start, z } = this.cursor;
    const usual = start.kind === "origin" ? new Float32Array(this.run.latentDim) : Float32Array.from(start.code ?? z);
    const own = this.imageCode(this.lead, start) ?? usual;
    return this.sides.map(({ pairing, start: other }, at) => {
      if (at === this.lead) return own;
      return this.imageCode(at, other ?? start) ?? pairing.carry(own);
    });
  }

  /** @param {number} at @param {Start} start @returns {Float32Array|null} the code that the side has of the image */
  imageCode(at, start) {
    const { run } = this.sides[at];
    const place = run.place(start);
    return place < 0 ? null : run.mean(this.panels[at].epoch, place).slice();
  }

  /** Set out anew. @param {Float32Array[]} bases by side @param {ArrayLike<number>} code of the one that leads */
  begin(bases, code) {
    this.codes.begin(bases, code);
    this.begun = this.of();
  }

  // What Python says ------------------------------------------------------------------------------------------------

  /** Show the cursor that Python chose. What has been added to the other runs' codes stays where the image does. */
  takeCursor() {
    this.showEpoch();
    if (this.begun === this.of()) this.codes.rebase(this.bases(), this.cursor.z);
    else this.begin(this.bases(), this.cursor.z);
    this.images.show(this.cursor.start);
    this.showCodes();
  }

  /**
   * @param {Memory} memory as the address says it, or as it was left; of other runs or another image the codes are not taken
   * @returns {string[]} what of it is not shown, as sentences about the address
   */
  takeView(memory) {
    const fits = memory.of === "" || memory.of === this.of();
    const there = memory.to === null || this.run.place({ kind: "digit", index: memory.to }) >= 0;
    this.view = { ...memory, to: there ? memory.to : null };
    this.walks.setShare(memory.share);
    this.place.root.dataset.show = memory.show;
    this.unfold(memory.open);
    this.codes.together = memory.pairs;
    const taken = fits && this.codes.take(memory.moved);
    this.pair(memory.pairs);
    return [
      ...(there ? [] : [`The address asks for a walk to test image ${memory.to}, which is not here.`]),
      ...(taken ? [] : ["The codes that the address has of the other runs do not fit them, and are left out."]),
    ];
  }

  /** The dimensions may be called otherwise, and weights of other epochs may have come. */
  freshen() {
    const rest = this.sides.map(({ run }) => run.whole);
    if (rest.some((whole, at) => whole !== this.rest[at])) {
      this.rest = rest;
      this.showEpoch();
      this.carryOver(this.codes.all[this.lead]);
    }
    for (const { rows, epoch } of this.panels) rows.showNames(epoch);
  }

  // What a person does ----------------------------------------------------------------------------------------------

  /** @param {number} side @param {number} dimension @param {number} value @param {Event} [event] whose latency counts */
  slide(side, dimension, value, event) {
    const moved = this.codes.move(side, dimension, value);
    this.turns.draw(
      moved.map((each) => each.side),
      event,
    );
    for (const each of moved) {
      this.panels[each.side].rows.showValue(each.dimension, this.codes.all[each.side], this.codes.bases[each.side]);
    }
  }

  /** @param {Start} start */
  startFrom(start) {
    this.cursor = new Cursor(this.run, { ...this.cursor, start, z: Array.from(start.code ?? this.cursor.z) });
    const bases = this.bases();
    this.begin(bases, bases[this.lead]);
    this.images.show(start);
    this.showCodes();
    this.release();
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.cursor = this.here().at(epoch);
    this.showEpoch();
    this.carryOver(this.cursor.z);
  }

  /** Take all codes to the epochs at which the panels are now. @param {ArrayLike<number>} code of the run that leads */
  carryOver(code) {
    this.codes.rebase(this.bases(), code);
    this.showCodes();
  }

  /** @param {boolean} together whether what is paired moves together */
  pair(together) {
    this.view.pairs = this.codes.together = together;
    this.layRows();
    this.codes.align();
    this.showCodes();
  }

  /** @returns {Cursor} with the code to which the hand has moved it */
  here() {
    return new Cursor(this.run, { ...this.cursor, z: Array.from(this.codes.all[this.lead]) });
  }

  /** Tell Python where the cursor is, and the other runs beside it, once the hand or the key lets go. */
  release() {
    this.cursor = this.here();
    this.cursor.tell(this.link);
    this.remember();
  }

  /** @returns {string} the runs and the image of which the codes are */
  of() {
    const { kind, index, code } = this.cursor.start;
    return JSON.stringify([kind, index, code, ...this.sides.map(({ run }) => run.key)]);
  }

  /** @returns {Memory} */
  memory() {
    return { ...this.view, moved: this.codes.moved(), of: this.of() };
  }

  remember() {
    this.place.remember(this.memory());
  }

  // What is shown ---------------------------------------------------------------------------------------------------

  /** The rows of every side, those that stand for the same beside each other. */
  layRows() {
    const { few, factors } = this.place;
    const order = orderOf(this.run, factors);
    this.panels.forEach(({ rows, epoch }, at) => {
      rows.lay(at === this.lead ? alone(order) : entriesBeside(this.sides[at], order, this.codes.together), few);
      rows.showNames(epoch);
    });
  }

  showEpoch() {
    this.place.clock.show(this.cursor.epoch);
    this.panels.forEach((panel, at) => {
      const { epoch, coming } = this.epochOf(at);
      panel.showEpoch(epoch, this.cursor.epoch, coming);
    });
  }

  /** All values, and the pictures. */
  showCodes() {
    const { all, bases } = this.codes;
    this.panels.forEach(({ rows }, at) => {
      rows.showValues(all[at], bases[at]);
    });
    this.showWalk();
  }

  /** @param {boolean} open whether all sliders are shown */
  unfold(open) {
    this.view.open = open;
    for (const { rows } of this.panels) rows.more.open = open;
  }

  showView() {
    this.place.root.dataset.show = this.view.show;
    this.showWalk();
  }

  /** The way from each code to that of the second image, if that is looked at; and the pictures. */
  showWalk() {
    if (this.view.show === "walk") {
      const end = this.endPlace();
      this.ends.show(end);
      const { class_names: names } = this.run.about;
      this.endText.textContent = `Walk to test image ${this.run.indices[end]}, class ${names[this.run.label(end)]}`;
      shorten(this.endText, ...names);
      const index = this.run.indices[end];
      const ends = this.sides.map(({ run, start }, at) => {
        const place = run.place({ kind: "digit", index });
        // Of other images, one that is of another class than its first.
        const other = run.labels.findIndex(
          (label) => label !== run.label(Math.max(0, run.place(start ?? this.cursor.start))),
        );
        return run.mean(this.panels[at].epoch, start || place < 0 ? Math.max(0, other) : place).slice();
      });
      this.walks.lead(this.codes.all, ends);
    }
    this.turns.drawAll();
  }

  /** @returns {number} the place of the second image: as it was chosen, or the first of the class after the cursor's */
  endPlace() {
    const { view, run, ends } = this;
    const chosen = view.to === null ? -1 : run.place({ kind: "digit", index: view.to });
    if (chosen >= 0) return chosen;
    const label = run.label(Math.max(0, run.place(this.cursor.start)));
    return ends.places.find((place) => run.labels[place] > label) ?? ends.places[0] ?? 0;
  }
}
