/** What is said of the films beside the maps: of the point or the cursor, of the selection, and how true the map is. */

import { finder } from "../shared/elements.js";
import { PointPanel } from "./point-panel.js";
import { showQuality } from "./quality.js";
import { SelectionPanel, meanCode } from "./selection-panel.js";

/** @import { CursorOnMap } from "./cursor-mark.js" */
/** @import { SelectionListener } from "./selection-panel.js" */
/** @import { Sides } from "./sides.js" */

export class Beside {
  /** @param {HTMLElement} root @param {Sides} sides @param {SelectionListener} listener */
  constructor(root, sides, listener) {
    const find = finder(root);
    this.sides = sides;
    this.quality = find("section.quality");
    this.point = new PointPanel(find("section.point"), sides);
    this.selected = new SelectionPanel(find("section.selection"), sides, listener);
  }

  /**
   * Say all that is to be said of an epoch.
   * @param {number[]} frames by side @param {CursorOnMap} cursor @param {number} pointed
   */
  show(frames, cursor, pointed) {
    showQuality(this.quality, this.sides, frames[0]);
    this.showPoint(frames, cursor, pointed);
    this.selected.show(this.sides.decoders(frames), frames);
  }

  /**
   * @param {number[]} frames @param {CursorOnMap} cursor
   * @param {number} pointed a point of the first film, −1 if it is none
   */
  showPoint(frames, cursor, pointed) {
    const { sides } = this;
    const [frame] = frames;
    const point = pointed >= 0 ? pointed : cursor.anchor;
    const { z, exact } = cursor.at(frame);
    const epochs = sides.decoders(frames);
    if (pointed < 0 && !exact) {
      const drawing = cursor.drawing(frame);
      const title = drawing ? "The cursor: your drawing" : "The cursor, no test image";
      const codes = sides.all.map((_, place) => (place === 0 ? z : null));
      this.point.show(-1, { title, codes, epochs, frames, drawing });
      return;
    }
    const codes = sides.all.map(({ film, pointOf }, place) => {
      const own = pointOf(point);
      return own < 0 ? null : film.mean(frames[place], own);
    });
    const name = sides.nameOf(point);
    const title = pointed < 0 ? `The cursor: ${name[0].toLowerCase()}${name.slice(1)}` : name;
    this.point.show(point, { title, codes, epochs, frames, drawing: null });
  }

  /** @param {number[]} points of the first film that are selected @param {number[]} frames */
  select(points, frames) {
    this.selected.choose(points);
    this.selected.show(this.sides.decoders(frames), frames);
  }

  /** @param {number} frame of the first film @returns {Float32Array} the mean code of the selected images */
  meanCode(frame) {
    return meanCode(this.sides.first, frame, this.selected.points);
  }

  /** @param {number} place @returns {HTMLCanvasElement} what that run's decoder makes of the point */
  decoded(place) {
    return this.point.decoded(place);
  }

  /** Say it to who does not see. @param {string} text */
  say(text) {
    this.point.say(text);
  }
}
