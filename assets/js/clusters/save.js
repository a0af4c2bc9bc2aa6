/** The menu of what can be saved and, in its place while something takes its time, how far that is. */

import { disable } from "../shared/disable.js";
import { finder, listenToMenu } from "../shared/elements.js";
import { saveFilmPage } from "./packed-page.js";
import { saveFilmPositions } from "./positions.js";
import { saveFilmGif, saveFilmPicture } from "./saved-pictures.js";
import { saveFilmVideo, videoType } from "./saved-video.js";

/** @import { Shot } from "./shot.js" */

/**
 * Is told the share that is done, and can stop it.
 * @typedef {{report: (share: number) => void, signal: AbortSignal}} Watch
 */

/**
 * All but pages and positions is drawn as the page draws it, by scenes of its own: a film goes on being saved while the
 * page is used.
 */
export class SaveMenu {
  /**
   * @param {HTMLElement} section @param {{shot: () => Shot, moment: () => number}} page moment: in frames of the first film
   */
  constructor(section, page) {
    this.page = page;
    this.find = finder(section);
    this.aborter = new AbortController();
    const type = videoType();
    const video = this.find("[value=video]");
    video.textContent = !type || type.startsWith("video/mp4") ? "Film, MP4" : "Film, WebM";
    video.title = "Recorded while it plays, so it takes as long as it will last";
    disable(video, type ? "" : "This browser cannot record videos.");
    const root = /** @type {HTMLElement} */ (section.closest(".live"));
    listenToMenu(root, this.find(".save", HTMLDetailsElement), (what) => this.saveAs(what));
    this.find(".cancel").onclick = () => this.aborter.abort();
  }

  /** @param {string} what a value of the menu's buttons */
  async saveAs(what) {
    const shot = this.page.shot();
    const name = [...shot.maps.map(({ scene }) => scene.film.about.name), shot.maps[0].scene.kind].join("-");
    const watch = this.begin(what);
    try {
      if (what === "picture") await saveFilmPicture(name, shot, this.page.moment());
      if (what === "gif") await saveFilmGif(name, shot, watch);
      if (what === "video") await saveFilmVideo(name, shot, watch);
      if (what === "page") await saveFilmPage(name, shot);
      if (what === "positions") saveFilmPositions(name, shot);
      this.say("Saved");
    } catch (error) {
      const why = /** @type {Error} */ (error).message;
      this.say(watch.signal.aborted ? "Not saved" : `It could not be saved: ${why}`);
    } finally {
      this.end();
    }
  }

  /** @param {string} what @returns {Watch} */
  begin(what) {
    this.aborter = new AbortController();
    const long = what === "gif" || what === "video";
    const progress = this.find("progress", HTMLProgressElement);
    this.find(".save").hidden = long;
    this.find(".working").hidden = !long;
    progress.value = 0;
    if (long) this.find(".cancel").focus();
    this.say(what === "video" ? "Recording" : what === "gif" ? "Saving" : "");
    const report = (/** @type {number} */ share) => {
      progress.value = share;
    };
    return { signal: this.aborter.signal, report };
  }

  end() {
    const focused = this.find(".working").matches(":focus-within");
    this.find(".save").hidden = false;
    this.find(".working").hidden = true;
    if (focused) this.find("summary").focus();
  }

  /** @param {string} text */
  say(text) {
    this.find(".said").textContent = text;
  }
}
