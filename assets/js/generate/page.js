/**
 * Generate: a hundred random codes and their decodes.
 *
 * The noise comes from Python, where a seed repeats it; temperature, distribution and epoch are applied here, at once.
 */

import { recall } from "../shared/asked.js";
import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Link, leadsTo } from "../shared/link.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { fromAddress, toAddress } from "./address.js";
import { Hundred } from "./hundred.js";
import { saveAll, saveOne } from "./save.js";
import { Settings } from "./settings.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Noise } from "./hundred.js" */
/** @import { Memory } from "./settings.js" */

/** @typedef {LiveData & Noise & {memory: Memory|null}} Data */

/** One mounted component: what Python sends, the settings, and the hundred codes of the run that it sent. */
class Generate {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = new Link(root);
    /** @type {Hundred|null} */
    this.hundred = null;
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    this.stale = false; // whether the settings are other ones than those that are shown
    const find = finder(root);
    this.clock = new Clock(find(".clock"), {
      moved: (epoch) => this.hundred?.setEpoch(epoch),
      released: () => this.hundred?.tell(),
    });
    this.settings = new Settings(root, {
      changed: () => this.hundred?.show(),
      seeded: () => this.hundred?.showSeed(),
      settled: () => this.remember(),
    });
    leadsTo(find(".to-traverse", HTMLAnchorElement), "traverse", this.link);
    find(".save-one").onclick = () => this.hundred && saveOne(this.hundred);
    for (const button of find(".save-all").querySelectorAll("button")) {
      button.onclick = () => this.hundred && saveAll(this.hundred, button.value);
    }
  }

  /**
   * Take what Python sent: the same again on most reruns, and then nothing changes here.
   * @param {Data} data @param {SetStateValue} setStateValue
   */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    const recalled = recall(this, data, fromAddress);
    if (recalled) {
      this.settings.restore(recalled.memory);
      if (recalled.problems.length) this.remember();
      this.stale = true;
    }
    whenRun(this, { key: data.key, epoch: data.cursor.epoch }, (run) => {
      const hundred = this.open(run, data);
      const other = data.seed !== hundred.noiseSeed;
      if (other) hundred.takeNoise(data);
      if (follow(hundred, data) || other || this.stale) hundred.show();
      this.stale = false;
      this.root.removeAttribute("aria-busy");
    });
  }

  /** @param {LiveRun} run @param {Data} data @returns {Hundred} of this run */
  open(run, data) {
    if (this.hundred?.run === run) return this.hundred;
    this.hundred?.close();
    this.hundred = new Hundred(this, run, data);
    return this.hundred;
  }

  remember() {
    this.link.remember(this.settings.memory(), toAddress);
  }
}

export default liveComponent(".generate", Generate);
