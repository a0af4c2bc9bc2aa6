/**
 * The invisible component that stands beside every live one: takes a run's weights, in two parts, and publishes them.
 */

import { LiveRun } from "../engine/run.js";
import { safetensorsHeader } from "../engine/safetensors.js";
import { live } from "../shared/live.js";

let early = null; // {key, bytes}: other epochs' weights that came before their run

/** @param {Uint8Array} bytes a run with its last epoch's weights, or those of its other epochs; costs little if known */
function publish(bytes) {
  const { live: about, rest_of: rest } = safetensorsHeader(bytes).header.__metadata__;
  if (about) open(JSON.parse(about).key, bytes);
  else complete(rest, bytes);
}

function open(key, bytes) {
  if (live.get(key)) return;
  const run = new LiveRun(bytes);
  live.add(run);
  warmUp(run, Array(30).fill(run.epochs.at(-1)));
  if (early?.key === key) complete(key, early.bytes);
}

function complete(key, bytes) {
  const run = live.runs.get(key);
  early = run ? null : { key, bytes };
  if (!run || run.whole) return;
  run.complete(bytes);
  live.tell(run);
  warmUp(run, run.epochs);
}

/** Let the browser compile the decoder and lay out weights while nobody is dragging. @param {number[]} epochs */
function warmUp(run, epochs) {
  const idle = globalThis.requestIdleCallback ?? ((task) => setTimeout(task, 20));
  const out = new Float32Array(run.pixels);
  const code = new Float32Array(run.latentDim);
  const tasks = [...epochs];
  const next = () => {
    if (tasks.length === 0) return;
    run.decoder(tasks.shift()).decode(code, out);
    idle(next);
  };
  idle(next);
}

export default function ({ data, parentElement }) {
  if (!data) return;
  try {
    publish(data);
  } catch (error) {
    parentElement.querySelector(".store-problem").textContent = `The run's weights cannot be shown: ${error.message}`;
  }
}
