/**
 * What a page's component starts with: it hands each mount on to the page's script, which comes once and by itself.
 *
 * Streamlit sends a component anew whenever its data change, its script included. A script apart from the data is the
 * same at every rerun, so that only a reference to what the browser has is sent.
 */

/** @import { Component, Mount } from "../shared/mounting.js" */

/**
 * A script: what it does with a mount, null before it has come, and the mounts that came before it, by their elements.
 * @typedef {{run: Component<unknown>|null, waiting: Map<Node, Mount<unknown>>}} Script
 */

/** @returns {Map<string, Script>} by name */
function scripts() {
  globalThis.betaVaeScripts ??= new Map();
  return globalThis.betaVaeScripts;
}

/** @param {string} name @returns {Script} */
function scriptOf(name) {
  const script = scripts().get(name) ?? { run: null, waiting: new Map() };
  scripts().set(name, script);
  return script;
}

/** The default export of a component, whose script is still to come. @param {string} name of the script */
export function handOn(name) {
  return (/** @type {Mount<unknown>} */ mount) => {
    scriptOf(name).waiting.set(mount.parentElement, mount);
    release();
  };
}

/**
 * The default export of a script: run for the mounts that waited, and from now on for every other one.
 * @param {string} name @param {Component<unknown>} run
 */
export function takeOver(name, run) {
  return () => {
    scriptOf(name).run ??= run; // the one that is there keeps what it knows of its mounts
    release();
  };
}

/** Run what waits and has its script. Words can be explained as soon as they are shown: nothing is before the glossary. */
export function release() {
  if (!globalThis.betaVaeGlossary) return;
  for (const { run, waiting } of scripts().values()) {
    if (!run) continue;
    const mounts = [...waiting.values()];
    waiting.clear();
    for (const mount of mounts) run(mount);
  }
}
