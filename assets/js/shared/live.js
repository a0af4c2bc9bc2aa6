/**
 * The weights of the selected run, received once and shared by every live component of every page: the registry exists once,
 * on `globalThis.betaVaeLive`, made by whichever component comes first.
 */

import { NO_MEANING } from "../engine/meaning.js";
import { meaningShelf } from "./meanings.js";
import { component } from "./mounting.js";
import { Shelf } from "./shelf.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { CursorState, LiveRun, PackedGuest } from "../engine/run.js" */
/** @import { Component, View } from "./mounting.js" */

/**
 * What every component that draws with a run's weights is sent; see `live_component` in pages/parts/live.py.
 * @typedef {object} LiveData
 * @property {string} key of the run
 * @property {CursorState} cursor
 * @property {number} revision raised whenever Python has moved the cursor by itself
 * @property {PackedGuest[]} guests images beyond the gallery
 * @property {string} [meaning] key of what its dimensions mean, "" where nothing is known of them
 * @property {string} [read_only] why nothing can be changed from this session, "" where it can
 * @property {unknown} memory what the component sent of itself before, null at first; a view says of what shape it is
 * @property {Parameters|null} [asked] what the address asks of it, null where it asks nothing or `memory` is newer
 * @property {number} [asked_revision] raised whenever the address asks for something
 */

// The selected run and the one before, so that switching back is at once; and as many beside it as are ever shown.
const RUNS_KEPT = 5;
const LATENCIES_KEPT = 4096;

export class Registry {
  constructor() {
    /** @type {Shelf<LiveRun>} */
    this.runs = new Shelf(RUNS_KEPT);
    /** @type {Map<string, PackedGuest[]>} by key: those that came before their run */
    this.guests = new Map();
    /** @type {number[]} milliseconds from an input event to its picture on the canvas, newest last; for benchmarks */
    this.latencies = [];
    /** @type {number[]} milliseconds between the frames of what moves by itself, newest last; for benchmarks */
    this.frames = [];
  }

  /** @param {number} milliseconds */
  recordLatency(milliseconds) {
    if (this.latencies.length >= LATENCIES_KEPT) this.latencies.splice(0, LATENCIES_KEPT / 2);
    this.latencies.push(milliseconds);
  }

  /** @param {number} milliseconds */
  recordFrame(milliseconds) {
    if (this.frames.length >= LATENCIES_KEPT) this.frames.splice(0, LATENCIES_KEPT / 2);
    this.frames.push(milliseconds);
  }

  /** @param {string} key @returns {LiveRun|undefined} which then counts as new */
  get(key) {
    return this.runs.get(key);
  }

  /**
   * @param {string} key @param {number} [epoch]
   * @returns {Promise<LiveRun>} resolves once the weights of an epoch have arrived; without one, those of all
   */
  whenReady(key, epoch) {
    return this.runs.whenReady(key, (run) => run.has(epoch));
  }

  /** @param {string} key of a run @param {PackedGuest[]} guests images of it beyond its gallery; costs nothing if known */
  welcome(key, guests) {
    const run = this.runs.find(key);
    if (run) run.welcome(guests);
    else this.guests.set(key, guests);
  }

  /** Take in a run that has its last epoch's weights. @param {LiveRun} run */
  add(run) {
    run.welcome(this.guests.get(run.key) ?? []);
    this.guests.delete(run.key);
    this.runs.put(run.key, run);
  }
}

globalThis.betaVaeLive ??= new Registry();

export const live = globalThis.betaVaeLive;

/**
 * A run that is waited for. epoch: whose weights are enough, which may be "last"; without one, all are waited for; meaning: the
 * key of that, "" for none; without one, the run keeps the one that it has.
 * @typedef {{key: string, epoch?: number|"last", meaning?: string}} Wanted
 */

/**
 * Call `show(run)` once the weights of a run are there, and what its dimensions mean, unless something else was asked for
 * meanwhile.
 * @param {{root: HTMLElement, wanted?: unknown}} view keeps what it waits for in `wanted`
 * @param {Wanted} wanted @param {(run: LiveRun) => void} show
 */
export const whenRun = (view, wanted, show) => whenRuns(view, [wanted], ([run]) => show(run));

/**
 * The same of several runs.
 * @param {{root: HTMLElement, wanted?: unknown}} view @param {Wanted[]} wanted @param {(runs: LiveRun[]) => void} show
 */
export function whenRuns(view, wanted, show) {
  /** @param {LiveRun[]} runs */
  const begin = (runs) => {
    for (const [place, { meaning }] of wanted.entries()) {
      if (meaning !== undefined) runs[place].meaning = meaningShelf.get(meaning) ?? NO_MEANING;
    }
    show(runs);
  };
  view.wanted = begin;
  /** @param {Wanted} one @param {LiveRun} run */
  const suffices = ({ epoch }, run) => epoch === "last" || run.has(epoch);
  const here = wanted.map(({ key }) => live.get(key));
  const all = wanted.every((one, place) => {
    const run = here[place];
    return run && suffices(one, run) && (!one.meaning || meaningShelf.find(one.meaning));
  });
  if (all) {
    begin(/** @type {LiveRun[]} */ (here));
    return;
  }
  const runs = wanted.map((one) => live.runs.whenReady(one.key, (run) => suffices(one, run)));
  const meanings = wanted.map(({ meaning }) => meaning && meaningShelf.whenReady(meaning));
  Promise.all([Promise.all(runs), Promise.all(meanings)]).then(([arrived]) => view.wanted === begin && begin(arrived));
}

/**
 * The default export of a component that draws with a run's weights; see `component`.
 * @template {LiveData} Data
 * @param {string} selector @param {new (root: HTMLElement) => View<Data>} Shown
 * @returns {Component<Data>}
 */
export const liveComponent = (selector, Shown) =>
  component(selector, Shown, ({ key, guests }) => guests && live.welcome(key, guests));
