/** Where the codes come from: seed, distribution and temperature, which stay when the run changes. */

import { number } from "../engine/numbers.js";
import { finder } from "../shared/elements.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";

/** @typedef {"prior"|"posterior"} Source from N(0, I), or around the codes of test images */

/** What the page remembers of them. @typedef {{seed?: number, temperature?: number, source?: string}} Memory */

/**
 * @typedef {object} SettingsListener
 * @property {() => void} changed temperature or distribution is another, perhaps still under the hand
 * @property {() => void} seeded the seed is another; Python has to send its noise
 * @property {() => void} settled the hand has let go
 */

export class Settings {
  /** @param {HTMLElement} root @param {SettingsListener} listener */
  constructor(root, listener) {
    this.root = root;
    this.listener = listener;
    /** @type {Source} */
    this.source = "prior";
    this.temperature = 1;
    /** @type {number|undefined} unknown until Python has sent the first noise */
    this.seed = undefined;
    const find = finder(root);
    this.seedInput = find(".seed", HTMLInputElement);
    this.slider = find(".temperature", HTMLInputElement);
    this.value = find(".temperature-value");
    this.problem = find(".problem");
    this.slider.oninput = () => {
      this.temperature = Number(this.slider.value);
      listener.changed();
    };
    this.slider.onchange = () => listener.settled();
    for (const radio of radiosOf(root, "source")) {
      radio.onchange = () => {
        this.source = radio.value === "posterior" ? "posterior" : "prior";
        listener.changed();
        listener.settled();
      };
    }
    this.seedInput.onchange = () => this.setSeed(this.seedInput.valueAsNumber);
    find(".new-seed").onclick = () => this.setSeed(Math.floor(Math.random() * 1e6));
  }

  /** @returns {Memory} */
  memory() {
    const { seed, temperature, source } = this;
    return { seed, temperature, source };
  }

  /** @param {Memory} memory whatever a browser has sent can be altered */
  restore({ seed, temperature = 1, source }) {
    this.seed = seed;
    this.temperature = temperature >= 0 && temperature <= 2 ? temperature : 1;
    this.source = source === "posterior" ? source : "prior";
    this.slider.value = String(this.temperature);
    chooseRadio(this.root, "source", this.source);
  }

  /** Ask for the noise of a seed. Until it is there, the present images stay. @param {number} seed */
  setSeed(seed) {
    const most = Number(this.seedInput.max);
    const fits = Number.isInteger(seed) && seed >= 0 && seed <= most;
    const range = `from 0 to ${most.toLocaleString("en")}`;
    this.problem.textContent = fits ? "" : `A seed is a whole number ${range}. Type one of these.`;
    this.seedInput.setAttribute("aria-invalid", String(!fits));
    if (!fits) return;
    this.seed = seed;
    this.showSeed();
    this.listener.seeded();
    this.listener.settled();
  }

  /** Where nobody has chosen one, the seed is that of the noise that came. @param {number} seed */
  takeSeed(seed) {
    this.seed ??= seed;
    this.showSeed();
  }

  showSeed() {
    this.seedInput.value = String(this.seed ?? "");
  }

  showTemperature() {
    this.value.textContent = number(this.temperature);
    this.slider.setAttribute("aria-valuetext", number(this.temperature));
  }
}
