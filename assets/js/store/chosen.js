/**
 * The invisible component that the Reconstruct page mounts: takes the chosen images and lays them on a shelf. They stay when the
 * cursor moves, with which they would travel again.
 */

import { Chosen } from "../engine/chosen.js";
import { chosenShelf } from "../shared/chosen.js";
import { taker } from "./take.js";

/** @type {Uint8Array|null} the last bytes, so that a rerun that brings the same object costs nothing */
let held = null;

export default taker("The images cannot be shown", (bytes) => {
  if (bytes === held) return;
  const chosen = new Chosen(bytes);
  held = bytes;
  return () => chosenShelf.put(chosen.key, chosen);
});
