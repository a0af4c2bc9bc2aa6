/**
 * Interpolate: two images and the walk between their codes, played, as 16 steps, and beside the cross-fade of the pixels;
 * four images and the grid between them.
 *
 * Everything is decoded here. Python hears of the cursor, and of what the page shall remember.
 */

import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Link, leadsTo } from "../shared/link.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { Journey } from "./journey.js";
import { Playback } from "./playback.js";
import { saveCorners, saveWalk } from "./save.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { End } from "./ends.js" */
/** @import { Memory } from "./journey.js" */

/** @typedef {LiveData & {memory: Memory|null}} Data */

/** One mounted component: what Python sends, the play, and the journey through the run that it sent. */
class Interpolate {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.link = new Link(root);
    this.find = finder(root);
    /** @type {Journey|null} */
    this.journey = null;
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    this.clock = new Clock(this.find(".clock"), {
      moved: (epoch) => this.journey?.setEpoch(epoch),
      released: () => this.journey?.tell(),
    });
    this.playback = new Playback(root, {
      draw: (share) => this.journey?.draw(share),
      playing: (playing) => this.journey?.makeWay(playing),
      settled: () => this.journey?.remember(),
    });
    leadsTo(this.find(".to-traverse", HTMLAnchorElement), "traverse", this.link);
    leadsTo(this.find(".to-draw", HTMLAnchorElement), "draw", this.link);
    for (const button of this.find(".save-walk").querySelectorAll("button")) {
      button.onclick = () => this.journey && saveWalk(this.journey, button.value);
    }
    this.find(".save-corners").onclick = () => this.journey && saveCorners(this.journey);
  }

  /**
   * Take what Python sent: the same again on most reruns, and then nothing changes here.
   * @param {Data} data @param {SetStateValue} setStateValue
   */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    whenRun(this, { key: data.key, epoch: data.cursor.epoch, meaning: data.meaning ?? "" }, (run) => {
      const guest = data.guests.find(({ kind }) => kind === "drawing");
      /** @type {End|null} */
      const drawing = guest ? { kind: "drawing", index: guest.index } : null;
      const journey = this.travel(run, data, drawing);
      journey.drawing = drawing;
      if (follow(journey, data)) journey.takeCursor();
      journey.showMeaning(); // a dimension may have another name
      this.find(".from-drawing").hidden = !drawing;
      this.find(".to-draw").hidden = Boolean(drawing);
      this.root.removeAttribute("aria-busy");
    });
  }

  /** @param {LiveRun} run @param {Data} data @param {End|null} drawing @returns {Journey} through this run */
  travel(run, data, drawing) {
    if (this.journey?.run === run) return this.journey;
    this.journey?.close();
    const memory = this.journey ? this.journey.memory() : data.memory;
    this.journey = new Journey(this, run, data, drawing, memory ?? {}, this.journey?.corners.looked);
    return this.journey;
  }
}

export default liveComponent(".interpolate", Interpolate);
