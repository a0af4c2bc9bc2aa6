/** What the Draw page says and asks of the picture on its field. */

import { finder, make } from "../shared/elements.js";
import { Picture, contextOf } from "../shared/pictures.js";
import { STEPS } from "./strokes.js";

/** @import { Brought, Change } from "./brought.js" */
/** @import { Figure } from "./parts.js" */
/** @import { StepName, Strokes } from "./strokes.js" */
/** @import { Greys } from "./windows.js" */

/** @type {Record<StepName, string>} */
const LABELS = {
  light: "Even out the light",
  lines: "Leave out lines of the paper",
  border: "Leave out frames and what lies along the border",
  specks: "Leave out specks and other digits",
  width: "", // see `name`
};

/** Says what was done with the picture on the field, and lets each step be turned off and one of its digits be chosen. */
export class PicturePanel {
  /** @param {HTMLElement} container @param {(change: Change) => void} change is told what the person wants */
  constructor(container, change) {
    const find = finder(container);
    this.container = container;
    this.said = find(".done");
    this.whole = find(".read canvas", HTMLCanvasElement);
    this.which = find(".which");
    this.details = find("details");
    this.change = change;
    this.boxes = Object.entries(LABELS).map(([step, text]) => {
      const label = make("label", "step");
      const box = make("input", "", "", { type: "checkbox", value: step });
      box.onchange = () => this.change({ without: this.unchecked(), chosen: null });
      label.append(box, make("span", "", text));
      this.details.append(label);
      return box;
    });
    this.whose = "";
    this.name("MNIST’s");
  }

  /** @param {string} whose strokes are matched in their width */
  name(whose) {
    this.whose = whose;
    finder(this.details)(".step:last-child span").textContent = `Match the width of ${whose} strokes`;
  }

  /** @returns {StepName[]} */
  unchecked() {
    return STEPS.filter((step) => this.boxes.some(({ value, checked }) => value === step && !checked));
  }

  hide() {
    this.container.hidden = true;
  }

  /**
   * @param {Pick<Brought, "without">} picture @param {Greys} greys of it @param {Strokes} strokes
   * @param {{chosen: number, change: number, thumbnails: Uint8Array[], shape: [number, number]}} drawn change: by how much
   *   strokes became wider, in shares of the digit's size
   */
  show(picture, greys, strokes, { chosen, change, thumbnails, shape }) {
    this.container.hidden = false;
    this.showWhole(greys, strokes.figures, chosen);
    for (const box of this.boxes) box.checked = !picture.without.some((step) => step === box.value);
    this.details.hidden = strokes.inverted;
    const text = sentence(strokes, change, this.whose);
    if (this.said.textContent !== text) this.said.textContent = text;
    const focused = this.which.matches(":focus-within");
    this.which.hidden = thumbnails.length < 2;
    this.which.replaceChildren(...(this.which.hidden ? [] : this.choices(thumbnails, chosen, shape)));
    if (focused && !this.which.hidden) finder(this.which)("input:checked").focus();
  }

  /** @param {Uint8Array[]} thumbnails @param {number} chosen @param {[number, number]} shape */
  choices(thumbnails, chosen, shape) {
    const legend = make("legend", "", `${thumbnails.length} digits are on this picture. Which one?`);
    const labels = thumbnails.map((pixels, place) => {
      const name = `Digit ${place + 1} of ${thumbnails.length}, from the left`;
      const label = make("label", "thumbnail", "", { title: name });
      const radio = make("input", "", "", { type: "radio", name: "figure", value: place, "aria-label": name });
      radio.checked = place === chosen;
      radio.onchange = () => this.change({ chosen: place });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, shape).draw(pixels, 1);
      label.append(radio, canvas);
      return label;
    });
    return [legend, ...labels];
  }

  /**
   * The picture itself, with a box around what was found.
   * @param {Greys} greys @param {Figure[]} figures @param {number} chosen
   */
  showWhole({ source, width, height }, figures, chosen) {
    const { whole } = this;
    new Picture(whole, [height, width]).draw(source, 1);
    const context = contextOf(whole);
    const line = Math.max(width, height) / 60;
    context.lineWidth = line;
    context.strokeStyle = getComputedStyle(whole).color;
    figures.forEach(({ left, right, top, bottom }, place) => {
      context.globalAlpha = place === chosen ? 1 : 0.4;
      context.strokeRect(left - line, top - line, right - left + 2 * line, bottom - top + 2 * line);
    });
    context.globalAlpha = 1;
    const found = figures.length === 1 ? "a box around its digit" : `a box around each of its ${figures.length} digits`;
    whole.setAttribute("aria-label", `The picture in greys${figures.length ? `, with ${found}` : ""}`);
  }
}

/**
 * What was left out and done: "2 specks and 8 lines left out; strokes thickened to the width of MNIST’s."; empty for nothing.
 * @param {Strokes} strokes @param {number} change of their width @param {string} whose width they are given
 */
function sentence({ specks, lines, border, frames, uneven, inverted }, change, whose) {
  if (inverted) return "The paper is taken for ink, so nothing is left out.";
  /** @param {number} count @param {string} name */
  const counted = (count, name) => (count ? [`${count} ${name}${count === 1 ? "" : "s"}`] : []);
  const left = [
    ...counted(specks, "speck"),
    ...counted(lines, "ruled line"),
    ...counted(frames, "frame"),
    ...(border ? ["what lies along the border"] : []),
  ];
  const list = left.length > 1 ? `${left.slice(0, -1).join(", ")} and ${left.at(-1)}` : left.join("");
  const done = [
    ...(list ? [`${list} left out`] : []),
    ...(uneven ? ["the light evened out"] : []),
    ...(change ? [`strokes ${change > 0 ? "thickened" : "thinned"} to the width of ${whose}`] : []),
  ];
  const text = done.join("; ");
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`;
}
