/**
 * Disentangle: how far single dimensions stand for single factors. The matrix of both, with the pictures behind each cell; what
 * the KL is spent on over the epochs; and the scores. All at the epoch of the clock that all pages share.
 */

import { recall } from "../shared/asked.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { finder, make } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { figureShelf } from "../shared/meanings.js";
import { fromAddress, toAddress } from "./address.js";
import { showBeside } from "./beside.js";
import { Budget } from "./budget.js";
import { Matrix } from "./matrix.js";
import { Moved } from "./moved.js";
import { Table } from "./table.js";

/** @import { LiveRun, Start } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { Figures } from "../shared/meanings.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./address.js" */
/** @import { Line } from "./beside.js" */
/** @import { Cell, Column } from "./matrix.js" */

/**
 * figures: their key, "" where nothing was measured; beside: this run and others, none where no other is measured
 * @typedef {LiveData & {figures: string, beside?: Line[], memory?: Memory|null}} Data
 */

/** One run's figures at the epoch of the cursor. */
class Look {
  /** @param {HTMLElement} root @param {Link} link @param {Clock} clock @param {LiveRun} run @param {Data} data @param {Memory} memory */
  constructor(root, link, clock, run, data, memory) {
    this.root = root;
    this.link = link;
    this.clock = clock;
    this.run = run;
    this.cursor = new Cursor(run, data.cursor);
    /** @type {number|null} */
    this.revision = null;
    /** @type {Figures|null} */
    this.figures = null;
    clock.open(run);
    const find = finder(root);
    this.missing = find(".missing");
    const remember = () => {
      this.remember();
      this.show();
    };
    this.moved = new Moved(root, run, (z, start) => this.take(z, start));
    this.matrix = new Matrix(root, run, memory.by === "information" ? "information" : "effects", {
      chosen: (dimension, column) => {
        this.moved.show(this.cursor.epoch, dimension, column);
        this.remember();
      },
      changed: remember,
    });
    const { cell } = memory;
    if (cell && this.matrix.rows.includes(cell.dimension)) this.matrix.chosen = /** @type {Cell} */ (cell);
    this.budget = new Budget(root, run, memory.spent === "dimensions" ? "dimensions" : "parts", {
      epoch: (epoch) => {
        if (!run.has(epoch)) return;
        this.setEpoch(epoch);
        this.release();
      },
      changed: remember,
    });
    this.table = new Table(root, run);
    this.width = 0;
    this.resized = new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - this.width) < 1) return;
      this.width = contentRect.width;
      this.budget.show(this.figures, this.cursor.epoch);
    });
    this.resized.observe(find(".budget"));
  }

  /** @returns {Memory} */
  memory() {
    const { matrix, budget } = this;
    return { by: matrix.by, spent: budget.spent, cell: matrix.chosen };
  }

  remember() {
    this.link.remember(this.memory(), toAddress, this.run.key);
  }

  /** Another run takes its place. */
  close() {
    this.moved.close();
    this.resized.disconnect();
  }

  /** @param {number} epoch */
  setEpoch(epoch) {
    this.cursor = this.cursor.at(epoch);
    this.show();
  }

  /** Python hears of the cursor, and of the cell beside it: the usual one is that of the epoch at which it was shown first. */
  release() {
    this.cursor.tell(this.link);
    this.remember();
  }

  /** Make a picture the cursor. @param {Float32Array} z @param {Start} start */
  take(z, start) {
    this.cursor = new Cursor(this.run, { ...this.cursor, z: Array.from(z), start });
    this.release();
    this.moved.words.textContent = "The sliders of all pages stand there now.";
  }

  show() {
    const { run, figures, matrix } = this;
    const { epoch } = this.cursor;
    const record = figures?.epochs[epoch] ?? null;
    this.clock.show(epoch);
    this.say(record !== null || run.meaning.at(epoch) !== null);
    matrix.show(epoch, record);
    this.moved.section.hidden = matrix.rows.length === 0;
    if (matrix.rows.length) {
      matrix.chosen ??= this.usual();
      matrix.mark();
      this.moved.show(epoch, matrix.chosen.dimension, matrix.chosen.column);
    }
    this.budget.show(figures, epoch);
    this.table.show(figures, epoch);
  }

  /** The cell to begin with: the largest change of all. @returns {Cell} */
  usual() {
    const { meaning } = this.run;
    const { epoch } = this.cursor;
    let [best, dimension] = [-1, this.matrix.rows[0]];
    /** @type {Column} */
    let column = "thickness";
    for (const each of this.matrix.rows) {
      for (const [factor, effect] of Object.entries(meaning.dimension(epoch, each)?.evidence?.effects ?? {})) {
        if (Math.abs(effect) <= best) continue;
        best = Math.abs(effect);
        dimension = each;
        column = /** @type {Column} */ (factor);
      }
    }
    return { dimension, column };
  }

  /** What is missing at this epoch, and where it is not. @param {boolean} known whether anything was measured at it */
  say(known) {
    const { missing, figures, run } = this;
    const { epoch } = this.cursor;
    missing.hidden = known;
    if (known) return;
    const measured = run.epochs.filter((each) => figures?.epochs[each]);
    missing.replaceChildren(
      measured.length
        ? `Nothing was measured at epoch ${epoch}. There are figures of ${measured.length === 1 ? "epoch" : "the epochs"} ${measured.join(", ")}. `
        : "Nothing has been measured of this run yet: only what its training recorded is shown. ",
    );
    if (!measured.length) return;
    const nearest = measured.reduce((best, each) => (Math.abs(each - epoch) < Math.abs(best - epoch) ? each : best));
    const button = make("button", "go", `Go to epoch ${nearest}`, { type: "button" });
    button.onclick = () => {
      if (!run.has(nearest)) return;
      this.setEpoch(nearest);
      this.release();
    };
    missing.append(button);
  }
}

class Disentangle {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = new Link(root);
    /** @type {Look|null} */
    this.look = null;
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    this.figuresWanted = "";
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    /** @type {{memory: Memory, problems: string[]}|null} what is to be shown once the run is there */
    this.recalled = null;
    this.clock = new Clock(finder(root)(".clock"), {
      moved: (epoch) => this.look?.setEpoch(epoch),
      released: () => this.look?.release(),
    });
  }

  /** @param {Data} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.figuresWanted = data.figures;
    this.recalled = recall(this, data, fromAddress) ?? this.recalled;
    showBeside(this.root, data.beside ?? []);
    whenRun(this, { key: data.key, epoch: data.cursor.epoch, meaning: data.meaning ?? "" }, (run) => {
      const { recalled } = this;
      let look = this.look;
      if (look?.run !== run || recalled) {
        look?.close();
        const { by, spent } = look?.memory() ?? {};
        look = new Look(this.root, this.link, this.clock, run, data, recalled?.memory ?? { by, spent });
        if (this.look ? !recalled : recalled?.problems.length) look.remember();
        this.look = look;
        this.recalled = null;
      }
      follow(look, data);
      const show = () => {
        look.figures = figureShelf.get(data.figures) ?? null;
        look.show();
        this.root.removeAttribute("aria-busy");
      };
      if (!data.figures || figureShelf.find(data.figures)) show();
      else
        figureShelf
          .whenReady(data.figures)
          .then(() => this.look === look && this.figuresWanted === data.figures && show());
    });
  }
}

export default liveComponent(".disentangle", Disentangle);
