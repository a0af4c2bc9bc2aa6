/** The keys of the film, wherever the focus is: Space plays and the arrows step through the epochs. */

/** @typedef {{toggle: () => void, step: (by: number) => void}} Steps */

/** @param {HTMLElement} root @param {Steps} film */
export function listenToKeys(root, film) {
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const [element] = event.composedPath();
    const by = element instanceof Element ? stepOf(element, event.key) : 0;
    if (by === null) return;
    if (by) film.step(by);
    else if (event.key === " " && !isPressedBySpace(element)) film.toggle();
    else return;
    event.preventDefault();
  };
  /** @param {KeyboardEvent} event */
  const anywhere = (event) => {
    if (!root.isConnected) document.removeEventListener("keydown", anywhere);
    else if (document.activeElement === document.body) press(event);
  };
  root.addEventListener("keydown", press);
  document.addEventListener("keydown", anywhere);
}

/** @param {EventTarget} element */
const isPressedBySpace = (element) =>
  element instanceof Element && element.matches("button, summary, a, [type=checkbox]");

/**
 * By how many epochs a key steps where the focus is.
 * @param {Element} element @param {string} key
 * @returns {number|null} 0 if by none; null where the element has a use for all keys
 */
function stepOf(element, key) {
  if (element.matches("select, textarea, input:not([type=range], [type=checkbox])")) return null;
  if (!element.matches(".time") && key === "ArrowLeft") return -1;
  if (!element.matches(".time") && key === "ArrowRight") return 1;
  if (element.matches(".player button") && key === "Home") return -Infinity;
  if (element.matches(".player button") && key === "End") return Infinity;
  if (element.matches(".field") && key === "PageUp") return -1;
  if (element.matches(".field") && key === "PageDown") return 1;
  return 0;
}
