/** Which classes are shown, and what the colours say. */

import { number } from "../engine/numbers.js";
import { classColour, shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { explain } from "../shared/terms.js";

/** @import { Film } from "../engine/film.js" */
/** @import { Scene } from "./scene.js" */

/**
 * @typedef {{hid: (hidden: Set<number>) => void, look: (label: number) => void}} LegendListener look: at a class, −1 for
 *   none
 */

export class Legend {
  /**
   * @param {HTMLElement} section @param {Film} film @param {Set<number>} hidden classes @param {LegendListener} listener
   */
  constructor(section, film, hidden, listener) {
    this.section = section;
    this.find = finder(section);
    this.listener = listener;
    const { class_names: names } = film.about;
    const counts = names.map(() => 0);
    for (const label of film.labels) counts[label]++;
    /** @type {Map<number, HTMLElement>} by class; none for one that has no image */
    this.buttons = new Map();
    for (const [label, name] of names.entries()) {
      if (counts[label]) this.buttons.set(label, this.button(label, name, counts[label]));
    }
    this.hidden = new Set([...hidden].filter((label) => counts[label]));
    this.find(".classes").replaceChildren(...this.buttons.values());
    this.find(".show-all").onclick = () => {
      this.hide(new Set());
      for (const button of [...this.buttons.values()].slice(0, 1)) button.focus();
    };
    this.showHidden();
  }

  /** @param {number} label @param {string} name @param {number} count */
  button(label, name, count) {
    const button = make("button", "class", "", {
      type: "button",
      title: "Hide or show. With Shift: show this class alone",
      "aria-label": `Class ${name}, ${count} images`,
    });
    const swatch = make("span", "swatch");
    swatch.style.background = classColour(label);
    button.append(swatch, make("span", "", name));
    shorten(button, name);
    button.onclick = (event) => this.toggle(label, event.shiftKey);
    button.onpointerenter = button.onfocus = () => this.listener.look(label);
    button.onpointerleave = button.onblur = () => this.listener.look(-1);
    return button;
  }

  /** @param {number} label @param {boolean} alone */
  toggle(label, alone) {
    const others = [...this.buttons.keys()].filter((other) => other !== label);
    const isAlone = !this.hidden.has(label) && others.every((other) => this.hidden.has(other));
    if (alone) {
      this.hide(new Set(isAlone ? [] : others));
      return;
    }
    const hidden = new Set(this.hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.hide(hidden);
  }

  /** @param {Set<number>} hidden */
  hide(hidden) {
    this.hidden = hidden;
    this.showHidden();
    this.listener.hid(hidden);
  }

  showHidden() {
    for (const [label, button] of this.buttons) button.setAttribute("aria-pressed", String(!this.hidden.has(label)));
    this.find(".show-all").hidden = this.hidden.size === 0;
  }

  /** @param {Scene} scene @param {{title: string, note: string}} words what its colours say */
  showColours(scene, { title, note }) {
    const byClass = scene.colourBy === "class";
    const scale = this.find(".scale");
    this.section.classList.toggle("by-value", !byClass);
    scale.hidden = byClass;
    explain(this.find(".scale-note"), note);
    if (byClass) return;
    const range = scene.film.range(scene.colourBy);
    const digits = range[1] - range[0] < 10 ? 2 : 0;
    const [least, most] = range.map((value) => number(value, digits));
    this.find(".least").textContent = least;
    this.find(".most").textContent = most;
    this.find(".ramp").style.background = `linear-gradient(to right, ${scene.rampColours().join(", ")})`;
    scale.setAttribute("aria-label", `Colours: ${title}, from ${least} to ${most}`);
  }
}
