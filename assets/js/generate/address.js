/** What Generate shows, as its address says it: seed, temperature and source of the noise. */

import { Asked, parametersOf, short } from "../engine/address.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { Memory } from "./settings.js" */

const MOST_SEED = 2 ** 31 - 1;

/** @param {Memory} memory @returns {Parameters} */
export function toAddress({ seed, temperature = 1, source }) {
  return parametersOf({
    seed: seed || null,
    temperature: temperature === 1 ? null : short(temperature),
    source: source === "posterior" ? source : null,
  });
}

/** @param {Parameters} parameters @returns {{memory: Memory, problems: string[]}} */
export function fromAddress(parameters) {
  const asked = new Asked(parameters);
  const memory = {
    seed: asked.whole("seed", "the seed", 0, MOST_SEED) ?? 0,
    temperature: asked.number("temperature", "the temperature", 0, 2) ?? 1,
    source: asked.choice("source", "the source of the codes", ["prior", "posterior"]) ?? "prior",
  };
  return { memory, problems: asked.problems };
}
