/**
 * The menu of pages, where it lies over the page, as in a narrow window: it closes when a page is chosen. Streamlit closes
 * it only for browsers that call themselves a phone's.
 */

import { joinSteps } from "./history.js";

/** @param {MouseEvent} event */
function closeMenu({ target, ctrlKey, metaKey, shiftKey }) {
  const link = target instanceof Element && target.closest("[data-testid=stSidebarNavLink]");
  if (!link || ctrlKey || metaKey || shiftKey) return;
  // A press beside it, which closes it where it lies over the page and nowhere else; after Streamlit's own.
  const press = new MouseEvent("mousedown", { bubbles: true });
  setTimeout(() => document.querySelector("[data-testid=stMain]")?.dispatchEvent(press));
}

/** Once a browser. */
export function menu() {
  if (globalThis.betaVaeMenu) return;
  globalThis.betaVaeMenu = true;
  document.addEventListener("click", closeMenu, true);
  joinSteps();
}
