/**
 * Two to four runs beside each other, on one cursor and one clock. With `data.compact` only the pictures, a few sliders and the
 * choice of an image; and then what is moved here stays here.
 */

import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRuns } from "../shared/live.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { pairingWords } from "./words.js";
import { Pairing } from "./pairing.js";
import { Table } from "./table.js";

/** @import { LiveRun, PackedGuest, Start } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Told } from "./pairing.js" */
/** @import { Side } from "./panel.js" */
/** @import { View } from "./table.js" */

/**
 * A run as pages/parts/beside.py sends it, the one that leads among them. pairing: null of that one; start: its own image, where
 * it cannot have that of the others.
 * @typedef {object} OfSide
 * @property {string} key
 * @property {string} name
 * @property {string} meaning
 * @property {PackedGuest[]} guests
 * @property {Told|null} pairing
 * @property {Start|null} start
 * @property {string} said
 */

/**
 * @typedef {object} OfBeside
 * @property {OfSide[]} runs none where they are to be asked for
 * @property {number} few sliders that are not folded away
 * @property {string[]} factors what dimensions are named after that come first
 * @property {View} view
 * @property {number} view_revision raised whenever the address asked for another view
 * @property {boolean} [compact]
 */

/** @typedef {LiveData & OfBeside} Data */

class Beside {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = new Link(root);
    this.find = finder(root);
    /** @type {Table|null} */
    this.table = null;
    /** Of which runs and pairs the table is. */
    this.shown = "";
    /** @type {unknown} what waits for runs; see `whenRuns` */
    this.wanted = undefined;
    /** @type {number|null} */
    this.viewRevision = null;
    this.cursorText = ""; // as it came last
    this.clock = new Clock(this.find(".clock"), {
      moved: (epoch, event) => {
        this.table?.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.table?.release(),
    });
    const together = this.find(".together input", HTMLInputElement);
    together.onchange = () => {
      this.table?.pair(together.checked);
      this.table?.remember();
    };
    for (const radio of radiosOf(root, "show")) {
      radio.onchange = () => {
        if (!this.table) return;
        this.table.view.show = radio.value === "walk" ? "walk" : "sliders";
        this.table.showView();
        this.table.remember();
      };
    }
    /** Weights of other epochs may have come. */
    this.arrived = () => {
      if (this.root.isConnected) this.table?.freshen();
      else live.runs.listeners.delete(this.arrived);
    };
  }

  /** @param {Data} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    if (!data.runs.length) {
      this.ask(data.key, setStateValue);
      return;
    }
    if (!data.compact) this.link.setStateValue = setStateValue;
    this.root.classList.toggle("compact", Boolean(data.compact));
    for (const { key, guests } of data.runs) live.welcome(key, guests);
    live.runs.listeners.add(this.arrived);
    const lead = data.runs.findIndex(({ pairing }) => !pairing);
    const wanted = data.runs.map(({ key, meaning }, at) => ({
      key,
      meaning,
      epoch: at === lead ? data.cursor.epoch : /** @type {const} */ ("last"),
    }));
    whenRuns(this, wanted, (runs) => this.show(data, runs, lead));
  }

  /**
   * Ask for the runs once all is here of the one that the page looks at, for which they must not be in the way.
   * @param {string} key of that one @param {SetStateValue} setStateValue
   */
  ask(key, setStateValue) {
    this.wanted = key;
    live.whenReady(key).then(() => this.wanted === key && setStateValue("asked", key));
  }

  /** @param {Data} data @param {LiveRun[]} runs @param {number} lead */
  show(data, runs, lead) {
    const shown = JSON.stringify(data.runs.map(({ key, pairing, said }) => [key, pairing, said]));
    const news = shown !== this.shown || !this.table;
    if (news) {
      this.shown = shown;
      this.table?.close();
      this.table = this.made(data, runs, lead);
    }
    const { table } = this;
    if (!table) return;
    if (data.compact ? this.isNews(table, data, news) : follow(table, data)) table.takeCursor();
    else table.freshen();
    if (news || data.view_revision !== this.viewRevision) {
      this.viewRevision = data.view_revision;
      this.takeView(table, data.view);
    }
    this.root.removeAttribute("aria-busy");
  }

  /** @param {Data} data @param {LiveRun[]} runs @param {number} lead */
  made({ runs: told, cursor, view, few, factors }, runs, lead) {
    /** @type {Side[]} */
    const sides = told.map(({ name, pairing, start, said }, at) => {
      const run = runs[at];
      const own = pairing ? new Pairing(pairing, run.latentDim) : Pairing.own(run.latentDim);
      return { run, name, pairing: own, start, said };
    });
    const { root, link, clock } = this;
    const place = {
      root,
      link,
      clock,
      few,
      factors,
      remember: (/** @type {View} */ view) => link.send("memory", view),
    };
    const names = told.map(({ pairing, name }) => ({ pairing, name }));
    this.find(".pairing-note").textContent = pairingWords(names, lead);
    this.find(".together").hidden = told.every(({ pairing }) => !pairing || pairing.reason);
    const table = new Table(place, sides, lead, { ...cursor, epoch: runs[lead].kept(cursor.epoch) });
    table.codes.together = view.pairs;
    return table;
  }

  /** @param {Table} table @param {View} view */
  takeView(table, view) {
    this.find(".together input", HTMLInputElement).checked = view.pairs;
    chooseRadio(this.root, "show", view.show);
    table.takeView(view);
  }

  /**
   * Take Python's cursor if it is another than before: of what is moved here it knows nothing.
   * @param {Table} table @param {Data} data @param {boolean} news whether the runs are others
   */
  isNews(table, { cursor }, news) {
    const text = JSON.stringify(cursor);
    if (!news && text === this.cursorText) return false;
    this.cursorText = text;
    table.cursor = new Cursor(table.run, { ...cursor, epoch: table.run.kept(cursor.epoch) });
    return true;
  }
}

export default liveComponent(".beside", Beside);
