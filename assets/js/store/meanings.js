/** The invisible component that takes what was measured of a run, and publishes it: what its dimensions mean, and its figures. */

import { Meaning } from "../engine/meaning.js";
import { figureShelf, meaningShelf } from "../shared/meanings.js";
import { taker } from "./take.js";

/** @param {Uint8Array} bytes JSON, as bvae/browser/meaning.py writes it; costs little if known */
function publish(bytes) {
  const told = JSON.parse(new TextDecoder().decode(bytes));
  if ("names" in told) {
    if (!meaningShelf.find(told.key)) return () => meaningShelf.put(told.key, new Meaning(told));
  } else if (!figureShelf.find(told.key)) {
    return () => figureShelf.put(told.key, told);
  }
}

export default taker("What was measured of the run cannot be shown", publish);
