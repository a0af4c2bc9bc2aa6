/** Runs that stand beside each other: what the component `beside` is sent of each, as pages/parts/beside.py sends it. */

import { imageCursor } from "./address.js";
import { spaceOf } from "./guests.js";

/** @import { CursorState, Start } from "../engine/run.js" */
/** @import { RunTold } from "./session.js" */
/** @import { Frame } from "./views.js" */

export const MOST_RUNS = 4; // that stand beside each other

/**
 * @typedef {{key: string, name: string, meaning: string, guests: [], pairing: {apart?: boolean}|null, start: Start|null,
 *   said: string}} Side
 */

/**
 * @param {Frame} frame @param {RunTold[]} runs whose heads are here @param {RunTold} lead @param {CursorState} cursor its own
 * @returns {Promise<Side[]>}
 */
export async function sidesOf(frame, runs, lead, cursor) {
  const { pairing: pairs } = frame.session.site;
  const known = frame.guests.pictureIn(frame.run(lead), cursor.start);
  return Promise.all(
    runs.map(async (told) => {
      const { key, name, meaning } = told;
      /** @type {Side} */
      const side = { key, name, meaning, guests: [], pairing: null, start: null, said: "" };
      if (told === lead) return side;
      side.pairing = /** @type {{apart?: boolean}} */ (
        pairs[`${lead.key} ${key}`] ?? { reason: "They were not paired." }
      );
      const run = frame.run(told);
      if (side.pairing.apart) side.start = imageCursor(spaceOf(told, run)).start;
      else await frame.guests.admit(told, run, cursor.start, known);
      return side;
    }),
  );
}
