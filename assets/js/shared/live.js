/**
 * The weights of the selected run, received once and shared by every live component of every page: the registry exists once,
 * on `globalThis.betaVaeLive`, made by whichever component comes first.
 */

import { component } from "./mounting.js";

const RUNS_KEPT = 2; // the selected run and the one before, so that switching back is at once
const LATENCIES_KEPT = 4096;

class Registry {
  constructor() {
    this.runs = new Map();
    this.waiting = []; // {key, epoch, resolve}
    this.guests = new Map(); // by key: those that came before their run
    /** Milliseconds from an input event to its picture on the canvas, newest last; for benchmarks. */
    this.latencies = [];
    /** Milliseconds between the frames of what moves by itself, newest last; for benchmarks. */
    this.frames = [];
  }

  recordLatency(milliseconds) {
    if (this.latencies.length >= LATENCIES_KEPT) this.latencies.splice(0, LATENCIES_KEPT / 2);
    this.latencies.push(milliseconds);
  }

  recordFrame(milliseconds) {
    if (this.frames.length >= LATENCIES_KEPT) this.frames.splice(0, LATENCIES_KEPT / 2);
    this.frames.push(milliseconds);
  }

  /** @returns {LiveRun|undefined} which then counts as new, so that another takes the place of one that nobody looks at */
  get(key) {
    const run = this.runs.get(key);
    if (run) {
      this.runs.delete(key);
      this.runs.set(key, run);
    }
    return run;
  }

  /** @returns {Promise<LiveRun>} resolves once the weights of an epoch have arrived; without one, those of all */
  whenReady(key, epoch) {
    const run = this.runs.get(key);
    if (run?.has(epoch)) return Promise.resolve(run);
    return new Promise((resolve) => this.waiting.push({ key, epoch, resolve }));
  }

  /** @param {string} key of a run @param {object[]} guests images of it beyond its gallery; costs nothing if known */
  welcome(key, guests) {
    const run = this.runs.get(key);
    if (run) run.welcome(guests);
    else this.guests.set(key, guests);
  }

  /** Take in a run that has its last epoch's weights. @param {LiveRun} run */
  add(run) {
    run.welcome(this.guests.get(run.key) ?? []);
    this.guests.delete(run.key);
    this.runs.set(run.key, run); // last in the map is newest
    for (const old of [...this.runs.keys()].slice(0, -RUNS_KEPT)) this.runs.delete(old);
    this.tell(run);
  }

  /** Tell those who wait for what the run has by now. */
  tell(run) {
    const told = this.waiting.filter(({ key, epoch }) => key === run.key && run.has(epoch));
    this.waiting = this.waiting.filter((each) => !told.includes(each));
    for (const { resolve } of told) resolve(run);
  }
}

/** @type {Registry} */
export const live = (globalThis.betaVaeLive ??= new Registry());

/**
 * Call `show(run)` once the weights of a run are there, unless something else was asked for meanwhile.
 * @param {object} view keeps what it waits for in `wanted`
 * @param {{key: string, epoch: number|undefined}} wanted a run and the epoch whose weights are enough; without one, all are
 *   waited for
 * @param {function(LiveRun)} show
 */
export function whenRun(view, { key, epoch }, show) {
  view.wanted = show;
  const run = live.get(key);
  if (run?.has(epoch)) show(run);
  else live.whenReady(key, epoch).then((arrived) => view.wanted === show && show(arrived));
}

/** The default export of a component that draws with a run's weights; see `component`. */
export const liveComponent = (selector, View) =>
  component(selector, View, ({ key, guests }) => guests && live.welcome(key, guests));
