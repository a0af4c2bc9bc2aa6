/** The explained words of Streamlit's own prose: links whose title is their sentence, see glossary.py. */

import { Terms } from "./terms.js";

export default function glossary({ parentElement }) {
  globalThis.betaVaeTerms ??= new Terms(document, parentElement);
  globalThis.betaVaeTerms.home = parentElement;
}
