/**
 * The grid of all active dimensions: every row leads along one of them, through the present code.
 */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";
import { Mosaic } from "../shared/mosaic.js";

const GRID_VALUES = [-3, -2, -1, 0, 1, 2, 3];
const GRID_LEVELS = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
const GRID_SLICE_MS = 3;
const GRID_SLICE_IN_TOUR_MS = 1; // the tour's own frames come first

export class Grid {
  /** @param {HTMLElement} section @param {{choose: function(number, number), moded: function()}} listener */
  constructor(section, listener) {
    this.section = section;
    this.mode = "values";
    this.visible = false;
    this.mosaic = new Mosaic(section.querySelector(".cells"), {
      columns: GRID_VALUES.length,
      slice: GRID_SLICE_MS,
      choose: (position) => listener.choose(this.cells[position].dimension, this.cells[position].value),
    });
    for (const radio of section.querySelectorAll("[name=columns]")) {
      radio.onchange = () => {
        this.setMode(radio.value);
        listener.moded();
      };
    }
    // Nothing is decoded for a grid that nobody sees.
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      if (this.visible && this.current) this.show(...this.current);
    }).observe(section.querySelector(".cells"));
  }

  /** @param {Spread} spread */
  open(run, spread) {
    Object.assign(this, { run, spread, current: null });
    this.cells = spread.active.flatMap((dimension) =>
      GRID_VALUES.map((_, column) => ({ dimension, column, value: 0, code: new Float32Array(run.latentDim) })),
    );
    this.mosaic.open(run, this.cells.map(() => ""));
    this.mosaic.buttons.forEach((button) => button.append(make("span", "", "", { "aria-hidden": "true" })));
    this.heads = spread.active.map((dimension) => {
      const head = make("span", "row-head", `z${dimension} `);
      head.append(make("small"));
      return head;
    });
    this.section.querySelector(".row-heads").replaceChildren(...this.heads);
    this.setMode(this.mode);
  }

  /** @param {boolean} playing whether the tour is on */
  makeWay(playing) {
    this.mosaic.slice = playing ? GRID_SLICE_IN_TOUR_MS : GRID_SLICE_MS;
  }

  setMode(mode) {
    this.mode = mode;
    this.section.classList.toggle("quantiles", mode === "quantiles");
    for (const radio of this.section.querySelectorAll("[name=columns]")) radio.checked = radio.value === mode;
    const inPercent = GRID_LEVELS.map((level) => `${100 * level} %`);
    const texts = mode === "values" ? GRID_VALUES.map((value) => number(value, 0)) : inPercent;
    this.section.querySelector(".column-heads").replaceChildren(...texts.map((text) => make("span", "", text)));
    this.named = null;
    if (this.current) this.show(...this.current);
  }

  /** Give every cell its value at this epoch, and its name. */
  name(epoch) {
    this.named = epoch;
    this.cells.forEach((cell, position) => {
      const { dimension, column } = cell;
      const level = GRID_LEVELS[column];
      const values = this.mode === "values";
      cell.value = values ? GRID_VALUES[column] : this.spread.quantile(epoch, dimension, level);
      const text = number(cell.value);
      const button = this.mosaic.buttons[position];
      const which = values ? "" : `, the ${100 * level} % quantile`;
      button.setAttribute("aria-label", `Set z${dimension} to ${text}${which}`);
      button.lastChild.textContent = text;
    });
    const kl = this.run.kl(epoch);
    this.spread.active.forEach((dimension, row) => {
      this.heads[row].lastChild.textContent = `${number(kl[dimension])} nats`;
    });
  }

  /** Have it follow this code, in the frames to come. */
  show(epoch, z) {
    this.current = [epoch, z];
    if (this.named !== epoch) this.name(epoch); // seen or not: a button without a name is none to a screen reader
    if (!this.visible) return;
    for (const { dimension, value, code } of this.cells) {
      code.set(z);
      code[dimension] = value;
    }
    this.mosaic.show(this.run.decoder(epoch), this.cells.map((cell) => cell.code));
    this.mark(z);
  }

  /** Frame in every row the cell that is nearest to the present code, if one is near. */
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

  /** @returns {{what: string, rows: string[], heads: string[]}} what its rows and columns are, as a picture says it */
  words() {
    const kl = this.run.kl(this.named);
    const rows = this.spread.active.map((dimension) => `z${dimension} · KL ${number(kl[dimension])}`);
    const heads = Array.from(this.section.querySelectorAll(".column-heads span"), (head) => head.textContent);
    return { what: this.mode === "values" ? "the values over the columns" : "the quantiles of the data over the columns", rows, heads };
  }

  /** All its images, row by row, drawn now where they were still to come. */
  images(epoch, z) {
    const before = this.visible;
    this.visible = true;
    this.show(epoch, z);
    this.visible = before;
    return this.mosaic.finished();
  }
}
