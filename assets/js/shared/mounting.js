/** How Streamlit mounts a component. */

import { explainMarks, Terms } from "./terms.js";
import { steadySliders } from "./touch.js";

/** @typedef {(state: string, value: unknown) => void} SetStateValue tells Python of a state of the component */

/**
 * What Streamlit hands to a component, at its first mount and whenever data or theme change.
 * @template Data
 * @typedef {object} Mount
 * @property {[Data]|null} [data] in a list, see live.py; none while a page is taken down
 * @property {HTMLElement|ShadowRoot} parentElement has the component's HTML
 * @property {SetStateValue} setStateValue
 */

/**
 * @template Data
 * @typedef {(mount: Mount<Data>) => void} Component
 */

/**
 * What a component shows, made for an element of its HTML and sent all data that come.
 * @template Data
 * @typedef {object} View
 * @property {HTMLElement} root
 * @property {(data: Data, setStateValue: SetStateValue) => void} receive
 */

/**
 * The default export of a live component.
 *
 * Streamlit runs it at the first mount and again whenever data or theme change; the hand's state lives in the WeakMap.
 * It returns no cleanup: a cleanup that comes late, as it does when two runs overlap, would stop the drawing of the
 * mount that followed. Views that animate look at `root.isConnected`.
 *
 * @template Data
 * @param {string} selector of the component's root element in its HTML
 * @param {new (root: HTMLElement) => View<Data>} Shown
 * @param {(data: Data) => void} [before] told the data before the view is
 * @returns {Component<Data>}
 */
export function component(selector, Shown, before) {
  /** @typedef {{data: Data|undefined, setStateValue: SetStateValue}} Given */
  /** @type {WeakMap<Node, (given: Given) => void>} */
  const mounted = new WeakMap();
  return ({ data: sent, parentElement, setStateValue }) => {
    const data = sent?.[0];
    let attach = mounted.get(parentElement);
    if (!attach) {
      /** @type {View<Data>|null} */
      let view = null;
      /** @type {Given|null} */
      let latest = null;
      const show = () => {
        /** @type {HTMLElement|null} */
        const root = parentElement.querySelector(selector);
        if (!root || !latest?.data) return;
        if (view?.root !== root) {
          explainMarks(root);
          new Terms(root, root);
          steadySliders(root);
          view = new Shown(root);
        }
        before?.(latest.data);
        view.receive(latest.data, latest.setStateValue);
      };
      attach = (given) => {
        latest = given;
        show();
      };
      mounted.set(parentElement, attach);
      // Streamlit may put the HTML into the parent anew without running this again.
      new MutationObserver(() => {
        if (parentElement.querySelector(selector) !== view?.root) show();
      }).observe(parentElement, { childList: true });
    }
    attach({ data, setStateValue });
  };
}
