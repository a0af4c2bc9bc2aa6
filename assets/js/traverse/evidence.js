/** What is known of one dimension, unfolded below its slider: what was measured of it, and what a person calls it. */

import { number } from "../engine/numbers.js";
import { make } from "../shared/elements.js";
import { epochWords } from "../shared/epochs.js";
import { explain } from "../shared/terms.js";

/** @import { Dimension, Evidence as Found, Factor } from "../engine/meaning.js" */
/** @import { LiveRun } from "../engine/run.js" */

const LONGEST = 40; // characters of a name, as bvae/runs keeps it
const LEAST_OF_CLASS = 0.1; // of what there is to tell of the class; less is not told
const ENOUGH = 1; // standard deviations that a factor must change for a name

const FACTORS = /** @type {Factor[]} */ (["thickness", "slant", "width", "height", "length", "area"]);
const REGIMES = {
  active: "It is [active](#active): of every image it tells something.",
  mixed: "It is [mixed](#mixed)",
  passive: "It is [passive](#active): for every image its [posterior](#posterior) is all but the [prior](#prior).",
};

/**
 * What a person is told of a dimension, and what was asked of it.
 * @typedef {{named: (dimension: number, name: string) => void, closed: (dimension: number) => void}} EvidenceListener
 */

/** @param {number|undefined} value @param {number} [digits] @returns {string} with its sign */
const signed = (value, digits = 1) =>
  value === undefined ? "–" : `${value > 0 ? "+" : ""}${number(value, digits)}`.replace(/^\+(0\.?0*)$/, "$1");

export class Evidence {
  /** @param {LiveRun} run @param {EvidenceListener} listener */
  constructor(run, listener) {
    this.run = run;
    this.listener = listener;
    this.readOnly = "";
    /** @type {number|null} the dimension that it tells of */
    this.dimension = null;
    this.root = make("section", "evidence");
    this.title = make("h3");
    this.words = make("p");
    this.table = make("table");
    this.field = make("input", "", "", { maxlength: LONGEST, autocomplete: "off", spellcheck: "false" });
    this.form = make("form");
    this.note = make("p", "note");
    this.close = make("button", "close", "Close", { type: "button" });
    const label = make("label", "", "Call it ");
    label.append(this.field);
    this.form.append(label, make("button", "", "Keep"));
    const top = make("div", "line");
    top.append(this.title, this.close);
    this.root.append(top, this.words, this.table, this.form, this.note);
    this.close.onclick = () => this.hide();
    this.root.onkeydown = (event) => {
      if (event.key === "Escape") this.hide();
    };
    this.form.onsubmit = (event) => {
      event.preventDefault();
      if (this.dimension !== null) listener.named(this.dimension, this.field.value.trim());
    };
  }

  /** Unfold it below a row, or fold it away where it is unfolded already. @param {number} dimension @param {HTMLElement} row @param {number} epoch */
  toggle(dimension, row, epoch) {
    if (this.dimension === dimension) {
      this.hide();
      return;
    }
    this.dimension = dimension;
    row.after(this.root);
    this.field.value = "";
    this.show(epoch);
    this.close.focus({ preventScroll: true });
  }

  hide() {
    const { dimension } = this;
    if (dimension === null) return;
    this.dimension = null;
    this.root.remove();
    this.listener.closed(dimension);
  }

  /** Tell what is known at an epoch. @param {number} epoch */
  show(epoch) {
    const { dimension, run } = this;
    if (dimension === null) return;
    const { meaning, about } = run;
    const { at } = epochWords(about, epoch);
    const yours = meaning.names[dimension];
    const measured = meaning.measuredName(epoch, dimension).text;
    const known = meaning.dimension(epoch, dimension);
    this.title.textContent = `z${dimension}${yours || measured ? ` · ${yours || measured}` : ""}`;
    if (yours) this.title.append(" ", make("small", "", measured ? `yours; measured: ${measured}` : "yours"));
    const regime = known?.regime ? ` ${regimeWords(known)}` : "";
    const found = known?.evidence;
    const moved = found?.effects && Object.keys(found.effects).length > 0;
    let words = `Nothing has been measured of it${at} yet.`;
    if (known) words = `It carries nothing: whatever its value, the picture stays as it is.${regime}`;
    if (found && moved) words = `${effectWords(dimension, found, about.noun)}${regime}`;
    explain(this.words, words);
    this.table.hidden = !moved;
    if (found && moved) this.showTable(found, epoch);
    this.form.hidden = this.readOnly !== "";
    if (document.activeElement !== this.field && !this.field.matches(":focus")) this.field.value = yours ?? "";
    this.field.placeholder = measured || `z${dimension}`;
    const back = measured ? "the measured name" : "the number alone";
    this.note.textContent = this.readOnly || `Enter keeps the name with the run; an empty one brings ${back} back.`;
  }

  /** @param {Found} found @param {number} epoch */
  showTable(found, epoch) {
    const { effects = {}, standard_errors: errors = {}, agreement = {}, per_unit: perUnit = {} } = found;
    const units = this.run.meaning.at(epoch)?.factors ?? {};
    const head = make("tr");
    head.append(make("td"));
    for (const text of ["change, in σ", "same way", "for one unit of z"]) {
      head.append(make("th", "", text, { scope: "col" }));
    }
    const rows = FACTORS.filter((factor) => effects[factor] !== undefined).map((factor) => {
      const effect = effects[factor] ?? 0;
      const row = make("tr", Math.abs(effect) >= ENOUGH ? "much" : "");
      const error = errors[factor];
      const bar = make("td", "effect", `${signed(effect)}${error === undefined ? "" : ` ± ${number(error)}`}`);
      bar.style.setProperty("--size", String(Math.min(1, Math.abs(effect) / 3)));
      const share = agreement[factor];
      const unit = units[factor]?.unit ?? "";
      const space = unit === "°" ? "" : "\u00a0";
      row.append(
        make("th", "", factor, { scope: "row" }),
        bar,
        make("td", "", share === undefined ? "–" : `${number(100 * share, 0)} %`),
        make("td", "", `${signed(perUnit[factor])}${unit && space + unit}`),
      );
      return row;
    });
    this.table.replaceChildren(head, ...rows);
  }
}

/** @param {Dimension} known @returns {string} which images use it, and what it tells of their classes */
function regimeWords({ regime = "passive", mixed_share: share, mutual_information: told }) {
  let words = REGIMES[regime];
  if (regime === "mixed") {
    const some = share === undefined ? "some images" : `${number(100 * share, 0)} % of the images`;
    words += `: of ${some} it tells something, and of the others nothing.`;
  }
  const ofClass = told?.class ?? 0;
  if (ofClass < LEAST_OF_CLASS) return words;
  return `${words} It tells ${number(100 * ofClass, 0)} % of what there is to tell of the class.`;
}

/**
 * What was done, and what it came to, in plain words.
 * @param {number} dimension @param {Found} found @param {string} noun what an image is called
 */
function effectWords(dimension, { factor, range, effects = {}, agreement = {}, specificity, images }, noun) {
  const from = range ? ` from ${number(range[0], 1)} to ${number(range[1], 1)}` : "";
  const where = images === undefined ? `many ${noun}s` : `${images.toLocaleString("en")} ${noun}s`;
  const done = `z${dimension} was moved${from} in ${where}, all else kept, and what was decoded was measured.`;
  const ranked = FACTORS.filter((each) => effects[each] !== undefined).sort(
    (a, b) => Math.abs(effects[b] ?? 0) - Math.abs(effects[a] ?? 0),
  );
  const most = factor ?? ranked[0];
  const size = `${number(Math.abs(effects[most] ?? 0), 1)} [standard deviations](#sigma) of the test images`;
  if (!factor)
    return `${done} None of the factors changes much, or the same way in all: the most is ${most}, by ${size}.`;
  const share = agreement[factor];
  const same = share === undefined ? "" : `, the same way in ${number(100 * share, 0)} % of them`;
  const of = specificity === undefined ? "" : ` Of all change, ${number(100 * specificity, 0)} % is that of ${factor}.`;
  return `${done} ${factor[0].toUpperCase()}${factor.slice(1)} changes by ${size}${same}.${of}`;
}
