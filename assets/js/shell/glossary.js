/**
 * The glossary: what the marked words mean, for all components, and the explained words of Streamlit's own prose, which are
 * links whose title is their sentence; see glossary.py.
 */

import { Terms } from "../shared/terms.js";
import { release } from "./hand-on.js";

/** @import { Mount } from "../shared/mounting.js" */

/** @param {Mount<Record<string, string>> & {parentElement: HTMLElement}} mount with the sentences by key; no shadow is around it */
export function glossary({ data, parentElement }) {
  if (!data) return;
  globalThis.betaVaeTerms ??= new Terms(document, parentElement);
  globalThis.betaVaeTerms.home = parentElement;
  globalThis.betaVaeGlossary = data[0];
  release();
}
