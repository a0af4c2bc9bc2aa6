/**
 * The Draw page: what is written on a field becomes an image as the model's own, a code, a decoded image and neighbours.
 *
 * The drawing is a list of operations, so that a step can be taken back and the page is found as it was left. Encoders
 * and probe images come by way of encoders.js; everything is computed here, at every stroke.
 */

import { cut } from "../shared/classes.js";
import { Clock } from "../shared/clock.js";
import { Cursor, follow } from "../shared/cursor.js";
import { disable } from "../shared/disable.js";
import { make } from "../shared/elements.js";
import { Link, leadsTo } from "../shared/link.js";
import { encoderShelf } from "../shared/encoders.js";
import { live, liveComponent, whenRun } from "../shared/live.js";
import { Picture } from "../shared/pictures.js";
import { Field } from "./field.js";
import { Results } from "./results.js";

/** What tells one drawing from another: FNV-1a (Fowler, Noll and Vo) of its pixels, 29 bits of it. */
const numberOf = (pixels) => pixels.reduce((hash, pixel) => Math.imul(hash ^ pixel, 0x01000193), 0x811c9dc5 | 0) >>> 3;

class Draw {
  constructor(root) {
    this.root = root;
    this.run = null;
    this.cursor = null;
    this.revision = null;
    this.remembered = false;
    this.kept = null; // the number of the drawing that Python has
    this.owed = false; // the drawing shall be the cursor as soon as there is an encoder
    this.frame = 0;
    this.link = new Link(root);
    this.find = (selector) => root.querySelector(selector);
    this.field = new Field(root, { drawing: () => this.schedule(), drawn: () => this.settle() });
    this.results = new Results(root);
    const { find } = this;
    this.clock = new Clock(find(".clock"), {
      moved: (epoch, event) => {
        this.setEpoch(epoch);
        live.recordLatency(performance.now() - event.timeStamp);
      },
      released: () => this.release(),
    });
    find(".gallery select").onchange = () => this.showExamples();
    leadsTo(find(".to-sliders"), "traverse", this.link);
    find(".to-sliders").addEventListener("click", () => this.release(true), { capture: true });
    const arrived = () => {
      if (!root.isConnected) encoderShelf.listeners.delete(arrived);
      else if (this.run) this.catchUp();
    };
    encoderShelf.listeners.add(arrived);
  }

  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    whenRun(this, { key: data.key }, (run) => {
      const other = run !== this.run;
      if (other) this.openRun(run, data.centred);
      if (!this.remembered) this.remember(data.memory);
      const moved = follow(this, data);
      if (moved) {
        this.epoch = this.cursor.epoch;
        this.clock.show(this.epoch);
      }
      if (other) this.field.redraw();
      if (other) this.catchUp();
      else if (moved) this.show();
      this.root.removeAttribute("aria-busy");
    });
  }

  openRun(run, centred) {
    const { find } = this;
    this.run = run;
    const [rows, columns] = run.imageShape;
    this.root.style.setProperty("--shape", `${columns} / ${rows}`);
    this.field.open(run, centred);
    this.results.open(run);
    this.clock.open(run);
    find(".placeholder").textContent = `Write ${run.about.noun === "digit" ? "a digit" : "or paint"} here`;
    const { class_names: names } = run.about;
    const options = [...new Set(run.labels)].map((label) => make("option", "", cut(names[label]), { value: label, title: names[label] }));
    find(".gallery select").replaceChildren(...options);
    this.showExamples();
  }

  /** Take up the drawing that was left here, once. */
  remember(memory) {
    this.remembered = true;
    if (!memory || this.field.steps.length) return;
    this.field.steps = memory.steps ?? [];
    this.field.centre = memory.centre ?? true;
    this.kept = memory.number;
  }

  showExamples() {
    const { run } = this;
    const label = Number(this.find(".gallery select").value);
    const positions = Array.from(run.labels.keys()).filter((position) => run.labels[position] === label);
    const buttons = positions.map((position) => {
      const name = `Test image ${run.indices[position]}, class ${run.about.class_names[label]}`;
      const button = make("button", "", "", { type: "button", "aria-label": `Start from ${name.toLowerCase()}`, title: name });
      const canvas = make("canvas", "", "", { "aria-hidden": "true" });
      new Picture(canvas, run.imageShape).draw(run.image(position), 1);
      button.append(canvas);
      button.onclick = () => this.field.copy(run.image(position));
      return button;
    });
    this.find(".examples").replaceChildren(...buttons);
  }

  schedule() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        if (this.root.isConnected) this.show();
      });
    }
  }

  /** From the field to the code and all that follows from it. */
  show() {
    const { find, field, results } = this;
    results.show(field.image(), this.epoch);
    const empty = results.isEmpty();
    find(".placeholder").hidden = !empty;
    disable(find(".undo"), field.steps.length || field.stroke ? "" : "There is no step yet that could be taken back.");
    disable(find(".clear"), empty ? "There is nothing to clear." : "");
  }

  // The cursor ----------------------------------------------------------------------------------------------------

  /** The drawing rests: what follows from it is shown, its code is the cursor, and the page is remembered. */
  settle() {
    this.show();
    this.owed = !this.results.posterior && !this.results.isEmpty();
    this.keep(); // first, so that Python has the drawing when it hears of the cursor
    this.release(true);
  }

  /** A run or its encoders have come: do what a drawing was waiting for. */
  catchUp() {
    this.show();
    if (!this.results.posterior) return;
    // The run may have images of another size, and so the drawing.
    if (this.owed || (this.cursor.start.kind === "drawing" && !this.isCursor())) this.settle();
    else if (this.kept !== numberOf(this.results.image)) this.keep();
  }

  /** Have the page remembered, and the drawing kept for other pages. */
  keep() {
    this.kept = numberOf(this.results.image);
    const { steps, centre } = this.field;
    const memory = { steps, centre, image: Array.from(this.results.image), number: this.kept };
    this.link.send("memory", memory, this.run.key);
  }

  isCursor() {
    const { kind, index } = this.cursor.start;
    return kind === "drawing" && index === numberOf(this.results.image);
  }

  setEpoch(epoch) {
    const own = this.isCursor();
    this.epoch = epoch;
    this.clock.show(epoch);
    this.show();
    this.cursor = own && this.results.posterior ? this.ownCursor() : this.cursor.at(epoch);
  }

  ownCursor() {
    const z = Array.from(this.results.posterior.mean);
    const start = { kind: "drawing", index: numberOf(this.results.image) };
    return new Cursor(this.run, { z, epoch: this.epoch, start, keep: this.cursor.keep });
  }

  /** @param {boolean} [own] take the drawing's code for the cursor */
  release(own = false) {
    const { z, start } = this.cursor;
    const wiped = this.results.isEmpty() && start.kind === "drawing"; // no image is left that it set out from
    if (wiped) this.cursor = new Cursor(this.run, { ...this.cursor, start: { kind: "code", code: z } });
    else if (own && this.results.posterior) this.cursor = this.ownCursor();
    if (!own || wiped || this.results.posterior) this.cursor.tell(this.link);
  }
}

export default liveComponent(".draw", Draw);
