/** Compare: the comparisons that came along, and the runs beside each other on one cursor. */

import { make } from "../shared/elements.js";
import { picker } from "./controls.js";
import { prose } from "./prose.js";
import { MOST_RUNS, sidesOf, USUAL_VIEW } from "./sides.js";

/** @import { RunTold } from "./session.js" */
/** @import { Frame, Now, View } from "./views.js" */

const USUAL = 2; // beside the one that is looked at, before any are picked
const SLIDERS = 6; // sliders that are not folded away

class Compare {
  /** @param {Frame} frame @param {HTMLElement} home */
  constructor(frame, home) {
    this.frame = frame;
    const { site, memory } = frame.session;
    this.choice = picker(
      "Compare",
      site.comparisons.map(({ label }, place) => [String(place), label]),
      (place) => {
        memory.comparison = Number(place);
        frame.redraw();
      },
    );
    this.choice.home.classList.add("wide");
    const bar = home.appendChild(make("div", "controls"));
    bar.append(this.choice.home);
    bar.hidden = site.comparisons.length < 2;
    this.mounted = site.comparisons.length
      ? frame.mount("compare", home.appendChild(make("div", "component compare-room")), (state, run) =>
          this.told(state, run),
        )
      : null;
    this.beside = home.appendChild(make("section"));
    this.runs = this.beside.appendChild(make("fieldset", "control runs"));
    this.room = frame.mount("beside", this.beside.appendChild(make("div", "component")));
    this.shown = ""; // which runs are offered
    this.turn = 0;
    this.beside.hidden = site.runs.length < 2;
    const { texts } = site;
    this.beside.prepend(make("h3", "", texts.beside_title ?? "Runs beside each other"), ...prose(texts.beside ?? ""));
  }

  /** @param {string} state @param {unknown} value */
  told(state, value) {
    const run = /** @type {{name?: unknown}} */ (value);
    if (state !== "opened" || typeof run.name !== "string") return;
    this.frame.session.takeRun(run.name);
    this.frame.go("traverse");
  }

  /** @param {Now} now */
  draw({ told }) {
    const { session } = this.frame;
    const { comparisons } = session.site;
    const place = Number(session.memory.comparison ?? 0);
    this.choice.select.value = String(place);
    this.mounted?.draw({ ...(comparisons[place] ?? comparisons[0]).data, selected: told.name });
    this.offer(told);
    this.standBeside(told);
  }

  /** @param {RunTold} told @returns {RunTold[]} the others that stand beside it */
  picked(told) {
    const { site, memory } = this.frame.session;
    const others = site.runs.filter((run) => run !== told);
    const names =
      /** @type {string[]|undefined} */ (memory.beside_runs) ?? others.slice(0, USUAL).map(({ name }) => name);
    return others.filter(({ name }) => names.includes(name)).slice(0, MOST_RUNS - 1);
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
    const view = session.memory.beside ?? USUAL_VIEW;
    this.room.draw(frame.data("beside", { runs, few: SLIDERS, factors: [], view, view_revision: 0, compact: false }));
    for (const each of here) if (session.page.path === "compare") await holding.give(each, "rest");
  }
}

/** @type {View} */
export function showCompare(frame, home) {
  const page = new Compare(frame, home);
  return (now) => page.draw(now);
}
