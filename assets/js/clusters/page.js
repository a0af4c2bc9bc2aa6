/**
 * The Clusters page: the film of latent space, every test image's code in the plane, epoch by epoch.
 *
 * Everything that moves is drawn here; Python hears of the epoch and of the point when the hand lets go.
 */

import { finder } from "../shared/elements.js";
import { filmShelf } from "../shared/films.js";
import { leadsTo, Link } from "../shared/link.js";
import { live, liveComponent } from "../shared/live.js";
import { Board } from "./board.js";
import { clampShape } from "./camera.js";
import { DEFAULTS } from "./choices.js";
import { Sides } from "./sides.js";

/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Settings } from "./choices.js" */

/**
 * @typedef {{key: string, film: string}} Keys of a run and its film
 * @typedef {{settings: Settings, run: string, hidden: number[]}} Memory hidden: classes, of that run
 */

/**
 * What pages/clusters.py sends.
 * @typedef {object} OfClusters
 * @property {string} film its key
 * @property {Keys|null} other the run beside it
 * @property {Record<string, number>[]} shapes by kind of layout, of each film
 * @property {Memory|null} memory
 * @typedef {LiveData & OfClusters} ClustersData
 */

class Clusters {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    this.link = new Link(root);
    /** @type {ClustersData|null} */
    this.data = null;
    /** @type {Settings|null} */
    this.settings = null;
    /** @type {number[]} classes */
    this.hidden = [];
    /** @type {Board|null} */
    this.board = null;
    leadsTo(this.find(".to-traverse", HTMLAnchorElement), "traverse", this.link);
    this.arrived = () => {
      if (root.isConnected) this.open();
      else filmShelf.listeners.delete(this.arrived);
    };
    filmShelf.listeners.add(this.arrived);
  }

  /** @param {ClustersData} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.data = data;
    // What Python remembers counts once, when the page opens: later it is this page's own word, perhaps an older one.
    if (!this.settings && data.memory?.run === data.key) this.hidden = data.memory.hidden;
    this.settings ??= { ...DEFAULTS, ...data.memory?.settings };
    if (!this.board) this.keepRoom(data.shapes, this.settings.kind);
    for (const key of [data.key, data.other?.key]) {
      if (!key || live.get(key)?.whole) continue;
      live.whenReady(key, data.cursor.epoch).then(this.arrived);
      live.whenReady(key).then(() => {
        if (this.board) this.board.told = ""; // what is decoded at this moment can be drawn now
        this.arrived();
      });
    }
    this.open();
  }

  /**
   * Room for the maps before their films are here.
   * @param {Record<string, number>[]} shapes by kind of layout, of each film @param {string} kind
   */
  keepRoom(shapes, kind) {
    const found = shapes.map((of) => clampShape(of[kind] ?? of.umap ?? of.pca_last));
    const { style } = this.find(".maps");
    style.setProperty("--aspect", String(found[0]));
    style.setProperty("--aspects", String(found.reduce((all, shape) => all + shape)));
    style.setProperty("--count", String(found.length));
  }

  /** Show what has arrived: the first run as soon as it is there, the second beside it when it is there too. */
  open() {
    const { data, settings } = this;
    if (!data || !settings) return;
    const second = data.other && sideOf(data.other); // looked at before the first, so that it is the one that makes room
    const first = sideOf(data);
    if (!first) return;
    const shown = second ? [first, second] : [first];
    if (!this.board) {
      this.board = new Board(this.root, this.link, new Sides(shown), data.cursor, { settings, hidden: this.hidden });
    } else if (!this.board.sides.areOf(shown)) {
      this.board.open(new Sides(shown), data.cursor);
    }
    this.root.removeAttribute("aria-busy");
    this.board.receive(data);
  }
}

/** @param {Keys} keys */
function sideOf({ key, film: filmKey }) {
  const [run, film] = [live.get(key), filmShelf.get(filmKey)];
  return run && film ? { run, film } : null;
}

export default liveComponent(".clusters", Clusters);
