/** Parts of a page alone, as for a frame in a course page or on a slide: `embed=picture,sliders` in the address. */

import { quote } from "./address.js";

/** @type {Record<string, Record<string, string>>} by component, what its parts are called and where they are in its HTML */
const EMBEDDED = {
  traverse: {
    picture: ".decoded",
    sliders: ".dimensions",
    clock: ".clock",
    start: ".start",
    strip: ".strip",
    pad: ".two",
    grid: ".all",
  },
  interpolate: { walk: ".play", ends: ".ends", steps: ".steps", grid: ".corners" },
  generate: { picture: ".picture", settings: ".draw", images: ".hundred" },
  clusters: { film: ".stage", point: ".point", classes: ".legend", selection: ".selection", quality: "aside .quality" },
  disentangle: { clock: ".clock", matrix: ".matrix", pictures: ".moved", budget: ".budget", scores: ".scores" },
  reconstruct: { clock: "section.clock", figures: ".about", images: ".images" },
  draw: { field: ".desk", results: ".pair", clock: ".clock", neighbours: ".near" },
  compare: { plane: "section:first-of-type", figures: ".against", dimensions: ".spent" },
};
const PART_CLASS = "embedded-part";

const only = new CSSStyleSheet();
only.replaceSync(`
  .live *:not(.${PART_CLASS}, .${PART_CLASS} *, :has(.${PART_CLASS})) { display: none !important; }
  .live .one-column { display: block !important; max-width: none; }
  .live .one-column > * + * { margin-top: 1rem; }
  .live .picture { position: static !important; }
`);

/** @param {string} text as the address has it @returns {string[]} the parts that it asks for */
export const partsIn = (text) => [...new Set(text.split(",").filter(Boolean))];

/**
 * Show of a component only what was asked for; all of it where nothing of that is there.
 * @param {ShadowRoot} root with its HTML @param {string} component @param {string[]} asked
 * @returns {string[]} sentences about what is not there
 */
export function showOnly(root, component, asked) {
  const parts = EMBEDDED[component] ?? {};
  for (const marked of root.querySelectorAll(`.${PART_CLASS}`)) marked.classList.remove(PART_CLASS);
  for (const name of asked) if (Object.hasOwn(parts, name)) root.querySelector(parts[name])?.classList.add(PART_CLASS);
  const found = root.querySelector(`.${PART_CLASS}`) !== null;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((sheet) => sheet !== only), ...(found ? [only] : [])];
  for (const columns of root.querySelectorAll(".layout, .board, .above")) {
    const shown = [...columns.children].filter((child) => child.matches(`.${PART_CLASS}, :has(.${PART_CLASS})`));
    columns.classList.toggle("one-column", found && shown.length < 2);
  }
  const missing = asked.filter((name) => !Object.hasOwn(parts, name));
  if (!missing.length) return [];
  const there = Object.keys(parts).join(", ");
  return [`This page has no part named ${missing.map((name) => quote(name)).join(" or ")}. It has ${there}.`];
}
