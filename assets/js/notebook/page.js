/**
 * A run in a notebook's cell: the pages' own components, on what Python sends as the traits of a widget. Nothing is asked of a
 * network.
 *
 * Python hears of the position when the hand lets go, as in the app.
 */

import { make } from "../shared/elements.js";
import { live } from "../shared/live.js";
import { Mounted, componentOf } from "../shared/mounted.js";
import { dress } from "./theme.js";

/** @import { Assets } from "../shared/mounted.js" */

/**
 * What the notebook hands to a widget, see https://anywidget.dev.
 * @typedef {object} Model
 * @property {(trait: string) => any} get
 * @property {(trait: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 * @property {(message: unknown) => void} send
 */

/** Traits that travel as bytes, and the store that takes each. */
const STORES = { head: "runs", rest: "runs", meaning: "meanings", figures: "meanings", encoders: "encoders" };

/** One output of a widget: a notebook can show a widget in several. */
class Shown {
  /** @param {Model} model @param {HTMLElement} el @param {Record<string, Assets>} assets by component, and store/… */
  constructor(model, el, assets) {
    this.model = model;
    this.assets = assets;
    this.problem = make("p", "", "", { role: "alert" });
    this.home = make("div");
    el.append(this.problem, this.home);
    el.dataset.lmSuppressShortcuts = "true"; // keys on a slider are none of the notebook's
    this.undress = dress(el);
    /** @type {Mounted|null} */
    this.mounted = null;
    this.page = "";
    /** @type {Map<string, unknown>} by trait: the bytes that a store has */
    this.given = new Map();
    this.update = () => this.show();
    for (const trait of [...Object.keys(STORES), "_sent"]) model.on(`change:${trait}`, this.update);
    this.show();
    model.send("shown"); // what the first slider does not wait for comes then
  }

  close() {
    this.undress();
    for (const trait of [...Object.keys(STORES), "_sent"]) this.model.off(`change:${trait}`, this.update);
  }

  show() {
    const { page, data, problem } = this.model.get("_sent");
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
    // Another widget's runs may have taken the place of this one's.
    if (!live.runs.find(data.key)) this.given.clear();
    for (const [trait, store] of Object.entries(STORES)) this.give(trait, store);
    if (page !== this.page) {
      this.page = page;
      const home = make("div");
      home.dataset.component = page;
      this.home.replaceChildren(home);
      this.mounted = new Mounted(
        home,
        () => this.assets[page],
        (state, value) => this.told(state, value),
      );
    }
    this.mounted?.draw(data);
  }

  /** @param {string} trait @param {string} store */
  give(trait, store) {
    /** @type {DataView|null} */
    const view = this.model.get(trait);
    if (!view?.byteLength || this.given.get(trait) === view) return;
    this.given.set(trait, view);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const parentElement = make("div");
    const problem = parentElement.appendChild(make("div", "store-problem"));
    const take = componentOf(this.assets[`store/${store}`]);
    take({ data: /** @type {any} */ (bytes), parentElement, setStateValue: () => {} });
    if (problem.textContent) {
      this.problem.hidden = false;
      this.problem.textContent = problem.textContent;
    }
  }

  /** @param {string} state @param {unknown} value */
  told(state, value) {
    this.model.set("_told", { state, value });
    this.model.save_changes();
  }
}

/** @param {Record<string, Assets>} assets by component, and store/… */
export default function widget(assets) {
  return {
    /** @param {{model: Model, el: HTMLElement}} given */
    render({ model, el }) {
      const shown = new Shown(model, el, assets);
      return () => shown.close();
    },
  };
}
