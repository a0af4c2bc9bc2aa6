/** All figures of an epoch with what each asks; to read, to copy and to save. */

import { csvRow } from "../engine/csv.js";
import { number } from "../engine/numbers.js";
import { finder, make } from "../shared/elements.js";
import { provenance, save } from "../shared/files.js";
import { groupsOf, isValue } from "./words.js";

/** @import { LiveRun } from "../engine/run.js" */
/** @import { EpochFigures, Figure, Figures } from "../shared/meanings.js" */
/** @import { Row } from "./words.js" */

/** @param {Figure} figure @returns {string} with its uncertainty */
function valueWords(figure) {
  if (!isValue(figure)) return "–";
  const { value, standard_error: error } = figure;
  const digits = Math.abs(value) >= 20 ? 1 : 3;
  return `${number(value, digits)}${error === null || error === undefined ? "" : ` ± ${number(error, digits)}`}`;
}

export class Table {
  /** @param {HTMLElement} root @param {LiveRun} run */
  constructor(root, run) {
    this.run = run;
    const find = finder(root);
    this.groups = find(".groups");
    this.copied = find(".copied");
    this.buttons = /** @type {HTMLButtonElement[]} */ ([...find(".scores .buttons").querySelectorAll("button")]);
    for (const button of this.buttons) button.onclick = () => this.give(button.value);
    /** @type {Figures|null} */
    this.figures = null;
    this.epoch = run.last;
  }

  /** @param {Figures|null} figures @param {number} epoch */
  show(figures, epoch) {
    this.figures = figures;
    this.epoch = epoch;
    const record = figures?.epochs[epoch];
    this.copied.textContent = "";
    for (const button of this.buttons) button.hidden = !figures;
    if (!record) {
      const text = figures ? `Nothing was measured at epoch ${epoch}.` : "Nothing has been measured of this run yet.";
      this.groups.replaceChildren(make("p", "", text));
      return;
    }
    const parts = groupsOf(record).flatMap(({ title, rows, reason, note = "" }) => {
      const head = make("h3", "", title);
      if (reason) return [head, make("p", "", reason)];
      const list = make("dl");
      list.append(...rows.map((row) => this.make(row, record)));
      return note ? [head, list, make("p", "note", note)] : [head, list];
    });
    if (!parts.length) parts.push(make("p", "", `No score was measured at epoch ${epoch}.`));
    this.groups.replaceChildren(...parts);
  }

  /** @param {Row} row @param {EpochFigures} record @returns {HTMLElement} */
  make({ title, asks, figure, unit, share }, { split = "test", images }) {
    const made = make("div", "score");
    const value = make("dd", "value", `${valueWords(figure)}${unit && ` ${unit}`}`);
    made.append(make("dt", "", title), value);
    if (isValue(figure)) {
      const bar = make("dd", share ? "bar" : "bar none", "", { "aria-hidden": "true" });
      bar.style.setProperty("--share", String(Math.min(1, Math.max(0, figure.value))));
      const count = (figure.images ?? images)?.toLocaleString("en");
      const how = make("dd", "how note", count ? `${count} ${split} images` : "");
      if (figure.estimator) {
        const details = make("details");
        details.append(make("summary", "", count ? `${count} ${split} images; how` : "How"), figure.estimator);
        how.replaceChildren(details);
      }
      made.append(bar, make("dd", "asks", asks), how);
    } else {
      made.append(make("dd", "asks", figure.reason));
    }
    return made;
  }

  /** @param {string} what "copy", "csv" or "json" */
  give(what) {
    const { figures, epoch, run } = this;
    if (!figures) return;
    const name = `${run.about.name}-figures`;
    if (what === "copy") {
      const lines = rowsOf(figures.epochs[epoch], epoch).map((row) => row.join("\t"));
      navigator.clipboard.writeText([HEAD.join("\t"), ...lines].join("\n")).then(
        () => {
          this.copied.textContent = `The ${lines.length} figures of epoch ${epoch} are on the clipboard.`;
        },
        () => {
          this.copied.textContent = "The browser does not let the page write to the clipboard. Save a CSV instead.";
        },
      );
    } else if (what === "csv") {
      const rows = Object.entries(figures.epochs).flatMap(([each, record]) => rowsOf(record, Number(each)));
      save(`${name}.csv`, [HEAD, ...rows].map(csvRow), "text/csv");
    } else {
      const { run: whose, ...about } = provenance(run.about, epoch);
      const { epoch: _, ...where } = { run: whose, ...about };
      const names = Object.fromEntries(
        Object.keys(figures.epochs).map((each) => [
          each,
          run.about.order.toSorted((a, b) => a - b).map((dimension) => run.meaning.called(Number(each), dimension)),
        ]),
      );
      save(
        `${name}.json`,
        [JSON.stringify({ ...where, dimensions: names, epochs: figures.epochs }, null, 1)],
        "application/json",
      );
    }
  }
}

const HEAD = ["epoch", "figure", "value", "standard_error", "unit", "images", "split", "estimator"];

/** @param {EpochFigures|undefined} record @param {number} epoch @returns {(string|number)[][]} */
function rowsOf(record, epoch) {
  if (!record) return [];
  const { split = "test", images = "" } = record;
  /** @param {string} name @param {Figure} figure @param {string} unit */
  const row = (name, figure, unit) =>
    isValue(figure)
      ? [
          epoch,
          name,
          figure.value,
          figure.standard_error ?? "",
          unit,
          figure.images ?? images,
          split,
          figure.estimator ?? "",
        ]
      : [epoch, name, "", "", unit, "", split, figure.reason];
  const parts = /** @type {Record<string, Figure|number>} */ (record.decomposition ?? {});
  const spent = Object.entries(parts).flatMap(([name, figure]) =>
    typeof figure === "object" ? [row(name, figure, "nats")] : [],
  );
  return [
    ...spent,
    ...groupsOf(record).flatMap(({ rows }) => rows.map((each) => row(each.name, each.figure, each.unit))),
  ];
}
