/** When a component may say what nobody's hand does. */

const EFFECT_MS = 1000; // within which a click has had its effect, if only that a script runs
const LOOK_MS = 30;

/**
 * Streamlit says along with everything on which page it was said, until the next one is there: right after a click on a link,
 * what nobody's hand says would lead back.
 * @param {HTMLElement} root from now on, hand and keys count
 * @returns {() => Promise<void>} resolves once hand and app rest, or the element is gone
 */
export function whenAtRest(root) {
  let acted = -Infinity;
  const listening = new AbortController();
  const act = () => {
    acted = performance.now();
    if (!root.isConnected) listening.abort();
  };
  for (const name of ["pointerdown", "click", "keydown"]) {
    document.addEventListener(name, act, { capture: true, signal: listening.signal }); // what is clicked may keep it from going on
  }
  const busy = () => {
    const state = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-script-state") ?? "notRunning";
    return state !== "notRunning" || performance.now() - acted < EFFECT_MS;
  };
  return async () => {
    do {
      await new Promise((go) => setTimeout(go, LOOK_MS)); // what a busy page has kept waiting comes first
    } while (root.isConnected && busy());
    listening.abort();
  };
}
