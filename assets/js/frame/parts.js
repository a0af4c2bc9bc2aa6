/** What arrives of the runs, as scripts that call `betaVaeDeliver`: kept as it came, and unpacked when somebody wants it. */

import { bytesOf } from "../engine/bytes.js";

/** @import { PartTold } from "./session.js" */

/** @param {string} text base64 of raw-deflated bytes @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function inflated(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export class Parts {
  /** @param {Record<string, PartTold>} told of every part there is, by its name */
  constructor(told) {
    this.told = told;
    /** @type {Map<string, string>} by name, as they came */
    this.texts = new Map();
    /** @type {Map<string, {arrived: Promise<string>, arrive: (text: string) => void}>} by name: those that are waited for */
    this.waiting = new Map();
  }

  /** @param {string} name @param {string} text base64 of raw-deflated bytes */
  deliver(name, text) {
    this.texts.set(name, text);
    this.waiting.get(name)?.arrive(text);
  }

  /**
   * The bytes of a part, which is asked for where it does not come by itself.
   * @param {string} name @returns {Promise<Uint8Array>} fails with a sentence
   */
  async bytes(name) {
    const text = this.texts.get(name) ?? (await this.arrival(name));
    try {
      return await inflated(text);
    } catch {
      throw new Error("A part of this page is damaged. Get the page anew from where it came.");
    }
  }

  /** @param {string} name @returns {Promise<string>} */
  arrival(name) {
    const known = this.waiting.get(name);
    if (known) return known.arrived;
    /** @type {PromiseWithResolvers<string>} */
    const { promise, resolve, reject } = Promise.withResolvers();
    this.waiting.set(name, { arrived: promise, arrive: resolve });
    const source = this.told[name]?.src;
    if (source) {
      const script = document.createElement("script"); // not by fetch, which a file may not use
      script.src = source;
      script.onload = script.onerror = () => {
        if (this.texts.has(name)) return;
        this.waiting.delete(name); // so that it can be asked for again
        reject(new Error(`${source} cannot be loaded. It has to lie beside this page, as both were written.`));
      };
      document.head.append(script);
    }
    return promise;
  }
}
