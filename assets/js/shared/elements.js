/** Elements of a page, and menus. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {string} [className] @param {string} [text] never parsed as HTML
 * @param {Record<string, string|number|boolean>} [attributes]
 * @returns {HTMLElementTagNameMap[Tag]} a new element
 */
export function make(tag, className = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/**
 * What finds the elements of a component's HTML: `find(".reading", HTMLInputElement)`, or `find(".said")` for what may be any
 * HTML element. It throws where the HTML has no such element: then HTML and script do not fit each other.
 * @param {ParentNode} root
 */
export function finder(root) {
  /**
   * @overload
   * @param {string} selector
   * @returns {HTMLElement}
   */
  /**
   * @template {Element} E
   * @overload
   * @param {string} selector
   * @param {new () => E} kind
   * @returns {E}
   */
  /** @param {string} selector @param {new () => Element} [kind] @returns {Element} */
  function find(selector, kind = HTMLElement) {
    const found = root.querySelector(selector);
    if (found instanceof kind) return found;
    throw new Error(found ? `${selector} is no ${kind.name}.` : `The HTML has no ${selector}.`);
  }
  return find;
}

/** @param {Node} root @returns {Text[]} all texts within */
export function textsIn(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(/** @type {Text} */ (walker.currentNode));
  return found;
}

/**
 * A menu below its button, as `.save` of common.css shows it: closed by Escape, by a choice, and when anything else is used.
 * @param {HTMLElement} root of the component @param {HTMLDetailsElement} menu
 * @param {(value: string) => void} choose told a button's value
 */
export function listenToMenu(root, menu, choose) {
  const close = () => {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  menu.onkeydown = (event) => {
    if (event.key === "Escape" && menu.open) close();
  };
  menu.addEventListener("focusout", (event) => {
    const { relatedTarget: next } = event;
    if (next instanceof Node && !menu.contains(next)) menu.open = false;
  });
  root.addEventListener("pointerdown", (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  });
  for (const button of menu.querySelectorAll("button")) {
    button.onclick = () => {
      choose(button.value);
      close();
    };
  }
}
