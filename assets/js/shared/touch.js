/**
 * Sliders under a finger or a pen. A browser sets a slider where the finger comes down, and learns only afterwards whether the finger
 * is about to drag it or to scroll the page.
 */

/** Have the sliders within a root wait for what a finger is about: a drag or a tap sets them, and scrolling does not. */
export function steadySliders(root) {
  let held = null; // the slider under the finger, its value before, and the one that waits to be set
  let scrolled = null; // the slider that a finger has scrolled past; Chromium tells of a change of it all the same
  const take = () => {
    const { input, wanted } = held;
    held = null;
    if (wanted === null) return;
    input.value = wanted;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const listen = (type, act) => root.addEventListener(type, act, true);
  listen("pointerdown", ({ target, pointerType, clientX, clientY }) => {
    scrolled = held = null;
    if (pointerType === "mouse" || target.type !== "range") return;
    held = { input: target, before: target.value, wanted: null, x: clientX, y: clientY };
  });
  listen("input", (event) => {
    if (event.target !== held?.input) return;
    event.stopPropagation();
    held.wanted = event.target.value;
    event.target.value = held.before;
  });
  listen("pointermove", ({ clientX, clientY }) => {
    if (held && Math.abs(clientX - held.x) > Math.abs(clientY - held.y)) take();
  });
  listen("pointerup", () => held && take());
  listen("pointercancel", () => {
    if (held) scrolled = held.input;
    held = null;
  });
  listen("change", (event) => {
    if (event.target === scrolled) event.stopPropagation();
  });
}
