/**
 * The frame of an exported page: what Streamlit and Python do in the app, as far as it takes no computing that only Python does.
 * It shows the pages' own components, fed from parts that lie in the file or beside it; nothing is asked of a network.
 */

import { finder, make } from "../shared/elements.js";
import { live } from "../shared/live.js";
import { Mounted, componentOf } from "../shared/mounted.js";
import { Terms } from "../shared/terms.js";
import { ofCursor } from "./address.js";
import { partsIn, showOnly } from "./embed.js";
import { Guests, spaceOf } from "./guests.js";
import { Holding } from "./holding.js";
import { LessonBar } from "./lesson.js";
import { Parts } from "./parts.js";
import { line, prose } from "./prose.js";
import { hashOf, readHash, Session } from "./session.js";
import { Sidebar } from "./sidebar.js";
import { viewOf } from "./views.js";

/** @import { Start } from "../engine/run.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Assets } from "../shared/mounted.js" */
/** @import { RunTold, Site } from "./session.js" */
/** @import { Now } from "./views.js" */

const READ_ONLY = "This page is a copy, and keeps no names. Open the run in the app to name its dimensions.";

class Page {
  /** @param {HTMLElement} root @param {Site} site @param {Record<string, Assets>} assets by component, and store/… */
  constructor(root, site, assets) {
    this.root = root;
    this.assets = assets;
    this.find = finder(root);
    this.parts = new Parts(site.parts);
    this.session = new Session(site);
    /** @type {string[]} sentences that stay */
    this.problems = [];
    /** @type {string[]} sentences about a lesson that is asked for in vain */
    this.missing = [];
    this.holding = new Holding(
      site,
      this.parts,
      (name) => componentOf(assets[`store/${name}`]),
      (problem) => this.say(problem),
    );
    this.guests = new Guests(this.holding, () => this.session.memory.draw);
    this.sidebar = new Sidebar(root, this.session, {
      page: (path) => this.go(path),
      run: (name) => this.pick(name),
    });
    this.lesson = new LessonBar(this, this.find(".lesson-place"));
    /** @type {((now: Now) => void|Promise<void>)|null} draws the page that is open */
    this.draw = null;
    this.shown = ""; // which page that is
    this.turn = 0; // raised with every drawing, so that one that waited too long is dropped
    this.drawing = false;
    const skip = this.find(".skip");
    skip.onclick = (event) => {
      event.preventDefault();
      this.find("main").focus();
    };
    addEventListener("hashchange", () => {
      this.session.read(location.hash);
      this.show(true);
    });
    this.session.read(location.hash);
    this.show(true);
  }

  /** The components of the other pages have come. @param {Record<string, Assets>} more */
  take(more) {
    Object.assign(this.assets, more);
    this.redraw();
  }

  // What a page's view may ask for ------------------------------------------------------------------------------------

  /** @param {string} component @param {HTMLElement} home @param {SetStateValue} [told] */
  mount(component, home, told = (state, value) => this.told(component, state, value)) {
    home.dataset.component = component;
    return new Mounted(home, () => this.assets[component], told);
  }

  /** @param {string} component @param {Record<string, unknown>} [more] @returns {Record<string, unknown>} */
  data(component, more = {}) {
    const { run, cursor, revision, memory, speaker, asked, askedRevision } = this.session;
    const { key, meaning } = run;
    const own = speaker === component;
    return {
      ...run.data[component],
      ...(own ? { asked, asked_revision: askedRevision } : {}),
      ...{ key, cursor, revision, meaning, guests: [], memory: memory[component] ?? null, read_only: READ_ONLY },
      ...more,
    };
  }

  /** @param {RunTold} told whose head has been given */
  run({ name, key }) {
    const run = live.get(key);
    if (!run) throw new Error(`${name} is not here.`);
    return run;
  }

  /** @param {string} path */
  go(path) {
    this.session.turnTo(path);
    this.show();
  }

  /** @param {string} problem a sentence */
  say(problem) {
    if (!this.problems.includes(problem)) this.problems.push(problem);
    this.showProblems();
  }

  /** Show the view of an address, also where it is the one that is shown. @param {string} hash from # on */
  open(hash) {
    this.session.known = {};
    this.session.read(hash);
    this.show();
  }

  /** Draw once more when all that happens now has happened. */
  redraw() {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => {
      this.drawing = false;
      this.show();
    });
  }

  // --------------------------------------------------------------------------------------------------------------------

  /** @param {string} name of a run */
  pick(name) {
    this.session.takeRun(name);
    this.show();
  }

  /** What a component says of itself. @param {string} component @param {string} state @param {any} value */
  told(component, state, value) {
    const { session } = this;
    if (state === "cursor") {
      if (value.key !== session.run.key) return; // the last word about a run that has been left since
      session.keep(value);
    }
    if (state === "memory") session.remember(component, value);
    if (state === "page") this.go(value.page);
    this.redraw();
  }

  /** Show what the session looks at. @param {boolean} [first] whether the address is as somebody else wrote it */
  async show(first = false) {
    const { session, holding } = this;
    const { run, page } = session;
    const turn = ++this.turn;
    this.build();
    await holding.give(run, "head");
    if (turn !== this.turn || !session.live) return;
    holding.give(run, "meaning");
    await this.admit(session.cursor?.start ?? startIn(location.hash));
    if (turn !== this.turn) return;
    session.open(spaceOf(run, session.live));
    if (session.cursor) this.draw?.({ told: run, run: session.live, cursor: session.cursor });
    session.write(first); // with what the page has just taken of it
    this.missing = this.lesson.draw();
    this.showProblems();
    this.sidebar.show();
    document.title = `${page.title} · ${session.site.title}`;
    holding.give(run, "rest");
  }

  /** @param {Start} start */
  async admit(start) {
    const { live, run } = this.session;
    if (live) await this.guests.admit(run, live, start);
  }

  /** The page's heading, prose and places for its components, where it is another than before. */
  build() {
    const { page, run } = this.session;
    const still = run.epochs.length === 1 && page.still;
    const { embed } = this.session.along;
    const shown = JSON.stringify([page.path, Boolean(still), embed]);
    document.body.classList.toggle("embedded", embed !== undefined);
    this.sidebar.show();
    if (shown === this.shown) return;
    const before = this.shown;
    this.shown = shown;
    const home = make("div", `page-${page.path}`);
    if (embed !== undefined) {
      this.find(".page").replaceChildren(home);
      this.draw = this.part(home, partsIn(embed));
      return;
    }
    const heading = make("h1", "", "", { tabindex: -1 });
    heading.append(...line(page.heading));
    home.append(heading, ...(still || page.prose).flatMap(prose));
    this.find(".page").replaceChildren(home);
    this.draw = viewOf(page.path, page.component)(this, home);
    if (before) {
      scrollTo(0, 0);
      heading.focus({ preventScroll: true });
    }
  }

  /** The page's component with nothing of the frame but a way to the whole page. @param {HTMLElement} home @param {string[]} asked */
  part(home, asked) {
    const { page } = this.session;
    const whole = make("a", "", "The whole page", { target: "_blank", rel: "noopener" });
    const view = viewOf(page.path === "home" ? "traverse" : page.path, page.component)(this, home);
    home.append(make("p", "whole"));
    home.lastElementChild?.append(whole);
    const hide = () => {
      for (const component of home.querySelectorAll("[data-component]")) {
        const { shadowRoot, dataset } = /** @type {HTMLElement} */ (component);
        if (!shadowRoot?.firstChild || dataset.component !== page.component) continue;
        for (const problem of showOnly(shadowRoot, page.component, asked)) this.say(problem);
      }
    };
    return async (/** @type {Now} */ now) => {
      const { embed, ...along } = this.session.along;
      whole.href = hashOf(page.path, { ...this.session.cursorAddress(), ...this.session.ofPage, ...along });
      const drawn = view(now);
      hide();
      await drawn;
      hide();
    };
  }

  showProblems() {
    const { session, problems, missing } = this;
    const all = [...session.run.problems, ...session.problems, ...missing, ...problems];
    const told = all.join("\n");
    const home = this.find(".problems");
    if (home.dataset.told === told) return;
    home.dataset.told = told;
    home.replaceChildren(...all.map((problem) => make("p", "", problem)));
  }
}

/** @param {string} hash @returns {Start} the image that an address sets out from, if it does */
function startIn(hash) {
  const { digit, drawing } = ofCursor(readHash(hash).parameters);
  if (digit === undefined)
    return drawing === undefined ? { kind: "origin" } : { kind: "drawing", index: Number(drawing) };
  return { kind: "digit", index: Number(digit) };
}

/** @param {Record<string, Assets>} assets by component, and of the stores by store/… */
export default function begin(assets) {
  /** @type {Site} */
  const site = JSON.parse(finder(document)("#site").textContent ?? "");
  globalThis.betaVaeSite = site;
  globalThis.betaVaeGlossary = site.glossary;
  globalThis.betaVaeTerms = new Terms(document, document.body);
  const page = new Page(document.body, site, assets);
  globalThis.betaVaeDeliver = (name, text) => page.parts.deliver(name, text);
  globalThis.betaVaePages = (more) => page.take(more);
}
