/** The dimensions × the factors, a number a cell; a cell opens the pictures behind it. */

import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { explain } from "../shared/terms.js";

/** @import { Dimension, Factor } from "../engine/meaning.js" */
/** @import { LiveRun } from "../engine/run.js" */
/** @import { EpochFigures } from "../shared/meanings.js" */

/** @typedef {"effects"|"information"} By what the numbers are */
/** @typedef {Factor|"class"} Column */
/** @typedef {{dimension: number, column: Column}} Cell */

const FACTOR_COLUMNS = /** @type {Factor[]} */ (["thickness", "slant", "width", "height", "length", "area"]);
const FULL_EFFECT = 3; // standard deviations at which a cell has its full colour

/** @param {number} value @returns {string} */
const withSign = (value) => {
  const text = number(value, 1);
  return value > 0 && text !== "0.0" ? `+${text}` : text;
};

export class Matrix {
  /**
   * @param {HTMLElement} root @param {LiveRun} run @param {By} by
   * @param {{chosen: (dimension: number, column: Column) => void, changed: () => void}} listener
   */
  constructor(root, run, by, listener) {
    this.run = run;
    this.by = by;
    this.listener = listener;
    const find = finder(root);
    this.table = find(".matrix table", HTMLTableElement);
    this.note = find(".matrix-note");
    this.passive = find(".matrix-passive");
    this.root = root;
    /** @type {Cell|null} the one whose pictures are shown */
    this.chosen = null;
    /** @type {HTMLButtonElement[][]} by row */
    this.cells = [];
    chooseRadio(root, "by", by);
    for (const radio of radiosOf(root, "by")) {
      radio.onchange = () => {
        this.by = radio.value === "information" ? "information" : "effects";
        listener.changed();
      };
    }
    this.table.onkeydown = (event) => this.move(event);
  }

  /** The dimensions that carry something, those that carry most first. */
  get rows() {
    const { order, passive } = this.run.about;
    return passive < order.length ? order.slice(0, order.length - passive) : [];
  }

  /** @param {number} epoch @param {number} dimension @param {Column} column @param {EpochFigures|null} record @returns {number|undefined} */
  valueOf(epoch, dimension, column, record) {
    if (this.by === "information") {
      return record?.dimensions.find(({ index }) => index === dimension)?.mutual_information?.[column];
    }
    const effects = this.run.meaning.dimension(epoch, dimension)?.evidence?.effects;
    return column === "class" ? undefined : effects?.[column];
  }

  /** @param {number} epoch @param {EpochFigures|null} record what was measured at it */
  show(epoch, record) {
    const { run, rows } = this;
    const information = this.by === "information";
    /** @type {Column[]} */
    const columns = information ? [...FACTOR_COLUMNS, "class"] : FACTOR_COLUMNS;
    const kl = run.kl(epoch);
    const head = make("tr");
    head.append(make("td"));
    for (const text of ["KL", "regime"]) head.append(make("th", "", text, { scope: "col" }));
    for (const column of columns) head.append(make("th", "factor", column, { scope: "col" }));
    this.cells = [];
    const body = rows.map((dimension) => {
      const { text, short, kind } = run.meaning.name(epoch, dimension);
      const known = run.meaning.dimension(epoch, dimension);
      const row = make("tr");
      const name = make("th", `dimension ${kind}`, `z${dimension} `, { scope: "row", title: text });
      if (short) name.append(make("span", "", short));
      row.append(name, make("td", "", number(kl[dimension])), make("td", "regime", regimeWords(known)));
      const cells = columns.map((column) => this.make(epoch, dimension, column, record));
      this.cells.push(cells);
      for (const cell of cells) {
        const frame = make("td", "cell-frame");
        frame.append(cell);
        row.append(frame);
      }
      return row;
    });
    this.table.replaceChildren(head, ...body);
    this.mark();
    const images = run.meaning.at(epoch)?.dimensions.find(({ evidence }) => evidence?.images)?.evidence?.images;
    explain(
      this.note,
      information
        ? "[Mutual information](#mutual-information) of dimension and factor, as a share of what there is to tell of the factor: 0 is nothing, 1 is all of it."
        : `Mean change of a factor, in [standard deviations](#sigma) over the test images, when the dimension alone is moved${
            images ? ` in ${images} codes` : ""
          } and the pictures are decoded and measured. [Mixed](#mixed): with the share of the images that use it.`,
    );
    const { order, passive, passive_below: below } = run.about;
    const last = order.slice(order.length - passive).map((dimension) => `z${dimension}`);
    const none = rows.length ? "" : "No dimension carries anything: the decoder draws one picture, whatever the code. ";
    this.passive.textContent = passive
      ? `${none}Left out, since they carry nothing at epoch ${run.last} (KL below ${below} nats): ${last.join(", ")}.`
      : "";
  }

  /** @param {number} epoch @param {number} dimension @param {Column} column @param {EpochFigures|null} record @returns {HTMLButtonElement} */
  make(epoch, dimension, column, record) {
    const value = this.valueOf(epoch, dimension, column, record);
    const information = this.by === "information";
    const text = value === undefined ? "–" : information ? number(value) : withSign(value);
    const unit = information ? "of what there is to tell" : "standard deviations";
    const said = value === undefined ? "not measured" : `${text} ${unit}`;
    const cell = make("button", "", text, {
      type: "button",
      "aria-label": `z${dimension} and ${column}: ${said}. Show the pictures`,
    });
    const share = value === undefined ? 0 : Math.min(1, Math.abs(value) / (information ? 1 : FULL_EFFECT));
    cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
    cell.classList.toggle("strong", share > 0.6);
    cell.onclick = () => this.choose(dimension, column);
    return cell;
  }

  /** @param {number} dimension @param {Column} column */
  choose(dimension, column) {
    this.chosen = { dimension, column };
    this.mark();
    this.listener.chosen(dimension, column);
  }

  /** Frame the cell whose pictures are shown, and let the Tab key reach it alone. */
  mark() {
    const { chosen, cells, rows } = this;
    const columns = this.by === "information" ? [...FACTOR_COLUMNS, "class"] : FACTOR_COLUMNS;
    const row = chosen ? rows.indexOf(chosen.dimension) : -1;
    const column = chosen ? columns.indexOf(chosen.column) : -1;
    cells.forEach((line, y) => {
      line.forEach((cell, x) => {
        const current = y === row && x === column;
        if (current) cell.setAttribute("aria-current", "true");
        else cell.removeAttribute("aria-current");
        cell.tabIndex = current || (row < 0 || column < 0 ? x + y === 0 : false) ? 0 : -1;
      });
    });
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = steps[event.key];
    if (!step) return;
    const from = /** @type {HTMLButtonElement} */ (event.target);
    const y = this.cells.findIndex((line) => line.includes(from));
    if (y < 0) return;
    const x = this.cells[y].indexOf(from);
    event.preventDefault();
    const cell = this.cells[y + step[0]]?.[x + step[1]];
    if (!cell) return;
    for (const other of this.cells.flat()) other.tabIndex = other === cell ? 0 : -1;
    cell.focus();
  }
}

/** @param {Dimension|null} known @returns {string} with the share of the images that use it, where not all do */
function regimeWords(known) {
  const share = known?.regime === "mixed" ? known.mixed_share : undefined;
  return `${known?.regime ?? "–"}${share === undefined ? "" : ` ${number(100 * share, 0)} %`}`;
}
