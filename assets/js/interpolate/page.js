/**
 * Interpolate: two images and the walk between their codes, played, as 16 steps, and beside the cross-fade of the pixels;
 * four images and the grid between them.
 *
 * Everything is decoded here. Python hears of the cursor, and of what the page shall remember.
 */

import { recall, tell } from "../shared/asked.js";
import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { finder } from "../shared/elements.js";
import { Link, leadsTo } from "../shared/link.js";
import { liveComponent, whenRun } from "../shared/live.js";
import { fromAddress } from "./address.js";
import { LETTERS } from "./ends.js";
import { Journey } from "./journey.js";
import { Playback } from "./playback.js";
import { saveCorners, saveWalk } from "./save.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { End } from "./ends.js" */
/** @import { Memory } from "./address.js" */

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
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    /** @type {{memory: Memory, asked: boolean, problems: string[]}|null} what is to be shown once the run is there */
    this.recalled = null;
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
    this.recalled = recall(this, data, fromAddress) ?? this.recalled;
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
    const { journey: before, recalled } = this;
    if (before?.run === run && !recalled) return before;
    before?.close();
    this.recalled = null;
    this.playback.halt();
    const memory = recalled?.memory ?? before?.memory() ?? {};
    if (recalled?.asked) memory.key = run.key; // what the address says is meant for the run that it says, too
    const journey = new Journey(this, run, data, drawing, memory);
    this.journey = journey;
    if (recalled?.asked) {
      const { problems } = recalled;
      memory.ends?.forEach((end, slot) => {
        if (!end || journey.ends[slot] === end) return;
        problems.push(`The address asks for an end ${LETTERS[slot]} that ${run.about.name} does not have.`);
      });
      tell(this.root, problems);
      if (problems.length) journey.remember();
    } else if (before) {
      journey.remember(); // codes of another run are none of this one's
    }
    return journey;
  }
}

export default liveComponent(".interpolate", Interpolate);
