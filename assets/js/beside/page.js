/**
 * Two to four runs beside each other, on one cursor and one clock. With `data.compact` only the pictures, a few sliders and the
 * choice of an image; and then what is moved here stays here.
 */

import { recall, tell } from "../shared/asked.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRuns } from "../shared/live.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { whenAtRest } from "../shared/rest.js";
import { fromAddress, toAddress } from "./address.js";
import { pairingWords } from "./words.js";
import { Pairing } from "./pairing.js";
import { Table } from "./table.js";

/** @import { LiveRun, PackedGuest, Start } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Told } from "./pairing.js" */
/** @import { Side } from "./panel.js" */
/** @import { Memory } from "./address.js" */

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
 * @property {boolean} [compact]
 */

/** @typedef {LiveData & OfBeside & {memory: Memory|null}} Data */

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
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    /** @type {{memory: Memory, asked: boolean, problems: string[]}|null} what is to be shown once the runs are there */
    this.recalled = null;
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
    this.recalled = recall(this, data, fromAddress) ?? this.recalled;
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
    live
      .whenReady(key)
      .then(whenAtRest(this.root))
      .then(() => this.wanted === key && this.root.isConnected && setStateValue("asked", key));
  }

  /** @param {Data} data @param {LiveRun[]} runs @param {number} lead */
  show(data, runs, lead) {
    const shown = JSON.stringify(data.runs.map(({ key, pairing, said }) => [key, pairing, said]));
    const before = this.table;
    const news = shown !== this.shown || !before;
    const table = news ? this.made(data, runs, lead) : before;
    if (news) before?.close();
    [this.shown, this.table] = [shown, table];
    if (data.compact ? this.isNews(table, data, news) : follow(table, data)) table.takeCursor();
    else table.freshen();
    const memory = this.recalled?.memory ?? (news ? before?.memory() : null);
    if (memory) this.takeView(table, memory);
    this.root.removeAttribute("aria-busy");
  }

  /** @param {Data} data @param {LiveRun[]} runs @param {number} lead */
  made({ runs: told, cursor, few, factors }, runs, lead) {
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
      remember: (/** @type {Memory} */ memory) => link.remember(memory, toAddress),
    };
    const names = told.map(({ pairing, name }) => ({ pairing, name }));
    this.find(".pairing-note").textContent = pairingWords(names, lead);
    this.find(".together").hidden = told.every(({ pairing }) => !pairing || pairing.reason);
    return new Table(place, sides, lead, { ...cursor, epoch: runs[lead].kept(cursor.epoch) });
  }

  /** @param {Table} table @param {Memory} memory */
  takeView(table, memory) {
    this.find(".together input", HTMLInputElement).checked = memory.pairs;
    chooseRadio(this.root, "show", memory.show);
    const missing = table.takeView(memory);
    const { asked = false, problems = [] } = this.recalled ?? {};
    this.recalled = null;
    if (asked && missing.length) tell(this.root, [...problems, ...missing]);
    if (missing.length || problems.length) table.remember();
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
