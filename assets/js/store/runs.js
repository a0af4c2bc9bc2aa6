/**
 * The invisible component that stands beside every live one: takes a run's weights, in two parts, and publishes them.
 */

import { LiveRun } from "../engine/run.js";
import { safetensorsHeader } from "../engine/safetensors.js";
import { live } from "../shared/live.js";
import { taker } from "./take.js";

/** @type {Map<string, Uint8Array>} by key: other epochs' weights that came before their run */
const early = new Map();
const MOST_EARLY = 4; // of runs that are still waited for; of others nobody asks any more

/** @param {Uint8Array} bytes a run with its last epoch's weights, or those of its other epochs; costs little if known */
function publish(bytes) {
  const { live: about, rest_of: rest } = safetensorsHeader(bytes).metadata;
  if (about) open(JSON.parse(about).key, bytes);
  else complete(rest, bytes);
}

/** @param {string} key @param {Uint8Array} bytes */
function open(key, bytes) {
  if (live.get(key)) return;
  const run = new LiveRun(bytes);
  live.add(run);
  warmUp(run, Array(8).fill(run.last)); // from the fifth on it is as fast as it gets
  const rest = early.get(key);
  if (rest) complete(key, rest);
}

/** @param {string} key @param {Uint8Array} bytes */
function complete(key, bytes) {
  const run = live.runs.find(key);
  early.delete(key);
  if (!run) {
    early.set(key, bytes);
    for (const old of [...early.keys()].slice(0, -MOST_EARLY)) early.delete(old);
    return;
  }
  if (run.whole) return;
  run.complete(bytes);
  live.runs.tell();
  warmUp(run, run.epochs);
}

/**
 * Let the browser compile the decoder and lay out weights while nobody is dragging.
 * @param {LiveRun} run @param {number[]} epochs
 */
function warmUp(run, epochs) {
  /** @param {() => void} task */
  const later = (task) => setTimeout(task, 20);
  const idle = globalThis.requestIdleCallback ?? later;
  const out = new Float32Array(run.pixels);
  const code = new Float32Array(run.latentDim);
  const tasks = [...epochs];
  const next = () => {
    const epoch = tasks.shift();
    if (epoch === undefined) return;
    run.decoder(epoch).decode(code, out);
    idle(next);
  };
  idle(next);
}

export default taker("The run's weights cannot be shown", publish);
