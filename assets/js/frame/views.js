/** What stands on each page below its prose, as the app's pages of the same names put it there. */

import { make } from "../shared/elements.js";
import { showClusters } from "./clusters.js";
import { showCompare } from "./compare.js";
import { showDisentangle, showDraw, showGenerate, showInterpolate } from "./explore.js";
import { showHome } from "./home.js";
import { showReconstruct } from "./reconstruct.js";

/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Guests } from "./guests.js" */
/** @import { Holding } from "./holding.js" */
/** @import { LessonBar } from "./lesson.js" */
/** @import { Mounted } from "../shared/mounted.js" */
/** @import { RunTold, Session } from "./session.js" */

/** @typedef {{told: RunTold, run: LiveRun, cursor: CursorState}} Now what is looked at */

/**
 * The frame as a page sees it. mount: puts a component into an element and listens to it; data: what every live component is
 * sent, and more; redraw: draws the page again, as Python would after a change.
 * @typedef {object} Frame
 * @property {Session} session
 * @property {Holding} holding
 * @property {LessonBar} lesson
 * @property {Guests} guests
 * @property {(component: string, home: HTMLElement, told?: SetStateValue) => Mounted} mount
 * @property {(component: string, more?: Record<string, unknown>) => Record<string, unknown>} data
 * @property {() => void} redraw
 * @property {(page: string) => void} go
 * @property {(told: RunTold) => LiveRun} run the run, whose head has been given
 * @property {(problem: string) => void} say
 */

/**
 * A page: built once into an element, and drawn whenever something is news.
 * @typedef {(frame: Frame, home: HTMLElement) => (now: Now) => void|Promise<void>} View
 */

/** @param {string} component @returns {View} a page that is one component */
const alone = (component) => (frame, home) => {
  const mounted = frame.mount(component, home.appendChild(make("div", "component")));
  return () => mounted.draw(frame.data(component));
};

/** @type {Record<string, View>} by path; all others are one component */
const VIEWS = {
  home: showHome,
  interpolate: showInterpolate,
  generate: showGenerate,
  clusters: showClusters,
  disentangle: showDisentangle,
  reconstruct: showReconstruct,
  draw: showDraw,
  compare: showCompare,
};

/** @param {string} path @param {string} component @returns {View} */
export const viewOf = (path, component) => VIEWS[path] ?? alone(component);
