/**
 * The Reconstruct page: probe images, what the first, the present and the last epoch make of them, and what it costs.
 *
 * Python sends the images that were chosen and their posteriors at every epoch, apart from all else, since they stay when the
 * cursor moves; pictures and figures are made here.
 */

import { chosenShelf } from "../shared/chosen.js";
import { shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { finder } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { explain } from "../shared/terms.js";
import { Comparison } from "./comparison.js";
import { saveCodesOf, saveFigures, saveReconstructions } from "./saved.js";

/** @import { Chosen } from "../engine/chosen.js" */
/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */

/**
 * What pages/reconstruct.py sends; chosen: the key of the images; caption: which these are, with marked words.
 * @typedef {LiveData & {chosen: string, caption: string}} ReconstructData
 */

class Reconstruct {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    this.link = new Link(root);
    /** @type {Comparison|null} */
    this.shown = null;
    /** @type {Chosen|null} the images that are shown */
    this.chosen = null;
    /** @type {ReconstructData|null} */
    this.data = null;
    /** @type {((run: LiveRun) => void)|undefined} see `whenRun` */
    this.wanted = undefined;
    this.clock = new Clock(this.find(".clock"), {
      moved: (epoch, event) => {
        this.shown?.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.shown?.release(),
    });
    this.listenToSaving();
  }

  listenToSaving() {
    /** @param {string} selector @param {(shown: Comparison) => void} act */
    const on = (selector, act) => {
      this.find(selector).onclick = () => this.shown && act(this.shown);
    };
    on(".save-png", ({ batch, cards }) => saveReconstructions(batch, cards.epochs));
    for (const ending of /** @type {const} */ (["csv", "json"])) {
      on(`.save-figures-${ending}`, ({ batch, cards }) => saveFigures(batch, cards.epochs, ending));
      on(`.save-codes-${ending}`, ({ batch, cards }) => saveCodesOf(batch, cards.epoch, ending));
    }
  }

  /** @param {ReconstructData} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.data = data;
    chosenShelf.whenReady(data.chosen).then((chosen) => {
      if (this.data === data) whenRun(this, { key: data.key }, (run) => this.show(run, chosen, data));
    });
  }

  /** @param {LiveRun} run @param {Chosen} chosen @param {ReconstructData} data */
  show(run, chosen, data) {
    explain(this.find(".caption"), data.caption);
    shorten(this.find(".caption"), ...run.about.class_names);
    if (run !== this.shown?.run || chosen !== this.chosen) this.compare(run, chosen, data.cursor);
    this.chosen = chosen;
    this.shown?.receive(data);
    this.root.removeAttribute("aria-busy");
  }

  /** Show other images. @param {LiveRun} run @param {Chosen} chosen @param {CursorState} cursor */
  compare(run, chosen, cursor) {
    const before = this.shown;
    before?.close();
    this.shown = new Comparison(this.root, this.link, this.clock, run, chosen, cursor);
    if (before?.run === run) {
      this.shown.goOn(before);
      return;
    }
    const [height, width] = run.imageShape;
    this.clock.open(run);
    this.root.style.setProperty("--shape", `${width} / ${height}`);
  }
}

export default liveComponent(".reconstruct", Reconstruct);
