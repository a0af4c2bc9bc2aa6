/**
 * The keys of whoever shows a lesson: → and ← turn its steps, F fills the screen, and while it does so do Space, PageDown and
 * PageUp, which a clicker sends. Outside of full screen these scroll the page, as ever.
 *
 * A control that the keyboard is at keeps its keys, and so does the film, which the arrows step and Space plays.
 */

/** @typedef {{turn: (by: number) => void, present: (on: boolean) => void, presenting: () => boolean}} Turns */

const WRITTEN =
  "textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=button])";
const HELD = `${WRITTEN}, input, [role=slider], [role=application], [role=grid], [role=radiogroup]`;
const PRESSED = "button, a, summary, [role=button], [role=tab], [tabindex]:not([tabindex='-1'])";

/** @param {HTMLElement} root of the lesson: as long as it is on the page @param {Turns} turns */
export function listenToTurns(root, turns) {
  /** @param {KeyboardEvent} event @param {(element: Element, key: string) => boolean} act */
  const press = (event, act) => {
    const { ctrlKey, metaKey, altKey, defaultPrevented, repeat } = event;
    const [element] = event.composedPath();
    if (ctrlKey || metaKey || altKey || defaultPrevented || repeat || !(element instanceof Element)) return;
    if (act(element, event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  let pointed = true; // and not a key pressed, the last time
  // A clicker's keys come first: whoever has clicked a map or a slider goes on to the next step with it.
  /** @param {Element} element @param {string} key */
  const click = (element, key) => {
    const by = { PageDown: 1, PageUp: -1 }[key];
    if (!by) pointed = false;
    if (!by || !turns.presenting() || element.matches(WRITTEN)) return false;
    if (element.matches(HELD) && !pointed) return false;
    turns.turn(by);
    return true;
  };
  /** @param {Element} element @param {string} key */
  const other = (element, key) => {
    if (element.matches(HELD)) return false;
    if (key === "ArrowRight") turns.turn(1);
    else if (key === "ArrowLeft") turns.turn(-1);
    else if (key === "f" || key === "F") turns.present(!turns.presenting());
    else if (key === "Escape" && turns.presenting()) turns.present(false);
    else if (key === " " && turns.presenting() && !element.matches(PRESSED)) turns.turn(1);
    else return false;
    return true;
  };
  const over = new AbortController();
  /** @param {(element: Element, key: string) => boolean} act @param {boolean} capture */
  const listen = (act, capture) => {
    /** @param {KeyboardEvent} event */
    const told = (event) => (root.isConnected ? press(event, act) : over.abort());
    addEventListener("keydown", told, { capture, signal: over.signal });
  };
  addEventListener("pointerdown", () => (pointed = true), { capture: true, signal: over.signal });
  listen(click, true);
  listen(other, false);
}
