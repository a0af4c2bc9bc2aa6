/** How Streamlit mounts a component. */

import { Terms, explainMarks } from "./terms.js";
import { steadySliders } from "./touch.js";

/**
 * The default export of a live component.
 *
 * Streamlit runs it at the first mount and again whenever data or theme change; the hand's state lives in the WeakMap.
 * It returns no cleanup: a cleanup that comes late, as it does when two runs overlap, would stop the drawing of the
 * mount that followed. Views that animate look at `root.isConnected`.
 *
 * @param {string} selector of the component's root element in its HTML
 * @param {new (root: HTMLElement) => {receive: function(object, function)}} View
 * @param {function(object)} [before] told the data before the view is
 */
export function component(selector, View, before) {
  const mounted = new WeakMap();
  return ({ data: sent, parentElement, setStateValue }) => {
    const data = sent?.[0]; // see live.py
    let attach = mounted.get(parentElement);
    if (!attach) {
      let view = null;
      let latest = null;
      attach = (given) => {
        latest = given ?? latest;
        const root = parentElement.querySelector(selector);
        if (!root || !latest?.data) return;
        if (view?.root !== root) {
          explainMarks(root);
          new Terms(root, root);
          steadySliders(root);
          view = new View(root);
        }
        before?.(latest.data);
        view.receive(latest.data, latest.setStateValue);
      };
      mounted.set(parentElement, attach);
      // Streamlit may put the HTML into the parent anew without running this again.
      new MutationObserver(() => {
        if (parentElement.querySelector(selector) !== view?.root) attach();
      }).observe(parentElement, { childList: true });
    }
    attach({ data, setStateValue });
  };
}
