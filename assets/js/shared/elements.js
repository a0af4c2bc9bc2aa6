/** Elements of a page, and menus. */

/** @returns {HTMLElement} an element with a class, text and attributes; text is never parsed as HTML */
export function make(tag, className = "", text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * A menu below its button, as `.save` of common.css shows it: closed by Escape, by a choice, and when anything else is used.
 * @param {HTMLElement} root of the component @param {HTMLDetailsElement} menu @param {function(string)} choose told a button's value
 */
export function listenToMenu(root, menu, choose) {
  const close = () => {
    menu.open = false;
    menu.firstElementChild.focus();
  };
  menu.onkeydown = (event) => {
    if (event.key === "Escape" && menu.open) close();
  };
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  root.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  for (const button of menu.querySelectorAll("button")) {
    button.onclick = () => {
      choose(button.value);
      close();
    };
  }
}
