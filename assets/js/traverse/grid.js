/**
 * The grid of all active dimensions: every row leads along one of them, through the present code.
 */

import { number } from "../engine/numbers.js";
import { cut } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { Spread } from "./spread.js" */

const GRID_VALUES = [-3, -2, -1, 0, 1, 2, 3];
const GRID_LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
const GRID_SLICE_MS = 3;
const GRID_SLICE_IN_TOUR_MS = 1; // the tour's own frames come first

/** @typedef {"values"|"quantiles"} Mode what the columns are */
/** @typedef {{dimension: number, column: number, value: number, code: Float32Array}} Cell */

export class Grid {
  /**
   * @param {HTMLElement} section @param {LiveRun} run @param {Spread} spread @param {Mode} mode
   * @param {{choose: (dimension: number, value: number) => void, moded: () => void}} listener
   */
  constructor(section, run, spread, mode, listener) {
    this.section = section;
    this.run = run;
    this.spread = spread;
    this.mode = mode;
    this.visible = false;
    /** @type {{epoch: number, z: ArrayLike<number>}|null} what it shows, seen or not */
    this.current = null;
    /** @type {number|null} the epoch for which the cells have their values and names */
    this.named = null;
    const find = finder(section);
    const cells = find(".cells");
    this.columnHeads = find(".column-heads");
    /** @type {Cell[]} */
    this.cells = spread.active.flatMap((dimension) =>
      GRID_VALUES.map((_, column) => ({ dimension, column, value: 0, code: new Float32Array(run.latentDim) })),
    );
    this.mosaic = new Mosaic(cells, {
      columns: GRID_VALUES.length,
      slice: GRID_SLICE_MS,
      choose: (position) => listener.choose(this.cells[position].dimension, this.cells[position].value),
    });
    this.mosaic.open(
      run,
      this.cells.map(() => ""),
    );
    this.values = this.mosaic.buttons.map((button) => {
      const text = make("span", "", "", { "aria-hidden": "true" });
      button.append(text);
      return text;
    });
    this.nats = spread.active.map(() => make("small"));
    this.called = spread.active.map(() => make("b"));
    const rowHeads = spread.active.map((dimension, row) => {
      const head = make("span", "row-head", `z${dimension} `);
      head.append(this.called[row], this.nats[row]);
      return head;
    });
    find(".row-heads").replaceChildren(...rowHeads);
    for (const radio of radiosOf(section, "columns")) {
      radio.onchange = () => {
        this.setMode(radio.value === "quantiles" ? "quantiles" : "values");
        listener.moded();
      };
    }
    this.setMode(mode);
    // Nothing is decoded for a grid that nobody sees.
    this.observer = new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      if (this.visible) this.showAgain();
    });
    this.observer.observe(cells);
  }

  /** Another takes its place. */
  close() {
    this.observer.disconnect();
    this.mosaic.close();
  }

  /** @param {boolean} playing whether the tour is on */
  makeWay(playing) {
    this.mosaic.slice = playing ? GRID_SLICE_IN_TOUR_MS : GRID_SLICE_MS;
  }

  /** @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    this.section.classList.toggle("quantiles", mode === "quantiles");
    chooseRadio(this.section, "columns", mode);
    const inPercent = GRID_LEVELS.map((level) => `${100 * level} %`);
    const texts = mode === "values" ? GRID_VALUES.map((value) => number(value, 0)) : inPercent;
    this.columnHeads.replaceChildren(...texts.map((text) => make("span", "", text)));
    this.named = null;
    this.showAgain();
  }

  /** Give every cell its value at this epoch, and its name. @param {number} epoch */
  name(epoch) {
    this.named = epoch;
    this.cells.forEach((cell, position) => {
      const { dimension, column } = cell;
      const level = GRID_LEVELS[column];
      const values = this.mode === "values";
      cell.value = values ? GRID_VALUES[column] : this.spread.quantile(epoch, dimension, level);
      const text = number(cell.value);
      const which = values ? "" : `, the ${100 * level} % quantile`;
      this.mosaic.buttons[position].setAttribute("aria-label", `Set z${dimension} to ${text}${which}`);
      this.values[position].textContent = text;
    });
    const kl = this.run.kl(epoch);
    this.spread.active.forEach((dimension, row) => {
      const { text, kind } = this.run.meaning.name(epoch, dimension);
      this.called[row].textContent = kind === "nothing" ? "" : text;
      this.called[row].title = text;
      this.nats[row].textContent = `${number(kl[dimension])} nats`;
    });
  }

  /** Have it follow this code, in the frames to come. @param {number} epoch @param {ArrayLike<number>} z */
  show(epoch, z) {
    this.current = { epoch, z };
    if (this.named !== epoch) this.name(epoch); // seen or not: a button without a name is none to a screen reader
    if (!this.visible) return;
    for (const { dimension, value, code } of this.cells) {
      code.set(z);
      code[dimension] = value;
    }
    this.mosaic.show(
      this.run.decoder(epoch),
      this.cells.map((cell) => cell.code),
    );
    this.mark(z);
  }

  showAgain() {
    if (this.current) this.show(this.current.epoch, this.current.z);
  }

  /** Frame in every row the cell that is nearest to the present code, if one is near. @param {ArrayLike<number>} z */
  mark(z) {
    for (let first = 0; first < this.cells.length; first += GRID_VALUES.length) {
      const row = this.cells.slice(first, first + GRID_VALUES.length);
      const away = row.map(({ dimension, value }) => Math.abs(value - z[dimension]));
      const least = Math.min(...away);
      row.forEach((_, column) => {
        const button = this.mosaic.buttons[first + column];
        const marked = away[column] === least && least <= 0.5;
        if (marked === button.hasAttribute("aria-current")) return;
        if (marked) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      });
    }
  }

  /** What its rows and columns are, as a picture says it. @param {number} epoch */
  words(epoch) {
    const kl = this.run.kl(epoch);
    const rows = this.spread.active.map(
      (dimension) => `${cut(this.run.meaning.called(epoch, dimension), 40)} · KL ${number(kl[dimension])}`,
    );
    const heads = Array.from(this.columnHeads.children, (head) => head.textContent);
    return {
      what: this.mode === "values" ? "the values over the columns" : "the quantiles of the data over the columns",
      rows,
      heads,
    };
  }

  /** All its images, row by row, drawn now where they were still to come. @param {number} epoch @param {ArrayLike<number>} z */
  images(epoch, z) {
    const before = this.visible;
    this.visible = true;
    this.show(epoch, z);
    this.visible = before;
    return this.mosaic.finished();
  }
}
