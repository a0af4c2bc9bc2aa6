/**
 * What a page's component starts with: it hands each mount on to the page's script, which comes once and by itself.
 *
 * Streamlit sends a component anew whenever its data change, its script included. A script apart from the data is the
 * same at every rerun, so that only a reference to what the browser has is sent.
 */

/**
 * The scripts by name: what they do with a mount, and the mounts that came before them.
 * @returns {Map<string, {run: ?function(object), waiting: Map<Element, object>}>}
 */
const scripts = () => (globalThis.betaVaeScripts ??= new Map());

function scriptOf(name) {
  if (!scripts().has(name)) scripts().set(name, { run: null, waiting: new Map() });
  return scripts().get(name);
}

/** The default export of a component, whose script is still to come. */
export function handOn(name) {
  return (mount) => {
    scriptOf(name).waiting.set(mount.parentElement, mount);
    release();
  };
}

/** The default export of a script: run for the mounts that waited, and from now on for every other one. */
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
