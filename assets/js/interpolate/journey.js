/** One run's walk and grid between four ends, at the epoch of the cursor. */

import { number } from "../engine/numbers.js";
import { Cursor } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";
import { Picture } from "../shared/pictures.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { explain } from "../shared/terms.js";
import { toAddress, USUAL } from "./address.js";
import { changeWords } from "./change.js";
import { Chooser } from "./chooser.js";
import { CORNERS, Corners } from "./corners.js";
import { Ends, isImage, LETTERS } from "./ends.js";
import { Lengths } from "./lengths.js";
import { codeNorm, STEPS, Way } from "../engine/walk.js";

/** @import { LiveRun, Start } from "../engine/run.js" */
/** @import { Clock } from "../shared/clock.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { Memory } from "./address.js" */
/** @import { End } from "./ends.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Method } from "../engine/walk.js" */

const SLICE_STILL = 8; // milliseconds of a frame that steps and grid may take to be drawn anew
const SLICE_PLAYING = 2; // the play comes first

/** What all runs have in common on the page. @typedef {{root: HTMLElement, link: Link, clock: Clock, playback: Playback}} Place */

export class Journey {
  /**
   * @param {Place} place @param {LiveRun} run @param {LiveData} data @param {End|null} drawing the one that there is
   * @param {Memory} memory
   */
  constructor({ root, link, clock, playback }, run, data, drawing, memory) {
    this.root = root;
    this.run = run;
    this.link = link;
    this.clock = clock;
    this.playback = playback;
    this.drawing = drawing;
    this.find = finder(root);
    this.cursor = new Cursor(run, data.cursor);
    /** @type {number|null} */
    this.revision = null;
    this.offer = new Ends(run);
    this.ends = this.endsOf(memory);
    /** @type {Method} */
    this.method = memory.method === "spherical" ? "spherical" : "linear";
    this.way = this.wayBetween();
    this.z = new Float32Array(run.latentDim);
    this.out = new Float32Array(run.pixels);
    this.mixed = new Float32Array(run.pixels);
    this.picture = new Picture(this.find(".walk", HTMLCanvasElement), run.imageShape);
    this.fade = new Picture(this.find(".fade", HTMLCanvasElement), run.imageShape);
    this.norm = this.find(".norm");
    clock.open(run);
    this.steps = new Mosaic(this.find(".walk-steps"), { columns: STEPS, choose: (step) => this.chooseStep(step) });
    this.steps.open(
      run,
      this.way.steps.map((_, step) => `Step ${step + 1} of ${STEPS}`),
    );
    this.corners = new Corners(root, run, this.way, (cell) => this.chooseCell(cell), memory.cell);
    this.makeWay(playback.frame !== 0);
    this.lengths = new Lengths(root, run);
    this.chooser = new Chooser(root, run, this.offer, {
      chosen: (end) => this.setEnd(end),
      slotted: () => this.remember(),
    });
    this.restore(memory);
    this.listen();
  }

  listen() {
    const { root, find, offer } = this;
    for (const radio of radiosOf(root, "method")) {
      radio.onchange = () => {
        this.method = radio.value === "spherical" ? "spherical" : "linear";
        this.setEnds(this.ends);
      };
    }
    find(".all-random").onclick = () => this.setEnds(offer.random());
    find(".swap").onclick = () => {
      const [a, b, ...others] = this.ends;
      this.setEnds([b, a, ...others]);
    };
    find(".one-random").onclick = () => {
      const others = this.ends.filter((_, slot) => slot !== this.chooser.slot);
      this.setEnd(offer.randomBeside(others));
    };
    find(".from-cursor").onclick = () => this.setEnd(offer.ofCursor(this.cursor));
    find(".from-drawing").onclick = () => this.drawing && this.setEnd(this.drawing);
    find(".send").onclick = () => {
      this.playback.pause();
      this.chooseShare(this.playback.share);
    };
  }

  /** Another run takes its place. */
  close() {
    this.steps.close();
    this.corners.mosaic.close();
  }

  get epoch() {
    return this.cursor.epoch;
  }

  // What the page remembers -----------------------------------------------------------------------------------------

  /** @returns {Memory} */
  memory() {
    const { run, ends, method, playback, chooser, corners } = this;
    const { slot, shownClass } = chooser;
    const shown = this.offer.labelOf(ends[slot]) < 0 ? shownClass : null;
    const { share, seconds, back } = playback;
    const pace = { share, seconds: seconds.value, back: back.checked };
    return { key: run.key, ends, slot, method, ...pace, cell: corners.looked, shown };
  }

  remember() {
    this.link.remember(this.memory(), toAddress, this.run.key);
  }

  /** The ends as they were left, as far as they fit the run. @param {Memory} memory @returns {End[]} */
  endsOf({ ends, key }) {
    const usual = this.offer.usual(this.cursor);
    return LETTERS.map((_, slot) => {
      const kept = ends?.[slot];
      const end = kept?.kind === "drawing" && this.drawing ? this.drawing : kept;
      return end && this.offer.fits(end, key) ? end : usual[slot];
    });
  }

  /** Set the rest up as it was left. @param {Memory} memory */
  restore({ slot, share, seconds, back, shown }) {
    const { playback, chooser } = this;
    chooser.slot = LETTERS.findIndex((_, place) => place === (slot ?? USUAL.slot));
    chooser.usualClass = this.offer.classes.has(shown ?? -1) ? /** @type {number} */ (shown) : this.run.labels[0];
    playback.share = share ?? USUAL.share;
    playback.seconds.value = seconds ?? USUAL.seconds;
    playback.back.checked = back ?? USUAL.back;
    chooseRadio(this.root, "method", this.method);
  }

  // What is shown ---------------------------------------------------------------------------------------------------

  wayBetween() {
    const codes = this.ends.map((end) => this.offer.codeOf(end, this.epoch));
    return new Way(this.run, this.epoch, codes, this.method);
  }

  /** Show the cursor that Python chose: its epoch is the clock of this page. */
  takeCursor() {
    this.find(".sent").textContent = "";
    this.show();
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.show();
  }

  /** @param {End} end of the slot that is being chosen */
  setEnd(end) {
    this.setEnds(this.ends.map((before, slot) => (slot === this.chooser.slot ? end : before)));
  }

  /** @param {End[]} ends */
  setEnds(ends) {
    this.ends = ends;
    this.show();
    this.remember();
  }

  /** Everything that follows from ends, method and epoch. */
  show() {
    this.way = this.wayBetween();
    this.clock.show(this.epoch);
    this.steps.show(this.way.decoder, this.way.steps, () => {
      this.lengths.show(this.steps.images);
      this.corners.draw(); // after the steps, so that a frame of the play has one slice to bear
    });
    this.corners.lie(this.way);
    explain(this.find(".method-note"), this.methodWords());
    this.showMeaning();
    this.chooser.show(this.ends, this.way);
    this.showCursor();
    this.playback.show();
  }

  /** What changes on the way, by the names that the dimensions have. */
  showMeaning() {
    const [from, to] = this.way.codes;
    this.find(".change").textContent = changeWords(this.run, this.epoch, from, to);
  }

  /** @returns {string} with marked words */
  methodWords() {
    if (this.method === "linear") {
      return (
        "[Linear](#linear): the straight line. Its [norm](#norm) dips where the two codes point apart, other than on the " +
        "[spherical](#spherical) way."
      );
    }
    return this.way.walk.turns
      ? "[Spherical](#spherical): the direction turns at an even pace, and the [norm](#norm) goes evenly from one to the other."
      : "[Spherical](#spherical): both codes lie on one line through the [origin](#origin), so this is the straight line.";
  }

  /** The pictures at a share of the way: a decode and a mix. @param {number} share */
  draw(share) {
    const { mixed, z, way } = this;
    const { first, last, decoder, walk } = way;
    this.picture.draw(decoder.decode(walk.at(share, z), this.out), 255);
    for (let i = 0; i < mixed.length; i++) mixed[i] = (1 - share) * first[i] + share * last[i];
    this.fade.draw(mixed, 255);
    explain(this.norm, `[‖z‖](#norm) ${number(codeNorm(z))}`);
  }

  /** @param {boolean} playing whether the play moves by itself */
  makeWay(playing) {
    this.steps.slice = this.corners.mosaic.slice = playing ? SLICE_PLAYING : SLICE_STILL;
  }

  // The cursor ------------------------------------------------------------------------------------------------------

  /** @param {number} step */
  chooseStep(step) {
    this.playback.scrubTo(step / (STEPS - 1));
    this.chooseShare(this.playback.share, `Step ${step + 1}`);
  }

  /** @param {number} share @param {string} [name] */
  chooseShare(share, name = `The point at ${Math.round(100 * share)} %`) {
    const end = share === 0 ? this.ends[0] : share === 1 ? this.ends[1] : undefined;
    this.setCursor(this.way.walk.at(share, new Float32Array(this.run.latentDim)), end, name);
  }

  /** @param {number} cell */
  chooseCell(cell) {
    this.setCursor(this.corners.codes[cell], this.ends[CORNERS.indexOf(cell)], this.corners.nameOf(cell));
  }

  /**
   * @param {Float32Array} code @param {End|undefined} end whose code it is; an image stays one, and so is kept when the
   *   epoch moves
   * @param {string} name of what was chosen
   */
  setCursor(code, end, name) {
    const z = Array.from(code);
    const image = end && isImage(end) ? end : null;
    /** @type {Start} */
    const start = image ? { kind: image.kind, index: image.index } : { kind: "code", code: z };
    this.cursor = new Cursor(this.run, { z, epoch: this.epoch, start, keep: image ? "digit" : "code" });
    this.find(".sent").textContent = `${name} is the cursor now, on every page.`;
    this.showCursor();
    this.tell();
  }

  /** Python hears of the cursor, and of the ends beside it: those that nobody chose follow from where it was at first. */
  tell() {
    this.cursor.tell(this.link);
    this.remember();
  }

  showCursor() {
    this.steps.mark(this.way.steps.findIndex((code) => this.cursor.isAt(code)));
    this.corners.mark(this.cursor);
  }
}
