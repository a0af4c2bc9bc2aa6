/**
 * What a page's component starts with: it hands each mount on to the page's script, which comes once and by itself.
 *
 * Streamlit sends a component anew whenever its data change, its script included. A script apart from the data is the
 * same at every rerun, so that only a reference to what the browser has is sent.
 */

/** @returns {{run: ?function(object), waiting: Map<Element, object>}} a page's script, and the mounts that came before it */
function pageScript(name) {
  const scripts = (globalThis.betaVaeScripts ??= new Map());
  if (!scripts.has(name)) scripts.set(name, { run: null, waiting: new Map() });
  return scripts.get(name);
}

/** The default export of a component, whose script is still to come. */
function handOn(name) {
  return (mount) => {
    const script = pageScript(name);
    if (script.run) script.run(mount);
    else script.waiting.set(mount.parentElement, mount);
  };
}

/** The default export of a script: run for the mounts that waited, and from now on for every other one. */
function takeOver(name, run) {
  return () => {
    const script = pageScript(name);
    script.run ??= run; // the one that is there keeps what it knows of its mounts
    for (const mount of script.waiting.values()) script.run(mount);
    script.waiting.clear();
  };
}
