/**
 * Sliders under a finger or a pen. A browser sets a slider where the finger comes down, and learns only afterwards whether
 * the finger is about to drag it or to scroll the page.
 */

/**
 * Have the sliders within a root wait for what a finger is about: a drag or a tap sets them, and scrolling does not.
 * @param {HTMLElement} root
 */
export function steadySliders(root) {
  /** @typedef {{input: HTMLInputElement, before: string, wanted: string|null, x: number, y: number}} Held */
  /** @type {Held|null} the slider under the finger, its value before, and the one that waits to be set */
  let held = null;
  /** @type {HTMLInputElement|null} which a finger has scrolled past; Chromium tells of a change of it all the same */
  let scrolled = null;
  /** @param {Held} released */
  const take = ({ input, wanted }) => {
    held = null;
    if (wanted === null) return;
    input.value = wanted;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  /**
   * @template {keyof HTMLElementEventMap} Name
   * @param {Name} type @param {(event: HTMLElementEventMap[Name]) => void} act
   */
  const listen = (type, act) => root.addEventListener(type, act, true);
  listen("pointerdown", ({ target, pointerType, clientX, clientY }) => {
    scrolled = held = null;
    if (pointerType === "mouse" || !(target instanceof HTMLInputElement && target.type === "range")) return;
    held = { input: target, before: target.value, wanted: null, x: clientX, y: clientY };
  });
  listen("input", (event) => {
    if (!held || event.target !== held.input) return;
    event.stopPropagation();
    held.wanted = held.input.value;
    held.input.value = held.before;
  });
  listen("pointermove", ({ clientX, clientY }) => {
    if (held && Math.abs(clientX - held.x) > Math.abs(clientY - held.y)) take(held);
  });
  listen("pointerup", () => held && take(held));
  listen("pointercancel", () => {
    if (held) scrolled = held.input;
    held = null;
  });
  listen("change", (event) => {
    if (event.target === scrolled) event.stopPropagation();
  });
}
