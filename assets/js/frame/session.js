/**
 * What the app keeps in Python for a session, kept here for as long as the page is open: the run that is looked at, the cursor of
 * all pages, what each page remembers, and the address that says so.
 */

import { pixelsFrom, pixelsText } from "../engine/ink.js";
import { live } from "../shared/live.js";
import {
  alongIn,
  fromAddress,
  imageCursor,
  nearestEpoch,
  ofCursor,
  ofPage,
  ownCode,
  quote,
  shortDecimal,
  toAddress,
} from "./address.js";

/** @import { CursorState, LiveRun } from "../engine/run.js" */
/** @import { Parameters } from "../engine/address.js" */
/** @import { Space } from "./address.js" */

/**
 * What is told of a part: where it lies beside the page, null where it is within.
 * @typedef {{src: string|null, bytes: number}} PartTold
 */

/**
 * A page of the app. heading and prose have marks; still: the prose instead where a run has one epoch.
 * @typedef {{path: string, title: string, icon: string, heading: string, prose: string[], still: string[]|null,
 *   component: string}} PageTold
 */

/** @typedef {"head"|"rest"|"meaning"|"figures"|"film"|"encoders"|"posteriors"} Part */

/**
 * @typedef {{formula: string, symbols: string, terms: [label: string, value: string, text: string][], line: string,
 *   said: string}} HomeOfRun
 * @typedef {{key: string, shapes: Record<string, number>, said: string[],
 *   table: {head: string[], rows: string[][], note: string}|null, figures: FiguresTold|null}} FilmTold
 */

/**
 * The figures of quality of a film: of each kind of layout a number a frame, and of its steps one a frame but the first.
 * @typedef {{epochs: number[], kinds: Record<string, Record<string, number[]>>}} FiguresTold
 */

/**
 * How they are drawn: what each is called, and of each kind of layout its name and look.
 * @typedef {{measures: Record<string, string>,
 *   kinds: Record<string, {name: string, colour: string, dash: string, symbol: string}>}} QualityTold
 */

/**
 * A run that came along, see bvae/browser.
 * @typedef {object} RunTold
 * @property {string} name
 * @property {string} key
 * @property {string} dataset
 * @property {string} weight
 * @property {boolean} imported
 * @property {number} latent_dim
 * @property {number[]} epochs
 * @property {string[]} said what of it was left out for its size, in sentences
 * @property {string[]} problems sentences
 * @property {string[]} facts lines with marked words
 * @property {Record<string, string>} standing by epoch, a line with marked words
 * @property {HomeOfRun|null} home
 * @property {Record<string, unknown>|null} summary
 * @property {string} meaning its key, "" where nothing is known
 * @property {string} figures likewise
 * @property {FilmTold|null} film
 * @property {Record<string, Record<string, unknown>>} data by component, what it is sent beyond what all are
 * @property {Record<Part, string|null>} parts
 */

/**
 * @typedef {{label: string, address: Parameters, epochs: number[], data: Record<string, unknown>}} ComparisonTold epochs: at
 *   which its data are in a part, too
 * @typedef {{lesson: string, by_weight: string[], way: string, taught: string, trades_title: string, trades: string, next_title: string,
 *   next: [path: string, label: string, text: string][]}} HomeTold
 */

/**
 * What is said of all that this file holds.
 * @typedef {object} Site
 * @property {number} format
 * @property {string} title
 * @property {{version: string, date: string}} made
 * @property {Record<string, string>} glossary
 * @property {Record<string, PartTold>} parts
 * @property {string|null} player
 * @property {PageTold[]} pages
 * @property {RunTold[]} runs
 * @property {Record<string, unknown>} pairing by the keys of two runs, that of the leading one first
 * @property {ComparisonTold[]} comparisons
 * @property {HomeTold} home
 * @property {Record<string, string>} texts
 * @property {string[]} said what of the lesson is not here, in sentences
 * @property {QualityTold} quality
 * @property {{name: string, title: string, steps: {title: string, text: string, page: string, address: Parameters}[]}|null} [lesson]
 */

const HOME = "home";
const MOST_OF_DRAWING = 700; // characters of an address

/** @type {Record<string, string[]>} by component, what the frame itself has in the address beside it, as Python in the app */
const OF_FRAME = {
  interpolate: ["drawn"],
  clusters: ["second"],
  reconstruct: ["which", "class", "count", "seed", "by", "ranked"],
  beside: ["sweep", "runs", "at", "beside"],
};

/** @param {string} hash @returns {{page: string, parameters: Parameters}} what the part behind the # asks for */
export function readHash(hash) {
  const [written, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  let page = written;
  try {
    page = decodeURIComponent(written);
  } catch {} // what nobody encoded
  return { page, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

/** @param {string} page @param {Parameters} parameters @returns {string} the part of an address from # on */
export function hashOf(page, parameters) {
  const written = Object.entries(parameters).map((pair) => pair.map(encodeURIComponent).join("="));
  return `#${page}${written.length ? "?" : ""}${written.join("&").replaceAll("%2C", ",")}`;
}

export class Session {
  /** @param {Site} site */
  constructor(site) {
    this.site = site;
    this.run = site.runs[0];
    this.page = site.pages[0];
    /** @type {CursorState|null} */
    this.cursor = null;
    this.cursorRun = this.run; // whose codes the cursor's are
    this.revision = 0; // raised whenever the cursor was set otherwise than by a component
    /** @type {Record<string, unknown>} by component */
    this.memory = {};
    /** @type {Record<string, Parameters>} by component, the same as the address says it */
    this.texts = {};
    /** @type {Parameters} what the page that is open has in the address */
    this.ofPage = {};
    /** @type {Parameters|null} the same, where the address asks for it and the page has said nothing since */
    this.asked = null;
    this.askedRevision = 0; // raised whenever the address asks for something
    /** @type {Record<string, Parameters>} by component, what the frame has in the address beside it */
    this.beside = {};
    /** @type {Parameters|null} what the address asks of the frame for the page, until that was taken */
    this.askedBeside = null;
    /** @type {Parameters} what goes along from page to page */
    this.along = {};
    /** @type {Parameters} the cursor's part of the address that was read or written last */
    this.known = {};
    /** @type {string[]} sentences of what an address asked for in vain */
    this.problems = [];
  }

  /** The component that says in the address what the page shows. */
  get speaker() {
    const { component } = this.page;
    return component === "compare" ? "beside" : component;
  }

  /** Take what an address asks for. @param {string} hash the part from # on */
  read(hash) {
    const { page: path, parameters } = readHash(hash);
    const { site } = this;
    this.problems = [];
    const page = site.pages.find((each) => each.path === (path === "" || path === "start" ? HOME : path));
    if (!page) this.problems.push(`There is no page named ${quote(path)} here. Showing ${site.pages[0].title}.`);
    this.page = page ?? site.pages[0];
    const asked = ofCursor(parameters);
    // An address without any of it asks for nothing: whoever wrote a page's name alone means the cursor that is there.
    if (Object.keys(asked).length && JSON.stringify(asked) !== JSON.stringify(this.known)) {
      this.cursor = null;
      if ("run" in asked) this.takeRun(asked.run);
    }
    this.known = asked;
    this.takeDrawing(asked.drawing, asked.image);
    this.along = alongIn(parameters);
    const own = Object.entries(ofPage(parameters));
    const { speaker } = this;
    const ofFrame = OF_FRAME[speaker] ?? [];
    this.askedBeside = Object.fromEntries(own.filter(([name]) => ofFrame.includes(name)));
    this.ofPage = this.asked = Object.fromEntries(own.filter(([name]) => !ofFrame.includes(name)));
    this.texts[speaker] = this.ofPage;
    this.beside[speaker] = this.askedBeside;
    this.askedRevision++;
  }

  /** Keep a drawing that an address brings along. @param {string|undefined} number @param {string|undefined} text its pixels */
  takeDrawing(number, text) {
    const wanted = shortDecimal(number ?? "");
    const kept = /** @type {{number?: number}|null|undefined} */ (this.memory.draw);
    const image = wanted === null || text === undefined || kept?.number === wanted ? null : pixelsFrom(text);
    if (image) this.memory.draw = { image: Array.from(image), number: wanted };
  }

  /** @param {number|undefined} number @returns {string|null} the drawing as an address says it; null of another, or a large one */
  drawingText(number) {
    const kept = /** @type {{number?: number, image?: number[]}|null|undefined} */ (this.memory.draw);
    const text = kept?.image && kept.number === number ? pixelsText(kept.image) : "";
    return text && text.length <= MOST_OF_DRAWING ? text : null;
  }

  /** @returns {Parameters|null} what the address asks of the frame for the page that is open, once */
  takeAsked() {
    const asked = this.askedBeside;
    this.askedBeside = null;
    return asked;
  }

  /** Say that the address asks for something in vain, as long as it is this one. @param {string} problem a sentence */
  miss(problem) {
    this.problems.push(problem);
  }

  /** Open another page with the same cursor. @param {string} path */
  turnTo(path) {
    this.page = this.site.pages.find((page) => page.path === path) ?? this.page;
    this.ofPage = this.texts[this.speaker] ?? {};
    this.asked = null;
    this.askedRevision++;
    this.problems = [];
  }

  /** What a component shall be found as, and what of it the address says. @param {string} component @param {any} said */
  remember(component, { at, ...said }) {
    const told = "memory" in said && "address" in said;
    this.memory[component] = told ? said.memory : said;
    if (!told) return;
    this.texts[component] = said.address;
    if (component === this.speaker) this.ofPage = said.address;
    this.asked = null;
  }

  /** @param {string} name */
  takeRun(name) {
    const { runs } = this.site;
    const run = runs.find((each) => each.name === name);
    this.run = run ?? runs[0];
    if (run) return;
    const there = runs.map((each) => quote(each.name, 60)).join(", ");
    this.problems.push(
      `There is no run named ${quote(name, 60)} in this page. Showing ${quote(this.run.name, 60)} instead, of ${there}.`,
    );
  }

  /**
   * The cursor in the run that is looked at, which is taken from the address at first, and made anew where the run is another:
   * an image that it has too stays.
   * @param {Space} space of that run
   */
  open(space) {
    const { cursor } = this;
    if (!cursor) {
      const { cursor: asked, problems } = fromAddress(this.known, space);
      this.problems.push(...problems);
      this.set(asked);
    } else if (this.cursorRun !== this.run) {
      const { start } = cursor;
      const same = start.kind === "drawing" || this.cursorRun.dataset === this.run.dataset;
      const stays = same && ownCode(space, start, space.epochs[space.epochs.length - 1]) !== null;
      this.set(imageCursor(space, stays ? start : null));
    } else if (!space.epochs.includes(cursor.epoch)) {
      this.set({ ...cursor, epoch: nearestEpoch(cursor.epoch, space.epochs) });
    }
  }

  /** Set the cursor: components will follow. @param {CursorState} cursor */
  set(cursor) {
    this.revision++;
    this.keep(cursor);
  }

  /** Remember a cursor; components that said it are not told again. @param {CursorState} cursor */
  keep({ z, epoch, start, keep }) {
    this.cursor = { z, epoch, start, keep };
    this.cursorRun = this.run;
  }

  /** @returns {Parameters} run and cursor as an address has them */
  cursorAddress() {
    if (!this.cursor) return this.known;
    const { kind, index } = this.cursor.start;
    const image = kind === "drawing" ? this.drawingText(index) : null;
    return { run: this.run.name, ...toAddress(this.cursor), ...(image ? { image } : {}) };
  }

  /** @param {string} page its path @returns {string} the address of a page, with the cursor */
  addressOf(page) {
    return hashOf(page, { ...this.cursorAddress(), ...this.along });
  }

  /** Have the address say what is looked at, which is a step of the browser's history where it changed. @param {boolean} [first] */
  write(first = false) {
    this.known = this.cursorAddress();
    const beside = this.beside[this.speaker] ?? {};
    const hash = hashOf(this.page.path, { ...this.known, ...this.ofPage, ...beside, ...this.along });
    if (hash === location.hash) return;
    if (first) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
  }

  /** @returns {LiveRun|undefined} the run that is looked at, once it is here */
  get live() {
    return live.get(this.run.key);
  }
}
