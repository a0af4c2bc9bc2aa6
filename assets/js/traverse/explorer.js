/** One run's latent space under the hand: the code, its picture, and all that follows when either the hand or the clock moves. */

import { Cursor } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { live } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { FOLDS } from "./address.js";
import { Directions } from "./directions.js";
import { Evidence } from "./evidence.js";
import { Grid } from "./grid.js";
import { Guide } from "./guide.js";
import { Pad } from "./pad.js";
import { Posterior } from "./posterior.js";
import { Sliders } from "./sliders.js";
import { Spread } from "./spread.js";
import { StartPanel } from "./start.js";
import { Strip } from "./strip.js";
import { Surroundings } from "./surroundings.js";

/** @import { CursorState, LiveRun, Start } from "../engine/run.js" */
/** @import { Clock } from "../shared/clock.js" */
/** @import { Link } from "../shared/link.js" */
/** @import { Memory } from "./address.js" */

/**
 * What all runs have in common on the page.
 * @typedef {{root: HTMLElement, link: Link, clock: Clock}} Place
 */

export class Explorer {
  /**
   * @param {Place} place @param {LiveRun} run @param {CursorState} cursor where it begins
   * @param {Memory} memory @param {(memory: Memory) => void} remember
   */
  constructor({ root, link, clock }, run, cursor, memory, remember) {
    this.run = run;
    this.link = link;
    this.clock = clock;
    this.remember = () => remember(this.memory());
    /** As it was told last; the hand may have moved the code since. */
    this.cursor = new Cursor(run, cursor);
    /** @type {number|null} */
    this.revision = null;
    this.z = Float32Array.from(cursor.z); // under the hand
    /** @type {Float32Array} the code to which a reset returns */
    this.base = this.z;
    const { along = run.about.order[0] } = ofRun(run, memory);
    this.dimension = along; // along which the strip leads
    this.out = new Float32Array(run.pixels);
    this.spread = new Spread(run);
    const find = finder(root);
    clock.open(run);
    const { picture, start, sliders, evidence, directions, strip, pad, grid } = assemble(this, root, memory);
    this.picture = picture;
    this.start = start;
    this.sliders = sliders;
    this.evidence = evidence;
    this.directions = directions;
    this.strip = strip;
    this.pad = pad;
    this.grid = grid;
    this.surroundings = new Surroundings(root, this);
    this.guide = new Guide(root, this);
    this.posterior = new Posterior(root, this);
    this.meaning = run.meaning;
    find(".reset").onclick = () => {
      this.setCode(this.base);
      this.release();
    };
    const folds = [find(".passive", HTMLDetailsElement), find(".directions", HTMLDetailsElement)];
    this.folds = folds;
    folds.forEach((fold, place) => {
      fold.open = memory.open?.includes(FOLDS[place]) ?? false;
      fold.onclick = (event) => {
        // Before it opens or closes: what follows from a click, and not from this program, is remembered.
        if (event.target instanceof Element && event.target.closest("summary")) setTimeout(() => this.remember());
      };
    });
    /** @type {Memory|null} of which there is more to show once the cursor is taken */
    this.left = memory;
    if (run.labels.includes(memory.shown ?? -1)) this.start.usualClass = /** @type {number} */ (memory.shown);
    this.lead();
  }

  /** @returns {Memory} */
  memory() {
    const { run, grid, pad, dimension, posterior, directions, folds, start } = this;
    return {
      run: run.key,
      grid: grid.mode,
      pad: pad.dimensions(),
      along: dimension,
      samples: posterior.drawn,
      open: FOLDS.filter((_, place) => folds[place].open),
      shift: directions.shift(),
      shown: start.label < 0 ? start.shownClass : null,
    };
  }

  /** Another run takes its place. */
  close() {
    this.guide.tour.stop();
    this.posterior.close();
    this.evidence.hide();
    this.surroundings.close();
    this.grid.close();
    this.pad.close();
  }

  /** Python has answered, and the theme may have changed. */
  answered() {
    this.guide.leaving.answered();
  }

  /** Something else is known of the dimensions, or may be said of them. @param {string} readOnly why nothing can be named, "" if it can */
  takeMeaning(readOnly) {
    this.evidence.readOnly = readOnly;
    if (this.meaning === this.run.meaning) return;
    this.meaning = this.run.meaning;
    this.showMeaning();
  }

  get epoch() {
    return this.cursor.epoch;
  }

  // The code --------------------------------------------------------------------------------------------------------

  /** Show the cursor that Python chose. */
  takeCursor() {
    this.guide.tour.stop();
    this.base = this.codeOfStart() ?? Float32Array.from(this.cursor.z);
    this.z = Float32Array.from(this.cursor.z);
    this.start.show(this.cursor);
    this.showEpoch();
    this.setCode(this.z);
    if (!this.left) return;
    const { left } = this;
    this.left = null;
    this.directions.place(ofRun(this.run, left).shift ?? {});
    this.posterior.restore(left.samples);
  }

  /** @returns {Cursor} with the code to which the hand has moved it */
  here() {
    return new Cursor(this.run, { ...this.cursor, z: Array.from(this.z) });
  }

  /** Tell Python where the cursor is, once the hand or the key lets go, and what else it has changed. */
  release() {
    this.guide.tour.stop();
    this.cursor = this.here();
    this.cursor.tell(this.link);
    this.remember();
  }

  /** @param {Start} start */
  startFrom(start) {
    this.cursor = new Cursor(this.run, { ...this.cursor, start });
    this.base = this.codeOfStart() ?? this.base;
    this.start.show(this.cursor);
    this.posterior.show();
    this.setCode(this.base);
    this.release();
  }

  /** @returns {Float32Array|null} the code to which a reset returns, null if only the cursor itself knows */
  codeOfStart() {
    const { run, epoch, cursor } = this;
    const { kind, code } = cursor.start;
    const place = run.place(cursor.start);
    if (place >= 0) return run.mean(epoch, place).slice();
    if (kind === "origin") return new Float32Array(run.latentDim);
    return code ? Float32Array.from(code) : null;
  }

  /** @param {ArrayLike<number>} code */
  setCode(code) {
    this.z = Float32Array.from(code);
    this.directions.reset();
    this.draw();
    this.showValues();
    this.refresh();
  }

  /**
   * Give some dimensions new values, as a hand does: decode and draw, and only then the numbers around the picture.
   * @param {[number, number][]} changes @param {Event} [event] what caused them, if its latency counts
   */
  place(changes, event) {
    this.guide.tour.stop();
    for (const [dimension, value] of changes) this.z[dimension] = value;
    this.draw();
    if (event) live.recordLatency(performance.now() - event.timeStamp);
    for (const [dimension] of changes) this.showValue(dimension);
    if (changes.every(([dimension]) => dimension === this.dimension)) {
      this.strip.mark(this.z);
      this.follow();
    } else {
      this.refresh();
    }
  }

  /** Give one a new value, as a tour does. @param {number} dimension @param {number} value */
  move(dimension, value) {
    this.z[dimension] = value;
    this.draw();
    this.showValue(dimension);
    this.strip.mark(this.z);
    this.follow();
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.guide.tour.stop();
    this.cursor = this.here().at(epoch);
    if (this.cursor.kept >= 0) {
      this.base = this.codeOfStart() ?? this.base;
      this.setCode(this.cursor.z);
    } else {
      this.draw();
      this.showValues(); // the data lie elsewhere
      this.refresh();
    }
    this.showEpoch();
  }

  // What is shown ---------------------------------------------------------------------------------------------------

  draw() {
    this.picture.draw(this.run.decoder(this.epoch).decode(this.z, this.out), 255);
  }

  /** @param {number} dimension */
  showValue(dimension) {
    this.sliders.showValue(dimension, this.epoch, this.z, this.base);
  }

  showValues() {
    this.sliders.showValues(this.epoch, this.z, this.base);
  }

  showEpoch() {
    this.clock.show(this.epoch);
    this.sliders.showKl(this.epoch);
    this.directions.show(this.epoch);
    this.evidence.show(this.epoch);
    this.lead();
    this.posterior.show();
  }

  /** The dimensions may be called otherwise than before. Pad and grid do the same by themselves when the epoch moves. */
  showMeaning() {
    this.showEpoch();
    this.pad.draw(this.epoch);
    this.grid.name(this.epoch);
  }

  /** Have the strip lead along a dimension. @param {number} dimension */
  showDimension(dimension) {
    if (dimension === this.dimension) return;
    this.dimension = dimension;
    this.surroundings.speak(); // no caption may speak of the dimension before
    this.lead();
    this.refresh();
  }

  lead() {
    this.strip.lead(this.dimension, this.run.meaning.called(this.epoch, this.dimension));
    this.sliders.mark(this.dimension);
  }

  /** Have the strip and all else follow. */
  refresh() {
    this.strip.mark(this.z);
    this.strip.refresh();
    this.follow();
  }

  /** Have all that goes with the picture follow in the frames to come. */
  follow() {
    this.posterior.follow();
    this.grid.show(this.epoch, this.z);
    this.surroundings.follow();
  }
}

/** What is remembered of a run's own dimensions, nothing of another's. @param {LiveRun} run @param {Memory} memory @returns {Memory} */
function ofRun({ key, latentDim }, { run, along, pad, shift }) {
  if (run !== key) return {};
  /** @param {number|null|undefined} dimension */
  const known = (dimension) => dimension !== undefined && dimension !== null && dimension < latentDim;
  return {
    along: known(along) ? along : undefined,
    pad: pad?.length === 2 && pad.every(known) ? pad : undefined,
    shift,
  };
}

/** @param {LiveRun} run @param {Memory} memory @returns {[number, number]} the pad's dimensions: as they were left, or the first two */
function usualPad(run, memory) {
  const [across, up = across] = ofRun(run, memory).pad ?? run.about.order;
  return [across, up];
}

/**
 * The parts that say when the hand has done something, and what follows from it.
 * @param {Explorer} explorer whose run, link and spread are there @param {HTMLElement} root @param {Memory} memory
 */
function assemble(explorer, root, memory) {
  const { run } = explorer;
  const find = finder(root);
  const picture = new Picture(find(".decoded", HTMLCanvasElement), run.imageShape);
  const start = new StartPanel(root, run, {
    started: (start) => explorer.startFrom(start),
    keep: (keep) => {
      explorer.cursor.keep = keep;
      explorer.release();
    },
  });
  const sliders = new Sliders(root, run, explorer.spread, {
    slid: (dimension, value, event) => {
      explorer.showDimension(dimension);
      explorer.place([[dimension, value]], event);
    },
    released: () => explorer.release(),
    chosen: (dimension) => {
      if (explorer.guide.tour.playing) explorer.release();
      explorer.showDimension(dimension);
    },
    reset: (dimension) => {
      explorer.z[dimension] = explorer.base[dimension];
      explorer.setCode(explorer.z);
      explorer.release();
    },
    asked: (dimension) => {
      explorer.showDimension(dimension);
      explorer.evidence.toggle(dimension, explorer.sliders.all[dimension].row, explorer.epoch);
    },
  });
  const evidence = new Evidence(run, {
    named: (dimension, name) => explorer.link.send("name", { dimension, name }),
    closed: (dimension) => explorer.sliders.all[dimension].input.focus(),
  });
  const directions = new Directions(root, run, {
    moved: (vector, by, event) =>
      explorer.place(
        vector.map((step, dimension) => [dimension, explorer.z[dimension] + by * step]),
        event,
      ),
    released: () => explorer.release(),
  });
  const strip = new Strip(root, run, (value) => {
    explorer.place([[explorer.dimension, value]]);
    explorer.release();
  });
  const pad = new Pad(find(".two"), run, usualPad(run, memory), {
    moved: (changes, event) => explorer.place(changes, event),
    released: () => explorer.release(),
    chosen: () => {
      explorer.follow();
      explorer.remember();
    },
  });
  const grid = new Grid(find(".all"), run, explorer.spread, memory.grid === "quantiles" ? "quantiles" : "values", {
    choose: (dimension, value) => {
      explorer.showDimension(dimension);
      explorer.place([[dimension, value]]);
      explorer.release();
    },
    moded: () => explorer.remember(),
  });
  return { picture, start, sliders, evidence, directions, strip, pad, grid };
}
