/**
 * The weights of the selected run, received once and shared by every live component of every page.
 *
 * Each live component's script carries this file, because a component's inline script cannot import another; the
 * registry itself exists once, on `globalThis.betaVaeLive`, made by whichever component comes first.
 */

import { Decoder, parseSafetensors, safetensorsHeader } from "./decoder.js";

const RUNS_KEPT = 2; // the selected run and the one before, so that switching back is at once
const LATENCIES_KEPT = 4096;

/** A run as the browser knows it: decoders by epoch, and the gallery of test images with their codes. */
class LiveRun {
  /** @param {Uint8Array} bytes safetensors, as pages/parts/live.py writes it */
  constructor(bytes) {
    const { metadata, tensors } = parseSafetensors(bytes);
    /** @type {{key: string, name: string, noun: string, class_names: string[], layers: object[], epochs: number[],
     *   image_shape: number[], latent_dim: number, records: object[], order: number[], passive_below: number}} */
    this.about = JSON.parse(metadata.live);
    this.key = this.about.key;
    this.epochs = this.about.epochs;
    this.latentDim = this.about.latent_dim;
    this.imageShape = this.about.image_shape;
    this.pixels = this.imageShape[0] * this.imageShape[1];
    this.labels = tensors.get("gallery/labels").data;
    this.indices = tensors.get("gallery/indices").data;
    this.tensors = tensors;
    this.decoders = new Map();
    this.whole = false;
  }

  /** Take the weights of the other epochs. @param {Uint8Array} bytes safetensors */
  complete(bytes) {
    for (const [name, tensor] of parseSafetensors(bytes).tensors) this.tensors.set(name, tensor);
    this.whole = true;
  }

  /** @returns {boolean} whether the weights of an epoch are here; without one, those of all */
  has(epoch) {
    return this.whole || epoch === this.epochs.at(-1);
  }

  /** @returns {Decoder} the decoder as it was after `epoch`, made at its first use */
  decoder(epoch) {
    if (!this.decoders.has(epoch)) {
      const prefix = `${snapshot(epoch)}/decoder.`;
      this.decoders.set(epoch, new Decoder(this.about.layers, this.tensors, prefix, this.imageShape));
      // It has laid them out anew. They may be copies of what arrived, where that does not begin at a multiple of four.
      for (const name of this.tensors.keys()) if (name.startsWith(prefix)) this.tensors.delete(name);
    }
    return this.decoders.get(epoch);
  }

  /** @returns {Float32Array} the code of a gallery image at an epoch: the mean of its posterior */
  mean(epoch, position) {
    return row(this.tensors.get(`${snapshot(epoch)}/mean`), position);
  }

  /** @returns {Float32Array} the logarithm of its posterior's variances */
  logVariance(epoch, position) {
    return row(this.tensors.get(`${snapshot(epoch)}/log_variance`), position);
  }

  /** @returns {Uint8Array} a gallery image's pixels, 0 to 255 */
  image(position) {
    return this.tensors.get("gallery/images").data.subarray(position * this.pixels, (position + 1) * this.pixels);
  }

  /** @returns {Float32Array} KL of every dimension at an epoch, in nats */
  kl(epoch) {
    return row(this.tensors.get("kl"), this.epochs.indexOf(epoch));
  }

  /** @returns {number} an epoch if it is here, and the last one otherwise */
  kept(epoch) {
    return this.epochs.includes(epoch) ? epoch : this.epochs.at(-1);
  }

  /** @returns {number} where in the gallery the test image of this index is, −1 if it is not there */
  position(index) {
    return this.indices.indexOf(index);
  }
}

const snapshot = (epoch) => String(epoch).padStart(4, "0");

function row({ data, shape }, index) {
  return data.subarray(index * shape[1], (index + 1) * shape[1]);
}

class Registry {
  constructor() {
    this.runs = new Map();
    this.waiting = []; // {key, epoch, resolve}
    this.early = null; // {key, bytes}: other epochs' weights that came before their run
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

  /** @param {Uint8Array} bytes a run with its last epoch's weights, or those of its other epochs; costs little if known */
  publish(bytes) {
    const { live: about, rest_of: rest } = safetensorsHeader(bytes).header.__metadata__;
    if (about) this.open(JSON.parse(about).key, bytes);
    else this.complete(rest, bytes);
  }

  open(key, bytes) {
    if (this.get(key)) return;
    const run = new LiveRun(bytes);
    this.runs.set(key, run); // last in the map is newest
    for (const old of [...this.runs.keys()].slice(0, -RUNS_KEPT)) this.runs.delete(old);
    this.tell(run);
    warmUp(run, Array(30).fill(run.epochs.at(-1)));
    if (this.early?.key === key) this.complete(key, this.early.bytes);
  }

  complete(key, bytes) {
    const run = this.runs.get(key);
    this.early = run ? null : { key, bytes };
    if (!run || run.whole) return;
    run.complete(bytes);
    this.tell(run);
    warmUp(run, run.epochs);
  }

  tell(run) {
    const told = this.waiting.filter(({ key, epoch }) => key === run.key && run.has(epoch));
    this.waiting = this.waiting.filter((each) => !told.includes(each));
    for (const { resolve } of told) resolve(run);
  }
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

/** @type {Registry} */
export const live = (globalThis.betaVaeLive ??= new Registry());

/** The invisible component that stands beside every live one: takes the weights and publishes them. */
export default function ({ data, parentElement }) {
  if (!data) return;
  try {
    live.publish(data);
  } catch (error) {
    parentElement.querySelector(".store-problem").textContent = `The run's weights cannot be shown: ${error.message}`;
  }
}
