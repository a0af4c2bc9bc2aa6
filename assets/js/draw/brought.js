/** The picture on the field of the Draw page: brought as a file, read as wanted, and laid on the field. */

import { bytesOf, toBase64 } from "../engine/bytes.js";
import { finder, make } from "../shared/elements.js";
import { Picture } from "../shared/pictures.js";
import { PictureError, readPicture, rehearse } from "./bring.js";
import { fitted } from "./fit.js";
import { asForm, isWritten } from "./form.js";
import { asMnist } from "./mnist.js";
import { PicturePanel } from "./panel.js";
import { STEPS, strokesOf } from "./strokes.js";

/** @import { Form } from "./form.js" */
/** @import { StepName, Steps, Strokes } from "./strokes.js" */
/** @import { Greys } from "./windows.js" */

/**
 * @typedef {{kind: "picture", source: string, width: number, height: number, dark: boolean, without: StepName[],
 *   chosen: number|null}} Brought source: base64 of its greys; without: which steps are not taken; chosen: which digit, the
 *   largest where null
 * @typedef {Partial<Pick<Brought, "dark"|"without"|"chosen">>} Change of how it is read
 * @typedef {{width: number, height: number, centre: boolean, shape: [number, number]}} Room on the field, in its own pixels;
 *   centre: whether what is drawn is centred and scaled anyway; shape: of the model's images
 * @typedef {{canvas: HTMLCanvasElement, left: number, top: number, exactly: boolean}} Laid a digit and its place on the field;
 *   exactly: see `asMnist`
 */

const ENLARGED = 200 / 280; // the share of the field that a digit takes which will be centred anyway

/** @param {Brought} picture @returns {string} how it is read */
const wayOf = ({ dark, without }) => JSON.stringify([dark, without]);

/** @param {Brought} picture @returns {Greys} */
const greysIn = ({ source, width, height }) => ({ source: bytesOf(source), width, height });

/** Takes files that are brought, and reads the picture on the field as the person wants it. */
export class Pictures {
  /**
   * @param {HTMLElement} root
   * @param {{brought: (picture: Brought) => void, changed: (change: Change) => void}} told
   */
  constructor(root, told) {
    const find = finder(root);
    this.told = told;
    this.written = true; // whether the run's own images are
    /** @type {Form|null} theirs, where it is not MNIST's */
    this.form = null;
    /** @type {File|null} the one that was chosen last */
    this.file = null;
    /** @type {WeakMap<Brought, {way: string, strokes: Strokes}>} of each picture, what was found on it the last time */
    this.found = new WeakMap();
    this.label = find(".file");
    this.problem = find(".problem");
    this.panel = new PicturePanel(find(".brought"), told.changed);
    const input = find(".file input", HTMLInputElement);
    input.onchange = () => this.bring(input);
    // When the browser's own window for files is open, and until there is a file.
    input.onclick = () => setTimeout(() => rehearse(() => this.file !== null), 100);
  }

  /** @param {boolean} centred whether the run's own images are, as MNIST's @param {Form|null} form theirs, else */
  open(centred, form) {
    this.written = centred || (form !== null && isWritten(form));
    this.form = form;
    this.panel.name(form ? "this run’s" : "MNIST’s");
  }

  /** @param {HTMLInputElement} input */
  async bring(input) {
    const file = input.files?.[0];
    input.value = ""; // so that the same file can be brought again
    if (!file) return;
    this.file = file;
    const isLast = () => this.file === file; // a small picture is read sooner than a large one that was chosen before
    this.problem.textContent = "";
    this.label.setAttribute("aria-busy", "true");
    try {
      const { greys, strokes } = await readPicture(file);
      if (isLast()) this.take(greys, strokes);
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      if (isLast()) this.problem.textContent = error.message;
    } finally {
      if (isLast()) this.label.removeAttribute("aria-busy");
    }
  }

  /** @param {Greys} greys @param {Strokes} strokes with all steps taken */
  take({ source, width, height }, strokes) {
    // What is not made of strokes has its greys, and no lines or specks.
    const without = this.written ? [] : [...STEPS];
    const { dark } = strokes;
    /** @type {Brought} */
    const picture = { kind: "picture", source: toBase64(source), width, height, dark, without, chosen: null };
    if (this.written) this.found.set(picture, { way: wayOf(picture), strokes });
    this.told.brought(picture);
  }

  /** What is found on a picture, kept until it is read otherwise. @param {Brought} picture */
  strokes(picture) {
    const way = wayOf(picture);
    const kept = this.found.get(picture);
    if (kept?.way === way) return kept.strokes;
    const steps = /** @type {Steps} */ (
      Object.fromEntries(STEPS.map((step) => [step, !picture.without.includes(step)]))
    );
    const strokes = strokesOf(greysIn(picture), picture.dark, steps);
    this.found.set(picture, { way, strokes });
    return strokes;
  }

  /**
   * A picture's digit, enlarged to most of the field where it will be centred anyway, else as it lies on its paper.
   * @param {Brought} picture @param {Room} room
   * @returns {Laid|null} null where no digit is on it
   */
  lay(picture, room) {
    const strokes = this.strokes(picture);
    const { figures, width, height } = strokes;
    const { centre, shape } = room;
    const { form } = this;
    const whole = Math.min(room.width / width, room.height / height);
    const typical = form ? (form.long[0] + form.long[1]) / 2 / Math.max(...shape) : ENLARGED;
    const enlarged = typical * Math.min(room.width, room.height);
    const match = !picture.without.includes("width") && !strokes.inverted;
    const widths = form ? { usual: form.stroke, coarse: form.stroke } : undefined;
    const drawn = figures.map(({ long }, place) =>
      fitted(strokes, place, centre ? enlarged : whole * long, match, widths),
    );
    const thumbnails = drawn.map((digit) =>
      form
        ? asForm(digit.ink, digit.width, digit.height, shape, form)
        : asMnist(digit.ink, digit.width, digit.height, shape, !digit.coarse),
    );
    const chosen = picture.chosen ?? strokes.largest;
    const one = drawn[chosen];
    const change = one ? one.after - one.before : 0;
    this.panel.show(picture, greysIn(picture), strokes, { chosen, change, thumbnails, shape });
    if (!one) return null;
    const canvas = make("canvas");
    new Picture(canvas, [one.height, one.width]).draw(one.ink, 1);
    const left = centre ? (room.width - one.width) / 2 : one.left + (room.width - width * whole) / 2;
    const top = centre ? (room.height - one.height) / 2 : one.top + (room.height - height * whole) / 2;
    return { canvas, left: Math.round(left), top: Math.round(top), exactly: !one.coarse };
  }

  /** No picture is on the field. */
  hide() {
    this.panel.hide();
  }
}
