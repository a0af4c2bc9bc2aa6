/**
 * The Draw page: what is written on a field becomes an image as the model's own, a code, a decoded image and neighbours.
 *
 * The drawing is a list of operations, so that a step can be taken back and the page is found as it was left. Encoders
 * and probe images come by way of encoders.js; everything is computed here, at every stroke.
 */

import { toBase64 } from "../engine/bytes.js";
import { recall } from "../shared/asked.js";
import { cut } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { encoderShelf } from "../shared/encoders.js";
import { Link, leadsTo } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { fromAddress } from "./address.js";
import { Drawing } from "./drawing.js";
import { Field } from "./field.js";

/** @import { LiveRun, Start } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./address.js" */

/** @typedef {LiveData & {centred: boolean, memory: Memory|null}} Data centred: whether the run's own images are, as MNIST's */

/** One mounted component: the field, the clock, the test images to start from, and the drawing under the run that is shown. */
class Draw {
  /** @param {HTMLElement} root */
  constructor(root) {
    const find = finder(root);
    this.root = root;
    /** @type {Drawing|null} */
    this.drawing = null;
    /** @type {((run: LiveRun) => void)|undefined} what waits for a run; see `whenRun` */
    this.wanted = undefined;
    /** @type {number|undefined} see `recall` */
    this.askedRevision = undefined;
    /** @type {{memory: Memory, asked: boolean}|null} what is to be shown once the run is there */
    this.recalled = null;
    this.frame = 0;
    this.link = new Link(root);
    this.placeholder = find(".placeholder");
    this.undo = find(".undo");
    this.clear = find(".clear");
    this.classes = find(".gallery select", HTMLSelectElement);
    this.examples = find(".examples");
    this.field = new Field(root, { drawing: () => this.schedule(), drawn: () => this.settle() });
    this.clock = new Clock(find(".clock"), {
      moved: (epoch, event) => {
        this.clock.show(epoch);
        this.drawing?.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.drawing?.release(),
    });
    this.classes.onchange = () => {
      if (!this.drawing) return;
      this.showExamples(this.drawing.run);
      this.drawing.keep();
    };
    const link = find(".to-sliders", HTMLAnchorElement);
    leadsTo(link, "traverse", this.link);
    link.addEventListener("click", () => this.drawing?.release(true), { capture: true });
    const arrived = () => {
      if (root.isConnected) this.catchUp();
      else encoderShelf.listeners.delete(arrived);
    };
    encoderShelf.listeners.add(arrived);
  }

  /** @param {Data} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    this.recalled = recall(this, data, fromAddress) ?? this.recalled;
    whenRun(this, { key: data.key }, (run) => {
      const other = run !== this.drawing?.run || this.recalled !== null;
      const drawing = this.open(run, data);
      const moved = follow(drawing, data);
      if (moved) this.clock.show(drawing.cursor.epoch);
      if (other) {
        this.field.redraw();
        this.catchUp();
      } else if (moved) this.show();
      this.root.removeAttribute("aria-busy");
    });
  }

  /** @param {LiveRun} run @param {Data} data @returns {Drawing} under this run */
  open(run, { centred, cursor }) {
    const { recalled } = this;
    this.recalled = null;
    if (this.drawing?.run === run) {
      if (recalled) this.take(this.drawing, recalled, cursor.start);
      return this.drawing;
    }
    const [rows, columns] = run.imageShape;
    this.root.style.setProperty("--shape", `${columns} / ${rows}`);
    this.field.open(run, centred);
    this.clock.open(run);
    this.drawing = new Drawing(this, run, cursor, this.drawing ?? { kept: null, owed: false });
    this.placeholder.textContent = `Write ${run.about.noun === "digit" ? "a digit" : "or paint"} here`;
    const options = [...new Set(run.labels)].map((label) => {
      const name = run.about.class_names[label];
      return make("option", "", cut(name), { value: label, title: name });
    });
    this.classes.replaceChildren(...options);
    if (recalled) this.take(this.drawing, recalled, cursor.start);
    this.showExamples(run);
    return this.drawing;
  }

  /** @returns {number|null} the class whose images are offered, null for the first */
  get shown() {
    return this.classes.selectedIndex > 0 ? Number(this.classes.value) : null;
  }

  /**
   * Take up a drawing: the one that was left here, or what the address asks for.
   * @param {Drawing} drawing @param {{memory: Memory, asked: boolean}} recalled @param {Start} start of the cursor
   */
  take(drawing, { memory, asked }, { kind, index }) {
    const { field } = this;
    const [height, width] = drawing.run.imageShape;
    // Of a drawing that came with the cursor, from another page or another browser, there is only what the model saw.
    const pixels = memory.steps ? null : (memory.image ?? null);
    field.steps = pixels ? [{ kind: "image", pixels: toBase64(pixels), width, height }] : (memory.steps ?? []);
    const centre = pixels ? false : memory.centre;
    if (centre !== undefined) field.centre = centre;
    drawing.kept = asked && kind === "drawing" && index !== undefined ? index : (memory.number ?? null);
    if (memory.shown !== undefined && memory.shown !== null) this.classes.value = String(memory.shown);
    if (this.classes.selectedIndex < 0) this.classes.selectedIndex = 0;
    this.showExamples(drawing.run);
  }

  /** @param {LiveRun} run */
  showExamples(run) {
    const label = Number(this.classes.value);
    const positions = Array.from(run.labels.keys()).filter((position) => run.labels[position] === label);
    const buttons = positions.map((position) => {
      const name = `Test image ${run.indices[position]}, class ${run.about.class_names[label]}`;
      const says = `Start from ${name.toLowerCase()}`;
      const button = make("button", "", "", { type: "button", "aria-label": says, title: name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, run.imageShape).draw(run.image(position), 1);
      button.append(canvas);
      button.onclick = () => this.field.copy(run.image(position));
      return button;
    });
    this.examples.replaceChildren(...buttons);
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.root.isConnected) this.show();
    });
  }

  /** The drawing, what follows from it, and what can be done with it. */
  show() {
    const { drawing, field } = this;
    if (!drawing) return;
    drawing.show();
    const empty = drawing.results.isEmpty();
    this.placeholder.hidden = !empty;
    const steps = field.steps.length > 0 || field.pen.stroke !== null;
    disable(this.undo, steps ? "" : "There is no step yet that could be taken back.");
    disable(this.clear, empty ? "There is nothing to clear." : "");
  }

  /** The drawing rests. */
  settle() {
    this.show();
    this.drawing?.settle();
  }

  /** A run or its encoders have come. */
  catchUp() {
    this.show();
    this.drawing?.catchUp();
  }
}

export default liveComponent(".draw", Draw);
