/**
 * The invisible component that the Draw page mounts: takes the encoders of the run and the probe images to search, and lays
 * them on a shelf, where the visible component finds them.
 */

import { EncoderShelf } from "../engine/encoders.js";

let latest = null; // the last bytes, so that a rerun that brings the same object costs nothing

export default function ({ data, parentElement }) {
  if (!data || data === latest) return;
  const shelf = (globalThis.betaVaeEncoders ??= { current: null, listeners: new Set() });
  try {
    shelf.current = new EncoderShelf(data);
    latest = data;
  } catch (error) {
    parentElement.querySelector(".store-problem").textContent = `The run's encoders cannot be used: ${error.message}`;
    return;
  }
  for (const listener of shelf.listeners) listener();
}
