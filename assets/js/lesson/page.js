/**
 * A lesson: views of the pages in an order, each with a title and a few sentences. It stands below every page and covers
 * nothing; Next and Back open the views.
 */

import { finder, make } from "../shared/elements.js";
import { Link } from "../shared/link.js";
import { component } from "../shared/mounting.js";
import { Editor } from "./editor.js";
import { listenToTurns } from "./keys.js";
import { Notebook } from "./notes.js";
import { presenting } from "./presenting.js";
import { tell } from "./prose.js";

/** @import { SetStateValue } from "../shared/mounting.js" */

/**
 * @typedef {{title: string, text: string, page: string, address: Record<string, string>, notes?: string}} Step
 * @typedef {{format: 1, title: string, steps: Step[]}} LessonState see bvae/lessons.py
 */

/**
 * What it is sent; see pages/parts/lesson.py.
 * @typedef {object} LessonData
 * @property {string} name what the address calls the lesson
 * @property {LessonState} lesson
 * @property {number} step from 1 on, 0 of a lesson without steps
 * @property {number} revision raised whenever Python has chosen lesson or step by itself
 * @property {Record<string, number>} heard when that was said which Python has heard last, by state
 * @property {Record<string, string>} pages the titles of the pages, by what addresses call them
 * @property {boolean} may_edit whether it can be changed, if only for a while
 * @property {boolean} editing whether it is about to be
 * @property {string} kept how long changes are kept, a sentence
 * @property {{name: string, has_lesson: boolean}|null} run that is open and can hold a lesson
 * @property {string} problem what is wrong with the step that is shown, "" if nothing is
 */

class LessonBar {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = finder(root);
    this.link = new Link(root);
    this.notebook = new Notebook();
    /** @type {LessonData|null} */
    this.data = null;
    /** @type {LessonState} */
    this.lesson = { format: 1, title: "", steps: [] };
    this.step = 0;
    this.revision = -1; // that was taken last
    this.shown = ""; // what the bar says, as JSON
    this.editor = new Editor(root, {
      changed: (lesson, step, open) => this.change(lesson, step, open),
      noted: () => this.withNotes(),
      copy: () => this.say("copy", { lesson: this.withNotes(), step: this.step }),
      keep: () => this.say("keep", { lesson: this.withNotes(), run: this.data?.run?.name }),
    });
    const { find } = this;
    find(".back").onclick = () => this.turn(-1);
    find(".next").onclick = () => this.turn(1);
    find(".again").onclick = () => this.open(this.step);
    find(".leave").onclick = () => {
      presenting.set(false);
      this.say("leave", {});
    };
    find(".present").onclick = () => presenting.set(!presenting.on);
    find(".fold").onclick = () => this.fold(!root.classList.contains("folded"));
    const more = find(".more");
    more.onclick = () => more.setAttribute("aria-expanded", String(root.classList.toggle("tooled")));
    find(".take-notes").onclick = () => this.unfold(".take-notes", ".notes");
    find(".edit").onclick = () => this.unfold(".edit", ".editor");
    const steps = find(".steps", HTMLSelectElement);
    steps.onchange = () => this.open(Number(steps.value));
    const notes = find(".notes textarea", HTMLTextAreaElement);
    notes.oninput = () => this.current && this.notebook.write(this.data?.name ?? "", this.current, notes.value);
    presenting.told = () => this.mark();
    listenToTurns(root, {
      turn: (by) => this.turn(by),
      present: (on) => presenting.set(on),
      presenting: () => presenting.on,
    });
  }

  /** @param {LessonData} data @param {SetStateValue} setStateValue */
  receive(data, setStateValue) {
    this.link.setStateValue = setStateValue;
    // What was done here since is still on its way, and comes after what Python has chosen.
    const ahead = ["lesson", "step"].some((state) => this.link.isAhead(state, data.heard[state]));
    const news = !ahead && data.revision !== this.revision;
    const another = data.name !== this.data?.name;
    this.data = data;
    if (news) {
      this.revision = data.revision;
      this.lesson = data.lesson;
      this.step = data.step;
      if (another)
        for (const [button, part] of [
          [".take-notes", ".notes"],
          [".edit", ".editor"],
        ])
          this.unfold(button, part, false);
      if (data.editing) this.unfold(".edit", ".editor", true);
    }
    this.show();
    this.mark();
    this.root.removeAttribute("aria-busy");
  }

  /** @returns {Step|undefined} the step that is shown */
  get current() {
    return this.lesson.steps[this.step - 1];
  }

  /** @param {string} state @param {object} value */
  say(state, value) {
    this.link.forget(state); // the same is said again, as of a step that is shown once more
    this.link.send(state, value);
  }

  /** @param {number} by */
  turn(by) {
    const step = this.step + by;
    if (step >= 1 && step <= this.lesson.steps.length) this.open(step);
  }

  /** Show a step, and have its view opened. @param {number} step */
  open(step) {
    this.step = step;
    this.fold(false);
    if (this.data) this.data = { ...this.data, problem: "" };
    this.show();
    this.say("step", { step });
  }

  /** @param {LessonState} lesson @param {number} step @param {boolean} open whether its view is opened */
  change(lesson, step, open) {
    this.lesson = lesson;
    this.step = step;
    this.show();
    this.say("lesson", { lesson: this.withNotes(), step, open });
  }

  /** @returns {LessonState} with what was noted, to be kept in a file */
  withNotes() {
    const steps = this.lesson.steps.map((step) => {
      const { notes: _, ...others } = step;
      const notes = this.notebook.of(this.data?.name ?? "", step);
      return notes ? { ...others, notes } : others;
    });
    return { ...this.lesson, steps };
  }

  /** @param {string} button @param {string} part @param {boolean} [open] */
  unfold(button, part, open = Boolean(this.find(part).hidden)) {
    this.find(part).hidden = !open;
    this.find(button).setAttribute("aria-expanded", String(open));
    if (open) this.fold(false);
  }

  /** @param {boolean} on */
  fold(on) {
    this.root.classList.toggle("folded", on);
    const button = this.find(".fold");
    button.setAttribute("aria-expanded", String(!on));
    button.textContent = on ? "Unfold" : "Fold";
  }

  mark() {
    const button = this.find(".present");
    button.setAttribute("aria-pressed", String(presenting.on));
    button.textContent = presenting.on ? "Leave full screen" : "Full screen";
    this.find(".edit").hidden = !this.data?.may_edit;
  }

  show() {
    const { find, lesson, step, current, data } = this;
    const shown = JSON.stringify([lesson, step, data?.name, data?.problem, data?.kept, data?.run]);
    if (!data || shown === this.shown) return;
    this.shown = shown;
    const count = lesson.steps.length;
    find(".called").textContent = lesson.title;
    const steps = find(".steps", HTMLSelectElement);
    const named = lesson.steps.map(({ title }, place) =>
      make("option", "", `${place + 1}. ${title}`, { value: place + 1 }),
    );
    steps.replaceChildren(...named);
    steps.value = String(step);
    steps.hidden = !count;
    find(".place").textContent = count ? `Step ${step} of ${count}` : "It has no steps yet.";
    find(".title").textContent = current?.title ?? "";
    tell(find(".text"), current?.text ?? "");
    const problem = find(".problem");
    problem.hidden = !data.problem;
    problem.textContent = data.problem;
    const notes = find(".notes textarea", HTMLTextAreaElement);
    notes.value = current ? this.notebook.of(data.name, current) : "";
    for (const name of [".again", ".take-notes", ".turns"]) find(name).hidden = !count;
    this.end(find(".back", HTMLButtonElement), step <= 1);
    this.end(find(".next", HTMLButtonElement), step >= count);
    find(".said").textContent = current ? `Step ${step} of ${count}: ${current.title}` : "";
    this.editor.show(lesson, step, data.kept, data.run);
  }

  /** Whether a button leads nowhere: the lesson ends there, which its place says. @param {HTMLButtonElement} button @param {boolean} nowhere */
  end(button, nowhere) {
    if (nowhere && button.matches(":focus")) this.find(".turns button:not(:focus)").focus();
    button.style.visibility = nowhere ? "hidden" : "";
  }
}

export default component(".lesson", LessonBar);
