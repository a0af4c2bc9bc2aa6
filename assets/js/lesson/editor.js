/** A lesson as a person makes it: steps from where they stand, in an order, with titles and sentences. */

import { finder, make } from "../shared/elements.js";
import { save } from "../shared/files.js";
import { here } from "./here.js";

/** @import { LessonData, LessonState, Step } from "./page.js" */

/**
 * @typedef {object} EditorListener
 * @property {(lesson: LessonState, step: number, open: boolean) => void} changed
 * @property {() => LessonState} noted the lesson with the notes on it
 * @property {() => void} copy
 * @property {() => void} keep in the run
 */

const UNNAMED_STEP = "A new step";

export class Editor {
  /** @param {HTMLElement} root @param {EditorListener} listener */
  constructor(root, listener) {
    this.find = finder(root);
    this.listener = listener;
    /** @type {LessonState} */
    this.lesson = { format: 1, title: "", steps: [] };
    this.step = 0;
    const { find } = this;
    find(".add").onclick = () => this.add();
    find(".retake").onclick = () => this.alter(here());
    find(".copy").onclick = () => listener.copy();
    find(".keep").onclick = () => listener.keep();
    find(".download").onclick = () => this.download();
    const [title, stepTitle] = [".lesson-title", ".step-title"].map((name) => find(name, HTMLInputElement));
    title.onchange = () =>
      title.value.trim() && listener.changed({ ...this.lesson, title: title.value.trim() }, this.step, false);
    stepTitle.onchange = () => stepTitle.value.trim() && this.alter({ title: stepTitle.value.trim() });
    const text = find(".step-text", HTMLTextAreaElement);
    text.onchange = () => this.alter({ text: text.value.trim() });
  }

  /**
   * @param {LessonState} lesson
   * @param {number} step
   * @param {string} kept how long changes are
   * @param {LessonData["run"]} run
   */
  show(lesson, step, kept, run) {
    const turned = step !== this.step;
    this.lesson = lesson;
    this.step = step;
    const { find } = this;
    const current = lesson.steps[step - 1];
    /** @param {HTMLInputElement|HTMLTextAreaElement} field @param {string} value */
    const fill = (field, value) => {
      if (turned || !field.matches(":focus")) field.value = value; // else it is being written
    };
    fill(find(".lesson-title", HTMLInputElement), lesson.title);
    fill(find(".step-title", HTMLInputElement), current?.title ?? "");
    fill(find(".step-text", HTMLTextAreaElement), current?.text ?? "");
    for (const name of ["label:has(.step-title)", "label:has(.step-text)", ".retake"]) find(name).hidden = !current;
    find(".keep").hidden = !run;
    find(".keep").textContent = run?.has_lesson ? "Replace this run’s lesson with it" : "Keep it in this run";
    find(".keep").title = run?.name ?? "";
    find(".kept").textContent = kept;
    this.list();
  }

  /** Anew, but for the focus, which stays on the button of the same kind at the step that was moved. */
  list() {
    const order = this.find(".order");
    const focused = order.querySelector(":focus");
    const before = focused instanceof HTMLElement ? focused.className : "";
    order.replaceChildren(...this.lesson.steps.map((step, place) => this.row(step, place)));
    if (!before) return;
    const row = order.children[Math.max(0, this.step - 1)];
    /** @type {HTMLElement|null|undefined} */
    const again = row?.querySelector(`.${before}`) ?? row?.querySelector("button");
    (again ?? this.find(".add")).focus();
  }

  /** @param {Step} step @param {number} place from 0 on */
  row(step, place) {
    const row = make("li");
    if (place === this.step - 1) row.setAttribute("aria-current", "step");
    const last = this.lesson.steps.length - 1;
    /** @param {string} name @param {string} text @param {string} label @param {() => void} act */
    const button = (name, text, label, act) => {
      const made = make("button", name, text, { type: "button", "aria-label": `${label}: ${step.title}` });
      made.onclick = act;
      return made;
    };
    const buttons = make("span", "buttons");
    if (place > 0) buttons.append(button("up", "↑", "Earlier", () => this.move(place, place - 1)));
    if (place < last) buttons.append(button("down", "↓", "Later", () => this.move(place, place + 1)));
    buttons.append(button("remove", "×", "Remove", () => this.remove(place)));
    row.append(make("span", "name", step.title, { title: step.title }), buttons);
    return row;
  }

  /** Keep the view that is on the page as a step behind the present one. */
  add() {
    const steps = [...this.lesson.steps];
    steps.splice(this.step, 0, { title: UNNAMED_STEP, text: "", ...here() });
    this.listener.changed({ ...this.lesson, steps }, this.step + 1, false);
    const title = this.find(".step-title", HTMLInputElement);
    title.focus();
    title.select();
  }

  /** @param {Partial<Step>} change of the present step */
  alter(change) {
    const steps = this.lesson.steps.map((step, place) => (place === this.step - 1 ? { ...step, ...change } : step));
    this.listener.changed({ ...this.lesson, steps }, this.step, false);
  }

  /** @param {number} from @param {number} to */
  move(from, to) {
    const steps = [...this.lesson.steps];
    steps.splice(to, 0, ...steps.splice(from, 1));
    this.listener.changed({ ...this.lesson, steps }, to + 1, to + 1 !== this.step);
  }

  /** @param {number} place */
  remove(place) {
    const steps = this.lesson.steps.toSpliced(place, 1);
    const step = Math.min(this.step > place + 1 ? this.step - 1 : this.step, steps.length);
    this.listener.changed({ ...this.lesson, steps }, step, place === this.step - 1 && step > 0);
  }

  download() {
    const lesson = this.listener.noted();
    const name = lesson.title
      .toLowerCase()
      .replaceAll("β", "beta")
      .replaceAll(/[^a-z0-9]+/g, "-");
    save(
      `${name.replaceAll(/^-+|-+$/g, "") || "lesson"}.json`,
      [`${JSON.stringify(lesson, null, 2)}\n`],
      "application/json",
    );
  }
}
