/** Small controls of the frame, in place of Streamlit's. */

import { make } from "../shared/elements.js";

/**
 * @param {string} label @param {[value: string, text: string][]} options @param {(value: string) => void} chosen
 * @returns {{home: HTMLElement, select: HTMLSelectElement}}
 */
export function picker(label, options, chosen) {
  const home = make("label", "control", label);
  const select = home.appendChild(make("select", "", "", { "aria-label": label }));
  select.append(...options.map(([value, text]) => make("option", "", text, { value })));
  select.onchange = () => chosen(select.value);
  return { home, select };
}

/**
 * @param {string} label @param {string} name of the group @param {string[]} options @param {(value: string) => void} chosen
 * @returns {{home: HTMLElement, choose: (value: string) => void}}
 */
export function radios(label, name, options, chosen) {
  const home = make("fieldset", "control radios");
  home.append(make("legend", "", label));
  const inputs = options.map((value) => {
    const line = home.appendChild(make("label"));
    const input = make("input", "", "", { type: "radio", name, value });
    input.onchange = () => chosen(value);
    line.append(input, make("span", "", value));
    return input;
  });
  const choose = (/** @type {string} */ value) => {
    for (const input of inputs) input.checked = input.value === value;
  };
  return { home, choose };
}

/** @param {string} label @param {number} most @param {(value: number) => void} chosen a whole number up to `most` */
export function wholeNumber(label, most, chosen) {
  const home = make("label", "control", label);
  const input = home.appendChild(
    make("input", "", "", { type: "number", min: 0, max: most, step: 1, inputmode: "numeric" }),
  );
  input.onchange = () => {
    const value = Math.round(Math.max(0, Math.min(most, input.valueAsNumber || 0)));
    input.value = String(value);
    chosen(value);
  };
  return { home, input };
}

/**
 * A slider over some values.
 * @param {string} label @param {string[]} values as they are called
 * @param {(place: number) => void} moved @param {() => void} released
 * @returns {{home: HTMLElement, show: (place: number) => void}}
 */
export function slider(label, values, moved, released) {
  const home = make("label", "control wide");
  const head = home.appendChild(make("span", "head", label));
  const input = home.appendChild(
    make("input", "", "", { type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label }),
  );
  const said = head.appendChild(make("span", "", "", { "aria-hidden": "true" }));
  const show = (/** @type {number} */ place) => {
    input.value = String(place);
    said.textContent = values[place];
    input.setAttribute("aria-valuetext", values[place]);
  };
  input.oninput = () => {
    show(input.valueAsNumber);
    moved(input.valueAsNumber);
  };
  input.onchange = released;
  return { home, show };
}

/** @param {string} text @param {() => void} pressed */
export function button(text, pressed) {
  const made = make("button", "control-button", text, { type: "button" });
  made.onclick = pressed;
  return made;
}
