/**
 * The Draw page: what is written on a field becomes an image as the model's own, a code, a decoded image and neighbours.
 *
 * The drawing is a list of operations, so that a step can be taken back and the page is found as it was left. Encoders
 * and probe images come by way of encoders.js; everything is computed here, at every stroke.
 */

import { cut } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { follow } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { finder, make } from "../shared/elements.js";
import { encoderShelf } from "../shared/encoders.js";
import { Link, leadsTo } from "../shared/link.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { Drawing } from "./drawing.js";
import { Field } from "./field.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { LiveData } from "../shared/live.js" */
/** @import { SetStateValue } from "../shared/mounting.js" */
/** @import { Memory } from "./drawing.js" */

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
    this.remembered = false;
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
    this.classes.onchange = () => this.drawing && this.showExamples(this.drawing.run);
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
    whenRun(this, { key: data.key }, (run) => {
      const other = run !== this.drawing?.run;
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
  open(run, { centred, cursor, memory }) {
    if (this.drawing?.run === run) return this.drawing;
    const [rows, columns] = run.imageShape;
    this.root.style.setProperty("--shape", `${columns} / ${rows}`);
    this.field.open(run, centred);
    this.clock.open(run);
    this.drawing = new Drawing(this, run, cursor, this.drawing ?? { kept: null, owed: false });
    if (!this.remembered) this.remember(this.drawing, memory);
    this.placeholder.textContent = `Write ${run.about.noun === "digit" ? "a digit" : "or paint"} here`;
    const options = [...new Set(run.labels)].map((label) => {
      const name = run.about.class_names[label];
      return make("option", "", cut(name), { value: label, title: name });
    });
    this.classes.replaceChildren(...options);
    this.showExamples(run);
    return this.drawing;
  }

  /** Take up the drawing that was left here, once. @param {Drawing} drawing @param {Memory|null} memory */
  remember(drawing, memory) {
    this.remembered = true;
    if (!memory || this.field.steps.length) return;
    this.field.steps = memory.steps ?? [];
    this.field.centre = memory.centre ?? true;
    drawing.kept = memory.number;
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
