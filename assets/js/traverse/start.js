/** Where the cursor set out from: a test image, a drawing, or a code; and what of it stays when the epoch moves. */

import { normalCode } from "../engine/numbers.js";
import { shorten } from "../shared/classes.js";
import { disable } from "../shared/disable.js";
import { finder } from "../shared/elements.js";
import { imageRadio, Picture } from "../shared/pictures.js";
import { chooseRadio, radiosOf } from "../shared/radios.js";
import { explain } from "../shared/terms.js";

/** @import { LiveRun, Start } from "../engine/run.js" */
/** @import { Cursor } from "../shared/cursor.js" */

export class StartPanel {
  /**
   * @param {HTMLElement} root @param {LiveRun} run
   * @param {{started: (start: Start) => void, keep: (keep: Cursor["keep"]) => void}} listener told what a person chose
   */
  constructor(root, run, listener) {
    this.root = root;
    this.run = run;
    this.listener = listener;
    this.find = finder(root);
    this.place = -1; // of the starting image among the run's, −1 if the start is none
    /** @type {number|null} the class whose images are shown */
    this.shownClass = null;
    this.usualClass = run.labels[0]; // that is shown where none has been and the start is of none
    this.label = -1; // the start's class, −1 where it is of none
    const original = this.find(".original", HTMLCanvasElement);
    this.original = { canvas: original, picture: new Picture(original, run.imageShape) };
    this.find(".random").onclick = () => listener.started({ kind: "random", code: normalCode(run.latentDim) });
    this.find(".origin").onclick = () => listener.started({ kind: "origin" });
    this.find(".keep").hidden = run.epochs.length < 2;
    this.find(".keep-digit").textContent = `keep the ${run.about.noun}`;
    for (const radio of radiosOf(root, "keep")) {
      radio.onchange = () => listener.keep(radio.value === "digit" ? "digit" : "code");
    }
    this.makeClasses();
  }

  makeClasses() {
    const { about, labels } = this.run;
    const thumbnails = about.class_names.flatMap((name, label) => {
      const position = labels.indexOf(label);
      if (position < 0) return [];
      const choose = () => this.startFromClass(label);
      return [imageRadio(this.run, position, { group: "class", value: label, name: `Class ${name}`, choose })];
    });
    for (const thumbnail of thumbnails) thumbnail.title += ": its first image; press again for the next";
    this.find(".classes").replaceChildren(...thumbnails);
  }

  /** @param {number} label @returns {number[]} the gallery's images of a class */
  members(label) {
    return Array.from(this.run.labels.keys()).filter((position) => this.run.labels[position] === label);
  }

  /** The first image of a class, or the one after that at which the start is. @param {number} label */
  startFromClass(label) {
    const members = this.members(label);
    const next = members[(members.indexOf(this.place) + 1) % members.length];
    this.listener.started({ kind: "digit", index: this.run.indices[next] });
  }

  /** @param {number} label */
  showClass(label) {
    if (label === this.shownClass) return;
    this.shownClass = label;
    const thumbnails = this.members(label).map((position) => {
      const index = this.run.indices[position];
      const name = `Test image ${index}, ${this.run.about.class_names[label]}`;
      const choose = () => this.listener.started({ kind: "digit", index });
      return imageRadio(this.run, position, { group: "example", value: position, name, choose });
    });
    this.find(".examples").replaceChildren(...thumbnails);
  }

  /** @param {Cursor} cursor */
  show({ start, kept }) {
    const { run, root } = this;
    const { noun, class_names: names } = run.about;
    this.place = run.place(start);
    const isImage = this.place >= 0;
    const label = isImage ? run.label(this.place) : -1; // −1 of a drawing too
    this.label = label;
    chooseRadio(root, "class", label);
    this.showClass(label >= 0 ? label : (this.shownClass ?? this.usualClass));
    chooseRadio(root, "example", this.place);
    this.showOriginal(start, label);
    explain(this.find(".source-text"), this.words(start, label));
    shorten(this.find(".source-text"), ...names);
    chooseRadio(root, "keep", kept >= 0 ? "digit" : "code"); // a start that is no image has only its code
    const why = `There is no ${noun} to keep, since the start is no image. Press a class to start from one.`;
    disable(this.find("[name=keep][value=digit]"), isImage ? "" : why);
  }

  /** @param {Start} start @param {number} label */
  showOriginal({ kind }, label) {
    const { canvas, picture } = this.original;
    canvas.hidden = this.place < 0;
    if (this.place < 0) return;
    picture.draw(this.run.image(this.place), 1);
    const whose = `Original image, ${this.run.about.class_names[label]}`;
    canvas.setAttribute("aria-label", kind === "drawing" ? "Your drawing, as the model sees it" : whose);
  }

  /** @param {Start} start @param {number} label @returns {string} with marked words */
  words({ kind, index }, label) {
    const { noun, class_names: names } = this.run.about;
    const isImage = this.place >= 0;
    if (kind === "digit" && isImage) {
      return `Started from test image ${index}, class ${names[label]}: this is the original.`;
    }
    const texts = {
      digit: `Started from a ${noun} that is not shown here.`,
      drawing: `Started from ${isImage ? "your drawing: this is what the model sees of it" : "a drawing that is not kept here"}.`,
      random: "Started from a random code, drawn from the [prior](#prior) [N(0, I)](#normal).",
      origin: "Started from the [origin](#origin): every latent dimension at 0.",
      code: "Started from a given code.",
    };
    return texts[kind];
  }
}
