/**
 * The Clusters page: the film of latent space, every test image's code in the plane, epoch by epoch.
 *
 * Everything that moves is drawn here; Python hears of the epoch and of the point when the hand lets go.
 */

import { finder } from "../shared/elements.js";
import { recall } from "../shared/asked.js";
import { filmShelf } from "../shared/films.js";
import { leadsTo, Link } from "../shared/link.js";
import { live, liveComponent } from "../shared/live.js";
import { DEFAULTS, fromAddress } from "./address.js";
import { Board } from "./board.js";
import { clampShape } from "./camera.js";
import { looks } from "./looks.js";
import { Sides } from "./sides.js";
import { viewKey } from "./stage.js";

/** @import { SceneView } from "./camera.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./address.js" */

/**
 * @typedef {{key: string, film: string}} Keys of a run and its film
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
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    /** @type {{memory: Memory, asked: boolean, problems: string[]}|null} what is to be shown once the films are there */
    this.recalled = null;
    /** @type {{view: SceneView|null}|null} what the address asks of the second map, which may come later */
    this.second = null;
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
    this.recalled = recall(this, data, fromAddress) ?? this.recalled;
    if (!this.board) this.keepRoom(data.shapes, this.recalled?.memory.settings?.kind ?? DEFAULTS.kind);
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
    const { data } = this;
    if (!data) return;
    const second = data.other && sideOf(data.other); // looked at before the first, so that it is the one that makes room
    const first = sideOf(data);
    if (!first) return;
    const shown = second ? [first, second] : [first];
    const sides = new Sides(shown);
    const board = this.boardOf(sides, data);
    if (this.second && second) {
      keepView(sides, 1, this.second.view);
      this.second = null;
    }
    if (!board.sides.areOf(shown)) board.open(sides, data.cursor);
    this.root.removeAttribute("aria-busy");
    board.receive(data);
  }

  /** The board, showing what is to be shown. @param {Sides} sides @param {ClustersData} data @returns {Board} */
  boardOf(sides, data) {
    const { recalled } = this;
    this.recalled = null;
    const { asked = false, memory, problems } = recalled ?? {};
    if (asked && memory) {
      looks.selected = { key: sides.run.key, indices: memory.selected.map((point) => sides.first.indices[point]) };
      keepView(sides, 0, memory.views[0]);
      this.second = { view: memory.views[1] ?? null };
    }
    // Classes are those of a run; what the address says is meant for the run that it says, too.
    const hidden = asked || memory?.run === data.key ? memory?.hidden : [];
    const options = { settings: { ...DEFAULTS, ...memory?.settings }, hidden: hidden ?? [] };
    if (!this.board) this.board = new Board(this.root, this.link, sides, data.cursor, options);
    else if (recalled) this.board.take(options);
    if (problems?.length) this.board.remember();
    return this.board;
  }
}

/** @param {Sides} sides @param {number} place of a map @param {SceneView|null|undefined} view that it is to show */
function keepView(sides, place, view) {
  if (view) looks.views[viewKey(sides, place)] = view;
  else delete looks.views[viewKey(sides, place)];
}

/** @param {Keys} keys */
function sideOf({ key, film: filmKey }) {
  const [run, film] = [live.get(key), filmShelf.get(filmKey)];
  return run && film ? { run, film } : null;
}

export default liveComponent(".clusters", Clusters);
