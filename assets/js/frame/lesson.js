/** The lesson that came along: the bar below every page, which opens the views of its steps. */

import { make } from "../shared/elements.js";
import { quote, shortDecimal } from "./address.js";
import { hashOf } from "./session.js";

/** @import { Mounted } from "../shared/mounted.js" */
/** @import { Session } from "./session.js" */

/**
 * What the bar needs of the page. open: shows the view of an address, also where it is the one that is shown.
 * @typedef {object} LessonPlace
 * @property {Session} session
 * @property {(component: string, home: HTMLElement, told: (state: string, value: any) => void) => Mounted} mount
 * @property {(hash: string) => void} open
 * @property {() => void} redraw
 */

export class LessonBar {
  /** @param {LessonPlace} place @param {HTMLElement} home */
  constructor(place, home) {
    this.place = place;
    this.home = home;
    /** @type {Mounted|null} */
    this.mounted = null;
    this.step = 0; // that the bar has been told, or said
    this.revision = 0; // raised where the step was chosen by other than the bar
  }

  /** Show the bar where the address has its lesson. @returns {string[]} sentences about what is not there */
  draw() {
    const { site, along } = this.place.session;
    const { lesson } = site;
    const open = Boolean(lesson && along.lesson === lesson.name && along.embed === undefined);
    this.home.hidden = !open;
    if (!lesson || !open) {
      const missing = along.lesson !== undefined && along.embed === undefined && along.lesson !== lesson?.name;
      return missing ? [`There is no lesson named ${quote(along.lesson, 60)} in this page.`] : [];
    }
    const step = Math.max(1, Math.min(lesson.steps.length, shortDecimal(along.step ?? "") ?? 1));
    if (step !== this.step) this.revision++;
    this.step = step;
    this.mounted ??= this.place.mount("lesson", this.home.appendChild(make("div", "component")), (state, value) => {
      if (state === "step") this.open(value.step);
      if (state === "leave") this.leave();
    });
    const pages = Object.fromEntries(site.pages.map(({ path, title }) => [path, title]));
    const data = { name: lesson.name, lesson, step, revision: this.revision, pages, problem: this.problem(step) };
    this.mounted.draw({ ...data, heard: {}, may_edit: false, editing: false, kept: "", run: null });
    return [];
  }

  /** @param {number} step @returns {string} what of its view is not here, "" where all is */
  problem(step) {
    const { site } = this.place.session;
    const shown = site.lesson?.steps[step - 1];
    if (!shown) return "";
    const { page, address } = shown;
    if (!site.pages.some(({ path }) => path === page))
      return `This step shows a page that is not here: ${quote(page)}.`;
    if (address.run === undefined || site.runs.some(({ name }) => name === address.run)) return "";
    return `This step shows the run ${quote(address.run, 60)}, which is not here. Another run is shown in its place.`;
  }

  /** @param {number} step */
  open(step) {
    this.step = step;
    this.place.open(this.addressOf(step));
  }

  /** @param {number} step @returns {string} the address of its view, from # on */
  addressOf(step) {
    const { site } = this.place.session;
    const { lesson } = site;
    if (!lesson) return location.hash;
    const { page, address } = lesson.steps[step - 1];
    const { run, ...others } = address;
    const here = run === undefined || site.runs.some(({ name }) => name === run);
    const view = { ...(here && run !== undefined ? { run } : {}), ...others };
    const path = site.pages.some((each) => each.path === page) ? page : this.place.session.page.path;
    return hashOf(path, { ...view, lesson: lesson.name, step: String(step) });
  }

  leave() {
    const { session } = this.place;
    session.along = {};
    this.place.redraw();
  }
}
