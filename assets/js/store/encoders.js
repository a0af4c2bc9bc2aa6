/**
 * The invisible component that the Draw page mounts: takes the encoders of the run and the probe images to search, and lays
 * them on a shelf, where the visible component finds them.
 */

import { EncoderShelf } from "../engine/encoders.js";
import { encoderShelf } from "../shared/encoders.js";
import { taker } from "./take.js";

/** @type {Uint8Array|null} the last bytes, so that a rerun that brings the same object costs nothing */
let latest = null;

export default taker("The run's encoders cannot be used", (bytes) => {
  if (bytes === latest) return;
  const encoders = new EncoderShelf(bytes);
  latest = bytes;
  return () => encoderShelf.put(encoders.key, encoders);
});
