/**
 * Steps of the browser's history. Whoever goes to a page meets an address that Python then completes, as by the code that is
 * shown. As a step of its own the bare address could not be left: stepping back to it has it completed again.
 */

/** Have all addresses that follow each other without anybody having done something be one step. */
export function joinSteps() {
  let touched = false; // since the present step
  /** @param {string} name @param {boolean} now */
  const set = (name, now) =>
    addEventListener(
      name,
      () => {
        touched = now;
      },
      true,
    );
  for (const name of ["pointerdown", "keydown", "click", "input"]) set(name, true);
  set("popstate", false);
  const push = history.pushState.bind(history);
  /** @param {unknown} state @param {string} unused @param {string|URL|null} [address] */
  history.pushState = (state, unused, address) => {
    if (touched) push(state, unused, address);
    else history.replaceState(state, unused, address);
    touched = false;
  };
}
