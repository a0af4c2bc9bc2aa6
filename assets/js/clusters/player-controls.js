/** What there is to press in the page of a film that plays alone. */

import { classColour, shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { MEASURE_NAMES, MEASURES } from "./words.js";

/** @import { Kind } from "../engine/film.js" */
/** @import { SavedFilm } from "./packed.js" */
/** @import { SceneOptions } from "./scene.js" */

/**
 * @typedef {object} ControlsListener
 * @property {(kind: Kind, colourBy: string) => void} chosen layout and colours
 * @property {(name: keyof SceneOptions, on: boolean) => void} drawn what is drawn, or not
 * @property {(speed: number) => void} hastened
 * @property {(hidden: boolean[]) => void} hid by class
 */

export class PlayerControls {
  /** @param {SavedFilm[]} films @param {SceneOptions} options @param {number} speed @param {ControlsListener} listener */
  constructor(films, options, speed, listener) {
    this.find = finder(document);
    this.kind = this.find(".kind", HTMLSelectElement);
    this.colour = this.find(".colour", HTMLSelectElement);
    this.listener = listener;
    this.offer(films);
    this.kind.onchange = this.colour.onchange = () => {
      listener.chosen(/** @type {Kind} */ (this.kind.value), this.colour.value);
    };
    const speeds = this.find(".speed", HTMLSelectElement);
    speeds.value = String(speed);
    speeds.onchange = () => listener.hastened(Number(speeds.value));
    for (const name of /** @type {(keyof SceneOptions)[]} */ (Object.keys(options))) {
      const box = this.find(`[type=checkbox][value=${name}]`, HTMLInputElement);
      box.checked = options[name];
      box.onchange = () => listener.drawn(name, box.checked);
    }
    const [{ about, hidden }] = films;
    this.find(".legend").replaceChildren(...about.class_names.map((name, label) => this.button(name, label, hidden)));
  }

  /** What all films have. @param {SavedFilm[]} films */
  offer(films) {
    /** @param {string} value @param {string} name */
    const option = (value, name) => make("option", "", name, { value });
    const [{ about }] = films;
    const kinds = /** @type {Kind[]} */ (Object.keys(about.layouts));
    const shared = kinds.filter((kind) => films.every((film) => film.kinds.has(kind)));
    this.kind.replaceChildren(...shared.map((kind) => option(kind, about.layouts[kind].name)));
    const measured = MEASURES.filter((name) => films.every((film) => film.measured.has(name)));
    const colours = measured.map((name) => option(name, MEASURE_NAMES[name].alone));
    this.colour.replaceChildren(option("class", "Class"), ...colours);
    this.find(".dim").hidden = !measured.includes("kept");
  }

  /**
   * One that hides a class, and shows it again.
   * @param {string} name @param {number} label @param {boolean[]} hidden by class
   */
  button(name, label, hidden) {
    const button = make("button", "", "", { type: "button", "aria-pressed": String(!hidden[label]) });
    const colour = make("i", "", "", { "aria-hidden": "true" });
    colour.style.setProperty("--colour", classColour(label));
    button.append(colour, name);
    shorten(button, name);
    button.onclick = () => {
      hidden[label] = !hidden[label];
      button.setAttribute("aria-pressed", String(!hidden[label]));
      this.listener.hid(hidden);
    };
    return button;
  }

  /** Show what is chosen. @param {Kind} kind @param {string} colourBy */
  show(kind, colourBy) {
    this.kind.value = kind;
    this.colour.value = colourBy;
    this.find(".scale").hidden = colourBy === "class";
  }

  /** Say what the colours of values mean. @param {[number, number]} range @param {string[]} colours */
  showRange([least, most], colours) {
    this.find(".least").textContent = least.toFixed(2);
    this.find(".most").textContent = most.toFixed(2);
    this.find(".ramp").style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
  }
}
