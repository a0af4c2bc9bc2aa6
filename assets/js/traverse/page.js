/**
 * Traverse: sliders for the latent dimensions, the decoded picture, the epoch clock and a row of decodes; below them two
 * dimensions on a pad and all of them in a grid. With `data.compact` only the sliders, the picture and the clock.
 *
 * Everything that moves is decoded here at once; Python hears of the position when it is released.
 */

import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { finder, listenToMenu } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Explorer } from "./explorer.js";
import { saveAs } from "./save.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./explorer.js" */

/**
 * @typedef {object} OfTraverse
 * @property {number} rows how many sliders are not folded away
 * @property {boolean} [compact]
 * @property {Memory|null} [memory]
 */

/** @typedef {LiveData & OfTraverse} Data */

/** One mounted component: what Python sends, and who explores the run that it sent. */
class Traverse {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = new Link(root);
    /** @type {Explorer|null} */
    this.explorer = null;
    /** @type {Memory|null} */
    this.memory = null;
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    const find = finder(root);
    this.clock = new Clock(find(".clock"), {
      moved: (epoch, event) => {
        this.explorer?.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.explorer?.release(),
    });
    listenToMenu(root, find(".save", HTMLDetailsElement), (what) => this.explorer && saveAs(what, this.explorer));
  }

  /**
   * Take what Python sent: the same again on most reruns, and then nothing changes here.
   * @param {Data} data @param {SetStateValue} setStateValue
   */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.root.style.setProperty("--rows", String(data.rows));
    this.root.classList.toggle("compact", Boolean(data.compact));
    this.memory ??= data.memory ?? {};
    this.explorer?.answered();
    this.root.classList.toggle("named", Boolean(data.meaning));
    whenRun(this, { key: data.key, epoch: data.cursor.epoch, meaning: data.meaning ?? "" }, (run) => {
      const explorer = this.explore(run, data);
      explorer.takeMeaning(data.read_only ?? "");
      if (follow(explorer, data)) explorer.takeCursor();
      explorer.pad.draw(explorer.epoch); // the theme may have changed
      this.root.removeAttribute("aria-busy");
    });
  }

  /** @param {LiveRun} run @param {Data} data @returns {Explorer} of this run */
  explore(run, { cursor }) {
    if (this.explorer?.run === run) return this.explorer;
    this.explorer?.close();
    const memory = this.memory ?? {};
    this.explorer = new Explorer(this, run, cursor, memory, (now) => this.remember(now));
    return this.explorer;
  }

  /** The page is to be found as it was left. @param {Memory} memory */
  remember(memory) {
    this.memory = memory;
    this.link.send("memory", memory);
  }
}

export default liveComponent(".traverse", Traverse);
