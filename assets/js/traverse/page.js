/**
 * Traverse: sliders for the latent dimensions, the decoded picture, the epoch clock and a row of decodes; below them two
 * dimensions on a pad and all of them in a grid. With `data.compact` only the sliders, the picture and the clock.
 *
 * Everything that moves is decoded here at once; Python hears of the position when it is released.
 */

import { recall, tell } from "../shared/asked.js";
import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { finder, listenToMenu } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { fromAddress, toAddress } from "./address.js";
import { Explorer } from "./explorer.js";
import { saveAs } from "./save.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./address.js" */

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
    /** @type {Memory} */
    this.memory = {};
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    this.stale = false; // whether the memory is another than that of what is shown
    /** @type {string[]|null} what the address got wrong, where the memory is the address's */
    this.asked = null;
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
    const recalled = recall(this, data, fromAddress);
    if (recalled) {
      this.memory = recalled.memory;
      this.asked = recalled.asked ? recalled.problems : null;
      this.stale = true;
      if (recalled.problems.length) this.remember(recalled.memory);
    }
    this.explorer?.answered();
    this.root.classList.toggle("named", Boolean(data.meaning));
    whenRun(this, { key: data.key, epoch: data.cursor.epoch, meaning: data.meaning ?? "" }, (run) => {
      const explorer = this.explore(run, data);
      explorer.takeMeaning(data.read_only ?? "");
      if (follow(explorer, data)) explorer.takeCursor();
      this.root.removeAttribute("aria-busy"); // before the pad asks for its size, which has the page laid out
      explorer.pad.draw(explorer.epoch); // the theme may have changed
    });
  }

  /** @param {LiveRun} run @param {Data} data @returns {Explorer} of this run */
  explore(run, { cursor }) {
    if (this.explorer?.run === run && !this.stale) return this.explorer;
    this.explorer?.close();
    if (this.asked) this.followAddress(run, this.asked);
    this.stale = false;
    this.asked = null;
    this.explorer = new Explorer(this, run, cursor, this.memory, (now) => this.remember(now));
    return this.explorer;
  }

  /** What the address says is meant for the run that it says, too. @param {LiveRun} run @param {string[]} problems */
  followAddress(run, problems) {
    const { pad = [], along = 0 } = this.memory;
    this.memory.run = run.key;
    const beyond = Math.max(along, ...pad);
    if (beyond < run.latentDim) return;
    const { name } = run.about;
    tell(this.root, [
      ...problems,
      `The address asks for z${beyond}, and ${name} has ${run.latentDim} latent dimensions.`,
    ]);
  }

  /** The page is to be found as it was left. @param {Memory} memory */
  remember(memory) {
    this.memory = memory;
    this.link.remember(memory, toAddress);
  }
}

export default liveComponent(".traverse", Traverse);
