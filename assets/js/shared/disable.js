/**
 * Controls that cannot be used at the moment, and why not: one sentence, shown as those of explained words are, see terms.js.
 *
 * Not by the attribute "disabled", which takes a control away from the keyboard and from a finger, so that nobody could ask.
 */

/** @type {WeakMap<HTMLElement, {reason: string, title: string}>} of each control; title: what it says while it can be used */
const reasons = new WeakMap();

/**
 * @param {HTMLElement} control a button, link, checkbox or radio button
 * @param {string} reason why not; "" where it can be used
 */
export function disable(control, reason) {
  const holder = /** @type {HTMLElement} */ (control.closest("label") ?? control); // what the pointer meets
  const known = reasons.get(control);
  if (known?.reason === reason) return;
  if (!known) {
    /** @param {Event} event */
    const refuse = (event) => {
      if (!reasons.get(control)?.reason) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    control.addEventListener("click", refuse, true); // which keys make too
  }
  const title = known?.title ?? holder.title;
  reasons.set(control, { reason, title });
  holder.classList.toggle("resting", Boolean(reason));
  /** @param {Element} element @param {string} name @param {string} value */
  const set = (element, name, value) => (value ? element.setAttribute(name, value) : element.removeAttribute(name));
  set(holder, "title", reason ? "" : title);
  for (const element of [holder, control]) set(element, "aria-description", reason);
  set(control, "aria-disabled", reason ? "true" : "");
}
