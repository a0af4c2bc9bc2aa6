/** Choosing the ends: four slots, and the gallery for the one that is being chosen. */

import { shorten } from "../shared/classes.js";
import { finder, make } from "../shared/elements.js";
import { imageRadio, Picture } from "../shared/pictures.js";
import { chooseRadio } from "../shared/radios.js";
import { isImage, LETTERS } from "./ends.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { End, Ends } from "./ends.js" */
/** @import { Way } from "../engine/walk.js" */

const TASKS = ["start of the walk", "end of the walk", "lower left corner", "lower right corner"];

/**
 * @typedef {object} Slot
 * @property {HTMLLabelElement} label
 * @property {HTMLInputElement} radio
 * @property {HTMLElement} title
 * @property {HTMLElement} detail
 * @property {Picture} picture
 */

export class Chooser {
  /**
   * @param {HTMLElement} root @param {LiveRun} run @param {Ends} offer
   * @param {{chosen: (end: End) => void, slotted: () => void}} listener chosen: the end of the slot; slotted: the slot
   */
  constructor(root, run, offer, listener) {
    this.root = root;
    this.run = run;
    this.offer = offer;
    this.listener = listener;
    this.find = finder(root);
    this.slot = 1; // that is being chosen
    /** @type {End[]} */
    this.ends = [];
    /** @type {number|null} the class whose images are shown */
    this.shownClass = null;
    this.usualClass = run.labels[0]; // that is shown where none has been and the end is of none
    this.out = new Float32Array(run.pixels);
    this.slots = LETTERS.map((letter, slot) => this.makeSlot(letter, slot));
    this.find(".slots").replaceChildren(...this.slots.map(({ label }) => label));
    const radios = Array.from(offer.classes.values(), ({ label, typical }) =>
      this.thumbnail("class", label, typical, `Class ${run.about.class_names[label]}`),
    );
    this.find(".classes").replaceChildren(...radios);
  }

  /** @param {string} group @param {number} value @param {number} position of its image @param {string} name */
  thumbnail(group, value, position, name) {
    const choose = () => this.listener.chosen(this.offer.digit(position));
    return imageRadio(this.run, position, { group, value, name, choose });
  }

  /** @param {string} letter @param {number} slot @returns {Slot} */
  makeSlot(letter, slot) {
    const label = make("label", "slot");
    const radio = make("input", "", "", { type: "radio", name: "slot", value: slot });
    radio.onchange = () => {
      this.slot = slot;
      this.showChoice();
      this.listener.slotted();
    };
    const [title, detail] = [make("span", "end-title"), make("span", "end-detail")];
    const text = make("span", "end-text");
    text.append(title, detail);
    const canvas = make("canvas", "", "", { "aria-hidden": "true" });
    label.append(radio, make("span", "letter", letter), canvas, text);
    return { label, radio, title, detail, picture: new Picture(canvas, this.run.imageShape) };
  }

  /** @param {End[]} ends @param {Way} way between them */
  show(ends, { decoder, codes }) {
    this.ends = ends;
    ends.forEach((end, slot) => {
      const { label, radio, title, detail, picture } = this.slots[slot];
      const [what, which] = this.offer.describe(end);
      title.textContent = what;
      shorten(label, what);
      detail.textContent = which;
      radio.setAttribute("aria-label", `${LETTERS[slot]}, ${TASKS[slot]}: ${what}, ${which}`);
      radio.checked = slot === this.slot;
      if (isImage(end)) picture.draw(this.run.image(this.run.place(end)), 1);
      else picture.draw(decoder.decode(codes[slot], this.out), 255);
    });
    this.showChoice();
  }

  /** The gallery stands at the image of the slot that is being chosen. */
  showChoice() {
    const end = this.ends[this.slot];
    const label = this.offer.labelOf(end);
    this.find(".choose-title").textContent = `Choose ${LETTERS[this.slot]}`;
    this.showClass(label >= 0 ? label : (this.shownClass ?? this.usualClass));
    chooseRadio(this.root, "class", label);
    chooseRadio(this.root, "example", isImage(end) ? this.run.place(end) : -1);
  }

  /** @param {number} label */
  showClass(label) {
    if (label === this.shownClass) return;
    this.shownClass = label;
    const name = this.run.about.class_names[label];
    const positions = this.offer.classes.get(label)?.positions ?? [];
    const radios = positions.map((position) =>
      this.thumbnail("example", position, position, `Test image ${this.run.indices[position]}, ${name}`),
    );
    this.find(".examples").replaceChildren(...radios);
  }
}
