/** Compare: the comparisons that came along, and the runs beside each other on one cursor. */

import { make } from "../shared/elements.js";
import { listOf, listText, nearestEpoch, quote, shortDecimal } from "./address.js";
import { picker, slider } from "./controls.js";
import { prose } from "./prose.js";
import { MOST_RUNS, sidesOf } from "./sides.js";

/** @import { Parameters } from "../engine/address.js" */
/** @import { ComparisonTold, RunTold } from "./session.js" */
/** @import { Frame, Now, View } from "./views.js" */

const USUAL = 2; // beside the one that is looked at, before any are picked
const SLIDERS = 6; // sliders that are not folded away
const PART = "comparisons";
const EVERY = "*";

/** What is compared. at: the epoch, null for the last of each run. @typedef {{place: number, at: number|null}} Choice */

/** The picker of what is compared, the slider of its epoch, and what it comes to. */
class Comparisons {
  /** @param {Frame} frame @param {HTMLElement} home */
  constructor(frame, home) {
    this.frame = frame;
    const { site, memory } = frame.session;
    /** @type {Choice} */
    this.choice = { place: 0, at: null, .../** @type {Partial<Choice>|undefined} */ (memory.comparison) };
    /** @type {Record<string, Record<string, unknown>>|null} data by epoch, once they are unpacked */
    this.byEpoch = null;
    this.unpacking = false;
    this.selected = ""; // the run that all pages look at
    const labels = site.comparisons.map(({ label }, place) => /** @type {[string, string]} */ ([String(place), label]));
    this.what = picker("Compare", labels, (place) => this.set({ place: Number(place), at: null }));
    this.what.home.classList.add("wide");
    this.what.home.hidden = site.comparisons.length < 2;
    this.bar = home.appendChild(make("div", "controls"));
    this.bar.append(this.what.home);
    const [{ epochs = [] } = {}] = site.comparisons;
    this.epochs = [...epochs, null];
    const said = this.epochs.map((epoch) => (epoch === null ? "the last of each" : String(epoch)));
    this.at = slider(
      "At epoch",
      said,
      (place) => this.show(this.epochs[place]),
      () => this.set(this.choice),
    );
    this.bar.append(this.at.home);
    this.mounted = site.comparisons.length
      ? frame.mount("compare", home.appendChild(make("div", "component compare-room")), (state, run) =>
          this.told(state, run),
        )
      : null;
  }

  /** @returns {ComparisonTold|undefined} */
  get comparison() {
    return this.frame.session.site.comparisons[this.choice.place];
  }

  /** @param {Choice} choice */
  set(choice) {
    this.choice = choice;
    this.frame.session.memory.comparison = choice;
    this.frame.redraw();
  }

  /** @param {string} state @param {unknown} value */
  told(state, value) {
    const run = /** @type {{name?: unknown}} */ (value);
    if (state !== "opened" || typeof run.name !== "string") return;
    this.frame.session.takeRun(run.name);
    this.frame.go("traverse");
  }

  /** Compare what the address asks for, as pages/compare.py does, and as usual where it asks for nothing. @param {Parameters} asked */
  follow({ sweep, runs, at: text }) {
    const { site } = this.frame.session;
    const { comparisons } = site;
    const instead = comparisons.length ? ` Showing ${quote(comparisons[0].label, 60)}.` : "";
    let place = 0;
    if (sweep !== undefined) {
      place = comparisons.findIndex(({ address }) => address.sweep === sweep);
      if (place < 0) this.frame.session.miss(`There is no sweep named ${quote(sweep, 60)} in this page.${instead}`);
    } else if (runs !== undefined) {
      place = comparisons.findIndex(({ address }) => address.runs === EVERY);
      const names = site.runs.map(({ name }) => name);
      const wanted = runs === EVERY ? names : listOf(runs);
      const same = wanted.length === names.length && wanted.every((name) => names.includes(name));
      if (place < 0 || !same)
        this.frame.session.miss(`This page compares all of its runs, and no choice of them.${instead}`);
    }
    /** @type {Choice} */
    const choice = { place: Math.max(0, place), at: null };
    const epochs = comparisons[choice.place]?.epochs ?? [];
    const wanted = text === undefined ? null : shortDecimal(text);
    if (wanted && epochs.length) choice.at = nearestEpoch(wanted, epochs);
    if (text !== undefined && (wanted === null || choice.at !== wanted)) {
      const shown = choice.at === null ? "the last of each run" : `epoch ${choice.at}`;
      this.frame.session.miss(`The address asks for epoch ${quote(text)}, which is not here. Showing ${shown}.`);
    }
    this.choice = this.frame.session.memory.comparison = choice;
  }

  /** @returns {Parameters} */
  inAddress() {
    const { at } = this.choice;
    return { ...this.comparison?.address, ...(at === null ? {} : { at: String(at) }) };
  }

  /** @param {Now} now */
  draw({ told }) {
    this.selected = told.name;
    this.what.select.value = String(this.choice.place);
    this.at.home.hidden = !this.comparison?.epochs.length;
    this.bar.hidden = this.what.home.hidden && this.at.home.hidden;
    this.at.show(this.epochs.indexOf(this.choice.at));
    this.show(this.choice.at);
  }

  /** @param {number|null} epoch */
  show(epoch) {
    this.choice = { ...this.choice, at: epoch };
    const { comparison, byEpoch, selected } = this;
    const data = epoch === null ? comparison?.data : byEpoch?.[epoch];
    if (data) this.mounted?.draw({ ...data, selected });
    else if (comparison) this.unpack();
  }

  async unpack() {
    if (this.unpacking) return;
    this.unpacking = true;
    this.byEpoch = (await this.frame.holding.told(PART)) ?? {};
    this.show(this.choice.at);
  }
}

class Compare {
  /** @param {Frame} frame @param {HTMLElement} home */
  constructor(frame, home) {
    this.frame = frame;
    const { site } = frame.session;
    this.comparisons = new Comparisons(frame, home);
    this.beside = home.appendChild(make("section"));
    this.runs = this.beside.appendChild(make("fieldset", "control runs"));
    this.room = frame.mount("beside", this.beside.appendChild(make("div", "component")));
    this.shown = ""; // which runs are offered
    this.turn = 0;
    this.beside.hidden = site.runs.length < 2;
    const { texts } = site;
    this.beside.prepend(make("h3", "", texts.beside_title ?? "Runs beside each other"), ...prose(texts.beside ?? ""));
  }

  /** @param {Now} now */
  draw(now) {
    const { session } = this.frame;
    const asked = session.takeAsked();
    if (asked) {
      this.comparisons.follow(asked);
      this.follow(asked, now.told);
    }
    const beside = { beside: listText(this.picked(now.told).map(({ name }) => name)) };
    session.beside.beside = { ...this.comparisons.inAddress(), ...(session.site.runs.length > 1 ? beside : {}) };
    this.comparisons.draw(now);
    this.offer(now.told);
    this.standBeside(now.told);
  }

  /** Stand the runs beside it that the address asks for. @param {Parameters} asked @param {RunTold} told */
  follow({ beside }, told) {
    const { site, memory } = this.frame.session;
    if (beside === undefined) return;
    const names = listOf(beside);
    memory.beside_runs = names;
    const gone = names.filter((name) => !site.runs.some((run) => run.name === name)).slice(0, MOST_RUNS);
    const listed = gone.map((name) => quote(name, 60)).join(" or ");
    if (gone.length) this.frame.session.miss(`There is no run named ${listed} to stand beside ${told.name}.`);
  }

  /** @param {RunTold} told @returns {RunTold[]} the others that stand beside it, in the order in which they were picked */
  picked(told) {
    const { site, memory } = this.frame.session;
    const others = site.runs.filter((run) => run !== told);
    const names =
      /** @type {string[]|undefined} */ (memory.beside_runs) ?? others.slice(0, USUAL).map(({ name }) => name);
    return names.flatMap((name) => others.filter((run) => run.name === name)).slice(0, MOST_RUNS - 1);
  }

  /** @param {RunTold} told */
  offer(told) {
    const { session } = this.frame;
    const picked = this.picked(told).map(({ name }) => name);
    const shown = `${told.name} ${picked.join("\n")}`;
    if (shown === this.shown) return;
    const focused = this.runs.querySelector("input:focus")?.getAttribute("value");
    this.shown = shown;
    const boxes = session.site.runs
      .filter((run) => run !== told)
      .map(({ name }) => {
        const box = make("input", "", "", { type: "checkbox", value: name });
        box.checked = picked.includes(name);
        box.onchange = () => {
          session.memory.beside_runs = box.checked ? [...picked, name] : picked.filter((each) => each !== name);
          this.frame.redraw();
        };
        if (!box.checked && picked.length >= MOST_RUNS - 1) box.disabled = true;
        const label = make("label");
        label.append(box, make("span", "", name));
        return label;
      });
    const full = picked.length >= MOST_RUNS - 1 && boxes.length > picked.length ? ` (at most ${MOST_RUNS - 1})` : "";
    this.runs.replaceChildren(make("legend", "", `Beside the run in the sidebar${full}`), ...boxes);
    for (const box of this.runs.querySelectorAll("input")) if (box.value === focused) box.focus();
  }

  /** @param {RunTold} told */
  async standBeside(told) {
    const { frame } = this;
    const { holding, session } = frame;
    const turn = ++this.turn;
    const others = this.picked(told);
    this.room.root.host.toggleAttribute("hidden", !others.length);
    if (!others.length) return;
    await holding.give(told, "rest");
    for (const each of others) await holding.give(each, "head", "meaning");
    const { cursor } = session;
    const here = [told, ...others.filter((each) => holding.has(each, "head"))];
    if (turn !== this.turn || session.run !== told || !cursor) return;
    const runs = await sidesOf(frame, here, told, cursor);
    if (turn !== this.turn) return;
    this.room.draw(frame.data("beside", { runs, few: SLIDERS, factors: [], compact: false }));
    for (const each of here) if (session.page.path === "compare") await holding.give(each, "rest");
  }
}

/** @type {View} */
export function showCompare(frame, home) {
  const page = new Compare(frame, home);
  return (now) => page.draw(now);
}
