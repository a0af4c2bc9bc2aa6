/** Components as Streamlit mounts them: within a shadow root, with their own style, and sent their data again at every change. */

/** @import { Component, SetStateValue } from "./mounting.js" */

/**
 * What there is of a component: its HTML, its style sheets, and its default export, read when it is first wanted.
 * @typedef {{html: string, css: string[], script: () => Component<any>}} Assets
 */

/** @type {Map<string, CSSStyleSheet>} by their text; made here, since a policy of the page may forbid style elements */
const sheets = new Map();

/** @param {string} css */
function sheetOf(css) {
  const known = sheets.get(css);
  if (known) return known;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  sheets.set(css, sheet);
  return sheet;
}

/** @type {Map<Assets, Component<any>>} */
const components = new Map();

/** @param {Assets} assets @returns {Component<any>} the component's own function, the same at every mount as Streamlit has it */
export function componentOf(assets) {
  const known = components.get(assets) ?? assets.script();
  components.set(assets, known);
  return known;
}

/** One component on the page; what it is made of may still be on its way. */
export class Mounted {
  /**
   * @param {HTMLElement} home an empty element for it @param {() => Assets|undefined} find what it is made of
   * @param {SetStateValue} told of its states
   */
  constructor(home, find, told) {
    this.root = home.attachShadow({ mode: "open" });
    this.find = find;
    this.told = told;
    this.attach();
  }

  /** @returns {Assets|undefined} what it is made of, once it has come */
  attach() {
    const assets = this.find();
    if (!assets || this.root.firstChild) return assets;
    this.root.adoptedStyleSheets = assets.css.map(sheetOf);
    const markup = document.createElement("template");
    markup.innerHTML = assets.html; // of assets/html, with nothing in it of any run
    this.root.append(markup.content);
    return assets;
  }

  /** @param {Record<string, unknown>} data */
  draw(data) {
    const assets = this.attach();
    if (assets) componentOf(assets)({ data: [data], parentElement: this.root, setStateValue: this.told });
  }
}
