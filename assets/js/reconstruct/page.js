/**
 * The Reconstruct page: probe images, what the first, the present and the last epoch make of them, and what it costs.
 *
 * Python sends the images that were chosen and their posteriors at every epoch; pictures and figures are made here.
 */

import { shorten } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { finder } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { explain } from "../shared/terms.js";
import { Comparison } from "./comparison.js";
import { saveCodesOf, saveFigures, saveReconstructions } from "./saved.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { PackedImages } from "./batch.js" */

/**
 * What pages/reconstruct.py sends; caption: which images these are, with marked words.
 * @typedef {LiveData & {images: PackedImages, caption: string}} ReconstructData
 */

class Reconstruct {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    this.link = new Link(root);
    /** @type {Comparison|null} */
    this.shown = null;
    this.images = ""; // as Python sent them, to tell others from the same again
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
    whenRun(this, { key: data.key }, (run) => {
      explain(this.find(".caption"), data.caption);
      shorten(this.find(".caption"), ...run.about.class_names);
      const images = JSON.stringify(data.images);
      if (run !== this.shown?.run || images !== this.images) this.compare(run, data);
      this.images = images;
      this.shown?.receive(data);
      this.root.removeAttribute("aria-busy");
    });
  }

  /** Show other images. @param {LiveRun} run @param {ReconstructData} data */
  compare(run, data) {
    const before = this.shown;
    before?.close();
    this.shown = new Comparison(this.root, this.link, this.clock, run, data);
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
