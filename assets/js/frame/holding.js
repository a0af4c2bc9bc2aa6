/** What of the runs is unpacked: parts are handed to the app's own stores when a page wants them, and again where a shelf let them go. */

import { EncoderShelf } from "../engine/encoders.js";
import { encoderShelf } from "../shared/encoders.js";
import { filmShelf } from "../shared/films.js";
import { live } from "../shared/live.js";
import { figureShelf, meaningShelf } from "../shared/meanings.js";
import { Posteriors } from "./posteriors.js";

/** @import { Parts } from "./parts.js" */
/** @import { Part, RunTold, Site } from "./session.js" */

/** @import { Component } from "../shared/mounting.js" */
/** @typedef {"runs"|"meanings"|"films"} StoreName */

/** @type {Record<Exclude<Part, "posteriors"|"encoders">, StoreName>} who takes it */
const STORES = { head: "runs", rest: "runs", meaning: "meanings", figures: "meanings", film: "films" };
const PROBLEM = "store-problem";

export class Holding {
  /**
   * @param {Site} site @param {Parts} parts @param {(name: StoreName) => Component<any>} store
   * @param {(problem: string) => void} say told a sentence about what cannot be used
   */
  constructor(site, parts, store, say) {
    this.site = site;
    this.parts = parts;
    this.store = store;
    this.say = say;
    /** @type {Map<string, Promise<void>>} by name of a part: those that are on their way */
    this.coming = new Map();
    /** @type {Map<string, Posteriors>} by name of the part */
    this.posteriors = new Map();
  }

  /** @param {RunTold} run @param {Part} part @returns {boolean} whether it can be used at once */
  has({ key, meaning, figures, film, parts }, part) {
    if (part === "head") return Boolean(live.runs.find(key));
    if (part === "rest") return Boolean(live.runs.find(key)?.whole);
    if (part === "meaning") return Boolean(meaningShelf.find(meaning));
    if (part === "figures") return Boolean(figureShelf.find(figures));
    if (part === "film") return Boolean(film && filmShelf.find(film.key));
    if (part === "encoders") return Boolean(encoderShelf.find(key));
    return this.posteriors.has(parts.posteriors ?? "");
  }

  /**
   * Have a part of a run where the pages look for it. What cannot be had is said.
   * @param {RunTold} run @param {Part[]} wanted @returns {Promise<boolean>} whether all of it is there
   */
  async give(run, ...wanted) {
    await Promise.all(wanted.map((part) => this.giveOne(run, part)));
    return wanted.every((part) => this.has(run, part));
  }

  /** @param {RunTold} run @param {Part} part */
  async giveOne(run, part) {
    const name = run.parts[part];
    if (name === null || this.has(run, part)) return;
    const coming = this.coming.get(name) ?? this.fetch(run, name, part);
    this.coming.set(name, coming);
    await coming;
    this.coming.delete(name);
  }

  /** @param {RunTold} run @param {string} name @param {Part} part */
  async fetch(run, name, part) {
    try {
      const data = await this.parts.bytes(name);
      if (part === "posteriors") {
        this.posteriors.set(name, new Posteriors(data));
        return;
      }
      if (part === "encoders") {
        await this.give(run, "film"); // which has the images whose codes are searched
        const film = filmShelf.get(run.film?.key ?? "");
        if (film) encoderShelf.put(run.key, new EncoderShelf(data, film));
        return;
      }
      const parentElement = document.createElement("div");
      const problem = parentElement.appendChild(document.createElement("div"));
      problem.className = PROBLEM;
      this.store(STORES[part])({ data: /** @type {any} */ (data), parentElement, setStateValue: () => {} });
      if (problem.textContent) this.say(problem.textContent);
    } catch (error) {
      this.say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} name of a part that is JSON @returns {Promise<any>} what it says; null where it cannot be had, which is said */
  async told(name) {
    try {
      return JSON.parse(new TextDecoder().decode(await this.parts.bytes(name)));
    } catch (error) {
      this.say(/** @type {Error} */ (error).message);
      return null;
    }
  }

  /** Have the page in which a film plays alone, for whoever saves one. */
  async givePlayer() {
    if (this.site.player === null || globalThis.betaVaePlayer) return;
    globalThis.betaVaePlayer = new TextDecoder().decode(await this.parts.bytes(this.site.player));
  }
}
