/** From which image the runs set out: one of a class, the next of it, noise or nothing. */

import { normalCode } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { finder } from "../shared/elements.js";
import { imageRadio, Picture } from "../shared/pictures.js";
import { chooseRadio } from "../shared/radios.js";

/** @import { LiveRun, Start } from "../engine/run.js" */

/**
 * @param {LiveRun} run @param {LiveRun[]} others
 * @returns {number[]} places of the images of a run's gallery that all others have, too
 */
export function sharedPlaces({ labels, indices }, others) {
  /** @param {number} at */
  const start = (at) => /** @type {const} */ ({ kind: "digit", index: indices[at] });
  return Array.from(labels.keys()).filter((at) => others.every((run) => run.place(start(at)) >= 0));
}

/** The images of a gallery, one button a class, and the images of each in turn. */
export class Classes {
  /**
   * @param {HTMLElement} container filled here @param {LiveRun} run @param {number[]} places of the images that can be chosen
   * @param {string} group of radio buttons @param {(place: number) => void} chosen
   */
  constructor(container, run, places, group, chosen) {
    this.container = container;
    this.run = run;
    this.places = places;
    this.group = group;
    const { class_names: names } = run.about;
    const buttons = names.flatMap((name, label) => {
      const [first] = this.members(label);
      if (first === undefined) return [];
      const choose = () => chosen(this.next(label));
      return [imageRadio(run, first, { group, value: label, name: `Class ${name}`, choose })];
    });
    for (const button of buttons) button.title += ": its first image; press again for the next";
    container.replaceChildren(...buttons);
    this.place = -1;
  }

  /** @param {number} label */
  members(label) {
    return this.places.filter((place) => this.run.labels[place] === label);
  }

  /** @param {number} label @returns {number} the first image of a class, or the one after the chosen */
  next(label) {
    const members = this.members(label);
    return members[(members.indexOf(this.place) + 1) % members.length];
  }

  /** @param {number} place −1 for none of them */
  show(place) {
    this.place = place;
    chooseRadio(this.container, this.group, place < 0 ? -1 : this.run.label(place));
  }
}

export class Images {
  /**
   * @param {HTMLElement} root @param {LiveRun} run that leads @param {number[]} places of its images that all runs have
   * @param {(start: Start) => void} started
   */
  constructor(root, run, places, started) {
    const find = finder(root);
    this.run = run;
    /** @param {number} place */
    const from = (place) => started({ kind: "digit", index: run.indices[place] });
    this.classes = new Classes(find(".starts .classes"), run, places, "beside-class", from);
    this.canvas = find(".original", HTMLCanvasElement);
    this.picture = new Picture(this.canvas, run.imageShape);
    this.text = find(".original-text");
    find(".noise").onclick = () => started({ kind: "random", code: normalCode(run.latentDim) });
    find(".origin").onclick = () => started({ kind: "origin" });
  }

  /** @param {Start} start */
  show(start) {
    const { run, canvas, text } = this;
    const place = run.place(start);
    this.classes.show(place);
    canvas.hidden = place < 0;
    if (place >= 0) this.picture.draw(run.image(place), 1);
    text.textContent = this.words(start, place);
    canvas.setAttribute("aria-label", text.textContent ?? "");
    shorten(text, ...run.about.class_names);
  }

  /** @param {Start} start @param {number} place */
  words({ kind, index }, place) {
    const texts = {
      digit: "An image that is not here",
      drawing: place < 0 ? "A drawing that is not kept here" : "Your drawing, as the models see it",
      random: "Noise: one code from N(0, I), the same in every run by the pairs",
      origin: "The origin: every dimension at 0",
      code: "A given code",
    };
    if (kind !== "digit" || place < 0) return texts[kind];
    return `Test image ${index}, class ${this.run.about.class_names[this.run.label(place)]}`;
  }
}
